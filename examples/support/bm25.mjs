// @ts-check
/**
 * A first stage for the examples: BM25 over a handful of passages held in memory.
 *
 * It stands in for the search you already have (a vector store, Elasticsearch, Postgres…). It has no stemming, no index
 * and no tuning, and is not part of the published packages.
 */
import { bm25, createReranker } from '@secondpass/core'

/** The English stop words that Lucene leaves out by default. */
const stopWords = new Set(
  'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(
    ' ',
  ),
)

// How fast a repeated word stops counting, and how much a long passage is held back: Anserini's values.
const search = createReranker({ scorer: bm25({ k1: 0.9, b: 0.4, words }), depth: Infinity })

/**
 * Ranks passages by the words they share with the question.
 *
 * @template {{ text: string }} P
 * @param {string} question
 * @param {readonly P[]} passages what to rank; not changed. Only `text` is read.
 * @returns {Promise<(P & { score: number })[]>} copies of all passages with their BM25 `score`, best first; equal scores
 *   keep the order of the input
 */
export async function rankByKeywords(question, passages) {
  const { results } = await search.rerank(question, passages, { topN: passages.length })
  return results.map(({ index, score = 0 }) => ({ .../** @type {P} */ (passages[index]), score }))
}

/** Lower-case words of a text without the stop words. */
function words(/** @type {string} */ text) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !stopWords.has(word))
}
