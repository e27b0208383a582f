// A handler for AWS Lambda: { query, passages, topN } in, the order out. Packed by lambda.sh.
import { createReranker } from '@secondpass/core'

// Once for each environment, so that only its first call loads the model.
const reranker = createReranker()

/** @param {{ query: string, passages: string[], topN?: number }} event */
export async function handler({ query, passages, topN = 5 }) {
  const { results } = await reranker.rerank(query, passages, { topN })
  return results.map(({ index, score }) => ({ index, score }))
}
