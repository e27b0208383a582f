/** What the peers are asked: sweeps over lengths, candidates, cores and sizes of models. */
import { candidateSets, profiles } from '../candidates.mjs'
import { inventedTopic } from './invented.mjs'
import { seededRandom } from './random.mjs'
import { cutToTokens, pairLength } from './texts.mjs'

/**
 * @typedef {object} PeerCase
 * @property {string} sweep
 * @property {string} at its place in the sweep
 * @property {string} model one of {@link models}
 * @property {number} threads and cores
 * @property {{ query: string, texts: string[], tokens: number[] }[]} sets one for each question
 * @property {number} candidates of each question
 * @property {boolean} isUsual whether peers that are not asked everything are asked this
 */

/** By layers of 384, and XLM-R in its base size, which has no lean graph of ours: stock against stock in our engine. */
export const models = { l2: 2, l4: 4, stock: 6, l12: 12, 'xlm-r-base': 12 }

/** What can be asked for. */
export const sweeps = [...Object.keys(profiles), 'candidates', 'tokens', 'passages', 'cores', 'models']

/**
 * @param {string} sweep
 * @param {{ queries: number, text?: string, most: number }} options `most` candidates
 * @returns {PeerCase[]}
 */
export function casesOf(sweep, { queries, text, most }) {
  const make = (at, sets, more = {}) => {
    const usual = { model: 'stock', threads: 1, isUsual: true }
    return { sweep, at: String(at), sets, candidates: sets[0].texts.length, ...usual, ...more }
  }
  const profile = (name, size = 100) => candidateSets(name, { queries, size, ...(text && { text }) })
  if (Object.hasOwn(profiles, sweep)) return [make('100', profile(sweep), { isUsual: sweep !== 'mixed' })]
  if (sweep === 'candidates') {
    return [10, 100, 1000, 10_000].filter((size) => size <= most).map((size) => make(size, [poolOf(size, 64)]))
  }
  if (sweep === 'tokens') return [32, 64, 128, 256, 512].map((tokens) => make(tokens, [poolOf(32, tokens)]))
  if (sweep === 'passages') return [make('100 of 128', [poolOf(100, 128 + 17)])]
  if (sweep === 'cores') return [1, 2].map((threads) => make(threads, profile('mixed').slice(0, 1), { threads }))
  if (sweep === 'models') {
    return Object.keys(models).map((model) => make(model, profile('mixed', 20).slice(0, 1), { model }))
  }
  throw new Error(`--sweeps: there is no "${sweep}"; there are ${sweeps.join(', ')}`)
}

/** So many different passages of one length. */
function poolOf(/** @type {number} */ size, /** @type {number} */ length) {
  const random = seededRandom(size + length)
  const { query, paragraph } = inventedTopic(random, 0)
  // Prose is slow to make: from the two hundredth on, the same with another number before it.
  const prose = Array.from({ length: Math.min(size, 200) }, () => cutToTokens(query, paragraph(), length - 2))
  const texts = Array.from({ length: size }, (_, at) => `${at} ${prose[at % prose.length]}`)
  return { query, texts, tokens: size > 1000 ? texts.map(() => length) : texts.map((one) => pairLength(query, one)) }
}
