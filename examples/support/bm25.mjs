/**
 * A first stage for the examples: BM25 over a handful of passages held in memory.
 *
 * It stands in for the search you already have (a vector store, Elasticsearch, Postgres…). It has no stemming, no index
 * and no tuning, and is not part of the published packages.
 */

/** How fast a repeated word stops counting, and how much a long passage is held back (Anserini's values). */
const saturation = 0.9
const lengthWeight = 0.4

/** The English stop words that Lucene leaves out by default. */
const stopWords = new Set(
  'a an and are as at be but by for if in into is it no not of on or such that the their then there these they this to was will with'.split(
    ' ',
  ),
)

/**
 * Ranks passages by the words they share with the question.
 *
 * @template {{ text: string }} P
 * @param {string} question
 * @param {readonly P[]} passages what to rank; not changed. Only `text` is read.
 * @returns {(P & { score: number })[]} copies of all passages with their BM25 `score`, best first; equal scores keep
 *   the order of the input
 */
export function rankByKeywords(question, passages) {
  const documents = passages.map((passage) => words(passage.text))
  const totalLength = documents.reduce((sum, document) => sum + document.length, 0)
  const averageLength = totalLength / documents.length || 1
  const queryWords = [...new Set(words(question))]
  const rarity = new Map(queryWords.map((word) => [word, inverseFrequency(word, documents)]))

  const scoreOf = (/** @type {string[]} */ document) => {
    let score = 0
    for (const word of queryWords) {
      const count = document.filter((other) => other === word).length
      const norm = saturation * (1 - lengthWeight + (lengthWeight * document.length) / averageLength)
      score += ((rarity.get(word) ?? 0) * count) / (count + norm)
    }
    return score
  }
  return passages
    .map((passage, index) => ({ ...passage, score: scoreOf(documents[index] ?? []) }))
    .sort((left, right) => right.score - left.score)
}

/** How much a word tells: near zero when every document has it. */
function inverseFrequency(/** @type {string} */ word, /** @type {string[][]} */ documents) {
  const having = documents.filter((document) => document.includes(word)).length
  return Math.log(1 + (documents.length - having + 0.5) / (having + 0.5))
}

/** Lower-case words of a text without the stop words. */
function words(/** @type {string} */ text) {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !stopWords.has(word))
}
