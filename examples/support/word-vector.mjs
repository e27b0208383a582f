// @ts-check
// A stand-in for an embedding model, for the examples: it counts words and knows nothing of their meaning.

const dimensions = 512

/**
 * How often each word of a text occurs, at a place that a hash of the word picks; damped, and of length 1.
 *
 * @param {string} text
 * @returns {number[]}
 */
export function wordVector(text) {
  const vector = new Array(dimensions).fill(0)
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []) vector[hash(word) % dimensions] += 1
  const damped = vector.map((count) => Math.log1p(count))
  const length = Math.hypot(...damped) || 1
  return damped.map((value) => value / length)
}

/**
 * Ranks passages by the cosine of their vectors and the question's: what a vector store does, without an index.
 *
 * @template {{ text: string }} P
 * @param {string} question
 * @param {readonly P[]} passages not changed. Only `text` is read.
 * @returns {Promise<(P & { score: number })[]>} copies of all passages with their similarity as `score`, best first
 */
export async function rankByVector(question, passages) {
  const asked = wordVector(question)
  const scored = passages.map((passage) => {
    const score = wordVector(passage.text).reduce((sum, value, at) => sum + value * (asked[at] ?? 0), 0)
    return { ...passage, score }
  })
  return scored.sort((left, right) => right.score - left.score)
}

/** FNV-1a, 32 bits. */
function hash(/** @type {string} */ word) {
  let state = 0x811c9dc5
  for (let at = 0; at < word.length; at += 1) state = Math.imul(state ^ word.charCodeAt(at), 0x01000193) >>> 0
  return state
}
