// @ts-check
// The reranker behind a vector search of Mastra: as the scorer of Mastra's own reranking, and as one of whole lists.
// npm install @secondpass/core @secondpass/mastra @mastra/rag@2.6.4 @mastra/core@1.71.0 zod@4
// Node.js 22
import { rerankWithScorer } from '@mastra/rag'
import { createReranker } from '@secondpass/core'
import { RelevanceScorer, rerankResults } from '@secondpass/mastra'
import { passages } from '../passages.mjs'
import { wordVector } from '../support/word-vector.mjs'

const question = 'What happens if my credit card expires?'
const results = vectorSearch(question, 20)
const reranker = createReranker()

// 1. Mastra weighs three numbers and lets the model decide alone here. The same object goes into the reranker of
// createVectorQueryTool: { model: scorer, options: { weights, topK } }.
const scorer = new RelevanceScorer({ reranker })
const weights = { semantic: 1, vector: 0, position: 0 }
print('rerankWithScorer', await rerankWithScorer({ results, query: question, scorer, options: { weights, topK: 3 } }))

// 2. The list as one, with the similarities as first-stage scores, so that the model's order and theirs are blended.
print('rerankResults', await rerankResults(reranker, { query: question, results, topK: 3 }))

await reranker.close()

/**
 * Stands in for the query() of a vector store of Mastra, and counts words instead of embedding them.
 *
 * @param {string} query
 * @param {number} topK
 */
function vectorSearch(query, topK) {
  const asked = wordVector(query)
  const found = passages.map(({ id, title, text }) => {
    const score = wordVector(text).reduce((sum, value, at) => sum + value * /** @type {number} */ (asked[at]), 0)
    return { id, score, metadata: { title, text } }
  })
  return found.sort((left, right) => right.score - left.score).slice(0, topK)
}

/**
 * @param {string} heading
 * @param {{ score: number, result: { metadata?: Record<string, any> } }[]} found
 */
function print(heading, found) {
  console.log(heading)
  for (const { score, result } of found) console.log(`  ${score.toFixed(3)}  ${result.metadata?.title}`)
}
