import { Document } from '@langchain/core/documents'
import { MockLanguageModelV3 } from 'ai/test'
import * as aiSdk from '../../../packages/ai-sdk/src/index.ts'
import * as langchain from '../../../packages/langchain/src/index.ts'
import * as llamaindex from '../../../packages/llamaindex/src/index.ts'
import { scorerOf } from '../fake-scorer.ts'
import type { Rows } from './core-rows.ts'
import type { LongInput } from './exponent.ts'
import { longTexts, passages } from './texts.ts'

const scorer = scorerOf((_query, texts) => texts.map((text) => text.length % 7))
const documents = (size: number): Document[] => passages(size).map((pageContent) => new Document({ pageContent }))
const compressor = new langchain.RerankCompressor({ scorer, depth: Infinity })
const generate = langchain.generateWith({ invoke: async (prompt) => ({ content: [{ type: 'text', text: prompt }] }) })
const complete = llamaindex.generateWith({ complete: async ({ prompt }) => ({ text: prompt }) })
/** Answers with its prompt, which is as long as what is measured. */
const echo = aiSdk.generateWith(
  new MockLanguageModelV3({
    async doGenerate({ prompt }) {
      const [message] = prompt
      return {
        content: message?.role === 'user' ? message.content.filter((part) => part.type === 'text') : [],
        finishReason: { unified: 'stop', raw: undefined },
        usage: {
          inputTokens: { total: 1, noCache: 1, cacheRead: 0, cacheWrite: 0 },
          outputTokens: { total: 1, text: 1, reasoning: 0 },
        },
        warnings: [],
      }
    },
  }),
)
const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, maxAnswerTokens: 8 }

const prompts = (ask: typeof generate): LongInput[] => [
  {
    name: 'a prompt',
    make: (size) => {
      const prompt = (longTexts['words'] as (size: number) => string)(size)
      return () => ask(prompt, call)
    },
  },
]

/** Called as the AI SDK does. */
const rerank = (values: string[] | { body: string }[]): (() => PromiseLike<unknown>) => {
  const model = aiSdk.secondpass.reranking(scorer)
  const asked = { type: typeof values[0] === 'string' ? 'text' : 'object', values } as never
  return () => model.doRerank({ documents: asked, query: 'the lamp' })
}

export const aiSdkRows: Rows = {
  generateWith: prompts(echo),
  createSecondpass: 'what it makes is below',
  secondpass: [
    { name: 'many documents', make: (size) => rerank(passages(size)) },
    { name: 'many objects', make: (size) => rerank(passages(size).map((body) => ({ body }))) },
    ...Object.entries(longTexts).map(([kind, text]): LongInput => ({
      name: `an object: ${kind}`,
      make: (size) => rerank([{ body: text(size) }]),
    })),
  ],
}

export const langchainRows: Rows = {
  RerankCompressor: [
    {
      name: 'many documents',
      make: (size) => {
        const given = documents(size)
        return () => compressor.compressDocuments(given, 'the lamp')
      },
    },
  ],
  RerankRetriever: [
    {
      name: 'many documents',
      make: (size) => {
        const found = documents(size).map((document, at): [Document, number] => [document, 1 / (at + 1)])
        const search = { similaritySearchWithScore: async () => found }
        const retriever = new langchain.RerankRetriever({
          vectorStore: search,
          scorer,
          k: size,
          depth: Infinity,
        } as never)
        return () => retriever.invoke('the lamp')
      },
    },
  ],
  generateWith: prompts(generate),
}

export const llamaindexRows: Rows = {
  RerankPostprocessor: [
    {
      name: 'many nodes',
      make: (size) => {
        const nodes = passages(size).map((text, at) => ({ node: { getContent: () => text }, score: 1 / (at + 1) }))
        const postprocessor = new llamaindex.RerankPostprocessor({ scorer, depth: Infinity })
        return () => postprocessor.postprocessNodes(nodes, 'the lamp')
      },
    },
  ],
  generateWith: prompts(complete),
}
