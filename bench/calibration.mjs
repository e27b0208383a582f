/**
 * When may reranking be skipped on real questions? The skip rate that `calibrateSkip` promises, against the loss on
 * questions it has not seen, for a loss of 0.005, 0.01 and 0.02 in nDCG@10.
 *
 *   node bench/calibration.mjs [--sets covidqa:20,pubmedqa:10] [--minutes 10] [--repeats 20] [--confidence 0.9]
 *
 * After a set stands how many of BM25's candidates are scored. The questions are cut into five parts; each part is held out
 * once while the other four calibrate, and all of it is done `--repeats` times with other cuts. Scores are kept in
 * bench/results/raw, also those that other benchmarks made: a stopped run goes on where it was, and `--minutes` ends the
 * scoring with the questions reached by then. Needs the optional data folder beside the checkout.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { draw } from './calibration/draw.mjs'
import { calibrationTable, gainTable } from './calibration/tables.mjs'
import { keptScores, logitsBy, logitsOf } from './lib/kept-scores.mjs'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report } from './lib/report.mjs'
import { mean } from './lib/stats.mjs'
import { candidatesOf, loadPools } from './quality/pools.mjs'

const { values: options } = parseArgs({
  options: {
    sets: {
      type: 'string',
      default: 'covidqa:20,pubmedqa:10,nq-clapnq:20,scifact:20,wikiqa:100,npl:100,cisi:100,cacm:100,med:100',
    },
    minutes: { type: 'string', default: '10' },
    repeats: { type: 'string', default: '20' },
    confidence: { type: 'string', default: '0.9' },
    name: { type: 'string', default: 'calibration' },
  },
})
const machine = describeMachine()
const core = await import(requirePath(paths.core, 'run `pnpm build` first'))
const evaluation = await import('@secondpass/core/eval')
const untilMs = Date.now() + Number(options.minutes) * 60_000
const scorer = core.crossEncoder()
const alone = core.createReranker({ scorer, blend: false, skip: false, depth: Infinity })
const { blend } = scorer.defaults
const LIMITS = [0.005, 0.01, 0.02]

/** Orders a pool as the bundled reranker does, by logits that are known already. */
async function rankingOf(pool, logits, texts) {
  const known = { id: scorer.id, scope: 'pair', score: async () => logits }
  const reranker = core.createReranker({ scorer: known, blend, telemetry: false })
  return reranker.rerank(pool.query, candidatesOf(pool, texts))
}

function scoresOf(loaded) {
  return keptScores(loaded, {
    id: scorer.id,
    score: (pool, texts) => logitsBy(alone, pool, texts),
    kind: 'calibration-',
    also: ['', 'cascade-'],
    untilMs,
  })
}

async function sampleOf(loaded, scores) {
  const sample = []
  for (const pool of loaded.pools) {
    const kept = scores.get(pool.id)
    if (kept === undefined) continue
    const logits = logitsOf(kept).slice(0, pool.candidates.length)
    const candidates = candidatesOf(pool, loaded.texts)
    const ranking = await rankingOf(pool, logits, loaded.texts)
    const judgements = new Map(Object.entries(pool.judged))
    const query = evaluation.calibrationQuery({ query: pool.query, candidates, ranking, judgements })
    const [before] = ndcgAt10([candidates.map(({ id }) => id)], [pool.judged])
    sample.push({ ...query, before, after: before + query.loss })
  }
  return sample
}

async function measureSet(spec) {
  const [set, depthText = '100'] = spec.split(':')
  if (!existsSync(join(paths.data, set))) {
    console.log(`${set} left out: there is no ${join(paths.data, set)}, the optional data folder.`)
    return []
  }
  const depth = Number(depthText)
  const loaded = loadPools(set, Infinity)
  loaded.pools = loaded.pools.map((pool) => ({ ...pool, candidates: pool.candidates.slice(0, depth) }))
  const sample = await sampleOf(loaded, await scoresOf(loaded))
  const about = {
    scorerId: scorer.id,
    retriever: 'BM25',
    corpus: set,
    date: '2026-01-01',
    confidence: Number(options.confidence),
  }
  const rows = LIMITS.map((maxLoss) => draw(evaluation, sample, { ...about, maxLoss }, Number(options.repeats)))
  const [before, after] = ['before', 'after'].map((key) => mean(sample.map((query) => query[key])))
  console.error(`${set}: ${sample.length} questions`)
  return [{ set, depth, available: loaded.pools.length, questions: sample.length, before, after, rows }]
}

const measured = []
for (const spec of options.sets.split(',')) measured.push(...(await measureSet(spec)))
await alone.close()
if (measured.length > 0) {
  const tables = [gainTable(scorer.id, measured, blend.weight), calibrationTable(measured, options)]
  report(options.name, { machine, tables, options, scorer: scorer.id, measured })
}
