/** What `secondpass init` knows to write for. */
export const kinds = ['plain', 'langchain', 'llamaindex', 'ai-sdk', 'nextjs'] as const
export type Kind = (typeof kinds)[number]

/** A file to begin with. */
export interface Template {
  /** Where it goes, below the folder of the project, without its ending. */
  readonly path: string
  /** The packages that it needs. */
  readonly packages: readonly string[]
  readonly text: string
  /** What is left to do by hand, a line each. */
  readonly steps: readonly string[]
}

const OPTIONS = `topN: 5, // as many as go into the prompt
  deadlineMs: 2000, // when it passes, the order reached so far comes back
  onError: 'keep-order', // a scorer that fails costs the order, not the answer`

/**
 * A working file for a framework.
 *
 * @param isTyped TypeScript; else the same in JavaScript
 */
export function templateFor(kind: Kind, isTyped: boolean): Template {
  const template = templates[kind]
  return { ...template, text: isTyped ? template.text.replace(/[⟨⟩]/g, '') : template.text.replace(/⟨[^⟩]*⟩/g, '') }
}

/** What stands between ⟨ and ⟩ is a type: it is left out in JavaScript, so that one text is both. */
const templates: Readonly<Record<Kind, Template>> = {
  plain: {
    path: 'rerank',
    packages: ['@secondpass/core'],
    steps: ['Call rerank() between your search and your prompt: search for 50 passages, and hand on what comes back.'],
    text: `import { createReranker } from '@secondpass/core'

/** One for the process: it loads the model once, with the first question. */
export const reranker = createReranker({
  ${OPTIONS}
})

⟨/** What your search finds; whatever else is in it comes back with it. */
export interface Passage {
  readonly text: string
  readonly score?: number
}

⟩/** Puts the passages that answer the question on top. Each passage needs a text; a score of your search helps. */
export async function rerank(question⟨: string⟩, passages⟨: readonly Passage[]⟩)⟨: Promise<Passage[]>⟩ {
  const { results } = await reranker.rerank(question, passages)
  return results.map(({ candidate }) => candidate)
}
`,
  },
  langchain: {
    path: 'rerank-retriever',
    packages: ['@secondpass/langchain', '@langchain/core'],
    steps: ['Put withReranking(vectorStore) where vectorStore.asRetriever() was.'],
    text: `import { RerankRetriever } from '@secondpass/langchain'
⟨import type { VectorStore } from '@langchain/core/vectorstores'
⟩
/** Finds 50 documents and hands on the five that answer the question. Made once for each vector store. */
export function withReranking(vectorStore⟨: VectorStore⟩)⟨: RerankRetriever⟩ {
  return new RerankRetriever({
    vectorStore,
    k: 50, // search wide
    ${OPTIONS.replaceAll('\n  ', '\n    ')}
  })
}
`,
  },
  llamaindex: {
    path: 'rerank-postprocessor',
    packages: ['@secondpass/llamaindex'],
    steps: ['index.asQueryEngine({ similarityTopK: 50, nodePostprocessors: [reranking] })'],
    text: `import { RerankPostprocessor } from '@secondpass/llamaindex'

/** For the nodePostprocessors of a query engine that finds 50 nodes. */
export const reranking = new RerankPostprocessor({
  ${OPTIONS}
})
`,
  },
  'ai-sdk': {
    path: 'rerank',
    packages: ['@secondpass/ai-sdk', 'ai'],
    steps: ['Call rerankDocuments() between your search and generateText().'],
    text: `import { rerank } from 'ai'
import { secondpass } from '@secondpass/ai-sdk'

/** The model that comes in the package; loaded once, with the first question. */
const model = secondpass.reranking('bundled', {
  deadlineMs: 2000, // when it passes, the order reached so far comes back
  onError: 'keep-order', // a scorer that fails costs the order, not the answer
})

/** The five documents that answer the question, best first. */
export async function rerankDocuments(query⟨: string⟩, documents⟨: string[]⟩)⟨: Promise<string[]>⟩ {
  const { rerankedDocuments } = await rerank({ model, query, documents, topN: 5 })
  return rerankedDocuments
}
`,
  },
  nextjs: {
    path: 'app/api/rerank/route',
    packages: ['@secondpass/core'],
    steps: [
      "next.config: serverExternalPackages: ['@secondpass/core'] (the model's native code stays outside the bundle)",
      'POST { "query": "…", "documents": ["…"] } to /api/rerank; or move the reranker to where your search is.',
    ],
    text: `import { createReranker } from '@secondpass/core'

/** Native code does not run at the edge. */
export const runtime = 'nodejs'

/** One for the process: it loads the model once, with the first question. */
const reranker = createReranker({
  ${OPTIONS}
})

export async function POST(request⟨: Request⟩)⟨: Promise<Response>⟩ {
  const body = await request.json().catch(() => undefined) // what is no JSON is refused below
  const { query, documents } = ⟨(⟩body ?? {}⟨) as { query?: unknown; documents?: unknown }⟩
  const isText = (value⟨: unknown⟩)⟨: value is string⟩ => typeof value === 'string'
  if (!isText(query) || query.trim() === '' || !Array.isArray(documents) || !documents.every(isText)) {
    return Response.json({ error: 'send { "query": "…", "documents": ["…"] }' }, { status: 400 })
  }
  const { results } = await reranker.rerank(query, documents, { signal: request.signal })
  const found = results.map(({ index, score, candidate }) => ({ index, score, text: candidate.text }))
  return Response.json({ results: found })
}
`,
  },
}
