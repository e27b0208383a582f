/**
 * The ways to rerank that bench/cascade.mjs compares. A family with several settings (margins, depths) has its setting
 * chosen on other questions than it is judged on. The library does the work; the model's numbers come from one pass.
 */
import { candidatesOf } from '../quality/pools.mjs'
import { ndcgAt10 } from '../lib/ndcg.mjs'

/** @typedef {{ label: string, options: object }} Setting `options` are those of createReranker */
/** @typedef {{ name: string, settings: Setting[] }} Family */
/** @typedef {{ ndcg: number, tokens: number, ms: number, skipped: number }} Outcome of one question */

/** A scorer that gives known numbers, and counts what they cost. */
function knownScorer(id, known, pools, texts) {
  const byPair = new Map()
  for (const pool of pools) {
    const { logits, tokens, cpuMs } = known.get(pool.id)
    const ofQuery = new Map(
      pool.candidates.map(([key], at) => [texts[key], { logit: logits[at], tokens: tokens[at], ms: cpuMs[at] }]),
    )
    byPair.set(pool.query, ofQuery)
  }
  return {
    id,
    scope: 'pair',
    async score(query, wanted, call) {
      const pairs = wanted.map((text) => byPair.get(query).get(text))
      for (const counter of ['tokens', 'ms']) {
        call.stats[counter] = pairs.reduce((sum, pair) => sum + pair[counter], call.stats[counter] ?? 0)
      }
      return pairs.map(({ logit }) => logit)
    },
  }
}

/**
 * @param {{ core: object, full: Map<string, object>, first: Map<string, object> | undefined, firstName: string, loaded: object, blend: object | false }} input
 * @returns {Family[]} the first is no reranking, the second the single stage that all others are held against
 */
export function families({ core, full, first, firstName, loaded, blend }) {
  const { clearMargin } = core
  const model = knownScorer('model', full, loaded.pools, loaded.texts)
  const stage = (depth, more = {}) => ({ scorer: model, depth, blend, ...more })
  const one = (name, options) => ({ name, settings: [{ label: '', options }] })
  const list = [
    one('no reranking', { scorer: model, skip: () => ({ policy: 'never', evidence: {} }) }),
    ...[100, 50, 30, 20, 10].map((depth) => one(`single stage, depth ${depth}`, stage(depth))),
  ]
  for (const depth of [100, 50, 30]) {
    for (const k of [2, 3, 10]) {
      const settings = margins(loaded.pools, k).map((margin) => {
        const skip = clearMargin({ margin, k, relative: true })
        return { label: `margin ${margin.toFixed(3)}`, options: stage(depth, { skip }) }
      })
      list.push({ name: `clearMargin, k ${k}, depth ${depth}`, settings })
    }
  }
  if (first === undefined) return list
  const cheap = knownScorer(firstName, first, loaded.pools, loaded.texts)
  for (const head of [100, 50]) {
    const settings = [5, 10, 15, 20, 30].map((depth) => {
      const stages = [{ scorer: cheap, depth: head, blend }, stage(depth)]
      return { label: `depth ${head} then ${depth}`, options: { stages } }
    })
    list.push({ name: `cascade: ${firstName} over ${head}, model over the best`, settings })
  }
  return list
}

/** Margins at which a tenth, two tenths, … of the questions are skipped: the ones that could make a difference. */
function margins(pools, k) {
  const leads = pools
    .filter(({ candidates }) => candidates.length >= k)
    .map(({ candidates }) => (candidates[0][1] - candidates[k - 1][1]) / candidates[0][1])
    .filter((lead) => lead > 0)
    .sort((a, b) => a - b)
  const at = (share) => leads[Math.floor(share * (leads.length - 1))]
  return [...new Set(Array.from({ length: 19 }, (_, i) => at(1 - (i + 1) / 20)))]
}

/** What one setting does to every question. @returns {Promise<Outcome[]>} */
export async function evaluate({ createReranker }, { options }, { pools, texts }) {
  const reranker = createReranker(options)
  const outcomes = []
  for (const pool of pools) {
    const { results, report } = await reranker.rerank(pool.query, candidatesOf(pool, texts))
    const sum = (counter) => report.stages.reduce((total, { stats }) => total + (stats[counter] ?? 0), 0)
    const [ndcg] = ndcgAt10([results.map(({ candidate }) => candidate.id)], [pool.judged])
    outcomes.push({
      ndcg,
      tokens: sum('tokens'),
      ms: sum('ms'),
      skipped: report.stages.every(({ outcome }) => outcome === 'skipped') ? 1 : 0,
    })
  }
  return outcomes
}
