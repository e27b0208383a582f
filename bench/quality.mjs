/**
 * What int8 costs, and what the model brings, in nDCG@10 over BM25's top 100, scored and ordered by the library itself.
 *
 *   node bench/quality.mjs [--sets scifact:20,npl] [--exact scifact,npl,nq-clapnq] [--exact-limit 300]
 *                          [--limit 200] [--workers 0] [--fp32 training/build/fp32] [--name quality]
 *
 * `--exact`: the sets that are also scored with the exact fp32 graph, `--exact-limit` questions of each at most;
 * `--limit`: as many at most of every other set. A number behind a set comes before both. Fewer than all are the first of
 * a fixed shuffle. Needs the optional data folder beside the checkout. Logits are kept in bench/results/raw: a stopped run
 * goes on where it was, a changed model starts anew.
 */
import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { candidatesOf, loadPools } from './quality/pools.mjs'
import { keptScores, logitsBy } from './lib/kept-scores.mjs'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report } from './lib/report.mjs'
import { kendallTau, mean } from './lib/stats.mjs'
import { keptTable, qualityTable } from './quality/tables.mjs'

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string', default: 'npl,scifact,nq-clapnq,cisi,cacm,med,covidqa,pubmedqa,wikiqa' },
    exact: { type: 'string', default: 'scifact,npl,nq-clapnq' },
    'exact-limit': { type: 'string', default: '300' },
    limit: { type: 'string', default: '200' },
    workers: { type: 'string', default: '0' },
    fp32: { type: 'string', default: paths.exact },
    name: { type: 'string', default: 'quality' },
  },
})
const machine = describeMachine()
const { createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build` first'))
const exactSets = options.exact.split(',').filter((set) => set !== '' && existsSync(options.fp32))

function open(model) {
  const scorer = crossEncoder({ workers: Number(options.workers), ...(model && { model }) })
  return { scorer, reranker: createReranker({ scorer, blend: false, skip: false }) }
}
const int8 = open()
const { blend } = int8.scorer.defaults
const fp32 = exactSets.length > 0 ? open(options.fp32) : undefined

/** Orders a pool by known logits through the library: `weight` blends them with BM25, `undefined` leaves BM25 out. */
async function orderBy(logits, pool, texts, weight) {
  const scorer = { id: 'known-logits', scope: 'pair', score: async () => logits }
  const reranker = createReranker({ scorer, ...(weight !== undefined && { blend: { weight } }) })
  const { results } = await reranker.rerank(pool.query, candidatesOf(pool, texts), { topN: pool.candidates.length })
  return results.map((result) => result.candidate.id)
}

/** nDCG@10 per question of one way to order the pools. */
async function evaluate({ pools }, order) {
  const ranked = []
  for (const pool of pools) ranked.push(await order(pool))
  return ndcgAt10(
    ranked,
    pools.map(({ judged }) => judged),
  )
}

function scoresOf({ scorer, reranker }, loaded) {
  return keptScores(loaded, { id: scorer.id, score: (pool, texts) => logitsBy(reranker, pool, texts) })
}

async function measureSet(spec) {
  const [set, ownLimit] = spec.split(':')
  const limit = ownLimit ?? (exactSets.includes(set) ? options['exact-limit'] : options.limit)
  const loaded = loadPools(set, Number(limit))
  const { texts, pools, available } = loaded
  const ways = { bm25: (pool) => pool.candidates.map(([id]) => id) }
  const logits = { int8: await scoresOf(int8, loaded) }
  if (exactSets.includes(set)) logits.fp32 = await scoresOf(fp32, loaded)
  for (const [precision, known] of Object.entries(logits)) {
    ways[precision] = (pool) => orderBy(known.get(pool.id), pool, texts)
    ways[`blend-${precision}`] = (pool) => orderBy(known.get(pool.id), pool, texts, blend.weight)
  }
  /** @type {Record<string, number[]>} */
  const byQuestion = {}
  for (const [way, order] of Object.entries(ways)) byQuestion[way] = await evaluate(loaded, order)
  const ceiling = await evaluate(loaded, bestOrder)
  const taus =
    logits.fp32 === undefined ? undefined : pools.map(({ id }) => kendallTau(logits.fp32.get(id), logits.int8.get(id)))
  return { set, available, questions: pools.length, byQuestion: { ...byQuestion, ceiling }, taus }
}

function bestOrder({ candidates, judged }) {
  return candidates.map(([id]) => id).sort((a, b) => (judged[b] ?? 0) - (judged[a] ?? 0))
}

const measured = []
for (const spec of options.sets.split(',')) measured.push(await measureSet(spec))
await Promise.all([int8, fp32].map((one) => one?.reranker.close()))

const summary = measured.map(({ byQuestion, taus, ...rest }) => ({
  ...rest,
  ndcgAt10: Object.fromEntries(Object.entries(byQuestion).map(([way, values]) => [way, mean(values)])),
  ...(taus && { kendallTau: mean(taus) }),
}))
const tables = [qualityTable(int8.scorer.id, measured, blend.weight), keptTable(fp32?.scorer.id, measured)]
report(options.name, { machine, tables, options, measured: summary })
