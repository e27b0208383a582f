// @ts-check
// A skip policy: when the search is sure of itself, the model is not asked. The search is a small BM25
// (support/bm25.mjs) that stands in for yours; the right margin depends on your search and your questions.
import { anyOf, clearMargin, createReranker, smallPool } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'

const reranker = createReranker({
  topN: 3,
  // Skip when the first result is ahead of the second by 2.5, or when there is nothing to choose from.
  skip: anyOf(clearMargin({ margin: 2.5, place: 2 }), smallPool({ size: 3 })),
})

for (const question of ['TD-4130', 'What happens if my credit card expires?']) {
  const { results, report } = await reranker.rerank(question, await rankByKeywords(question, passages))
  const [stage] = report.stages
  console.log(`${question}\n  ${stage?.outcome}: ${why(stage)}`)
  for (const { rank, candidate } of results) console.log(`  ${rank}. ${candidate.title}`)
}

await reranker.close()

/** @param {import('@secondpass/core').StageReport | undefined} stage */
function why(stage) {
  if (stage?.skipReason === undefined) return `${stage?.stats.runs} pairs read by the model`
  const { policy, evidence } = stage.skipReason
  const found = Object.entries(evidence).map(
    ([name, value]) => `${name} ${typeof value === 'number' ? +value.toFixed(2) : value}`,
  )
  return `${policy} (${found.join(', ')})`
}
