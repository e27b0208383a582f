import { createReranker } from '@secondpass/core'

/** Native code does not run at the edge. */
export const runtime = 'nodejs'

/** One for the process: it loads the model once, with the first question. */
const reranker = createReranker({
  topN: 5, // as many as go into the prompt
  deadlineMs: 2000, // when it passes, the order reached so far comes back
  onError: 'keep-order', // a scorer that fails costs the order, not the answer
})

export async function POST(request: Request): Promise<Response> {
  const body = await request.json().catch(() => undefined) // what is no JSON is refused below
  const { query, documents } = (body ?? {}) as { query?: unknown; documents?: unknown }
  const isText = (value: unknown): value is string => typeof value === 'string'
  if (!isText(query) || query.trim() === '' || !Array.isArray(documents) || !documents.every(isText)) {
    return Response.json({ error: 'send { "query": "…", "documents": ["…"] }' }, { status: 400 })
  }
  const { results } = await reranker.rerank(query, documents, { signal: request.signal })
  const found = results.map(({ index, score, candidate }) => ({ index, score, text: candidate.text }))
  return Response.json({ results: found })
}
