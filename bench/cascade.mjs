/**
 * What reranking less costs and loses: cascades, smaller depths and skip policies against one stage over everything, on
 * the same questions, all by the library itself.
 *
 *   node bench/cascade.mjs [--sets wikiqa,nq-clapnq] [--limit 300] [--first-length 64 | --first MODEL]
 *                          [--blend 0.7] [--name cascade]
 *
 * The cheap first stage of the cascades is the bundled model that reads only the first tokens of a pair
 * (`--first-length`, 0 for none), or another model (`--first`: a folder, or bundled-tiny). Depths and margins are
 * chosen on half of the questions and judged on the other half, both ways round. Needs the optional data folder beside
 * the checkout. Scores, tokens and times are kept in bench/results/raw: a stopped run goes on where it was.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { chooseByHalves, tolerance } from './cascade/choose.mjs'
import { evaluate, families } from './cascade/variants.mjs'
import { keptScores } from './lib/kept-scores.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { halfWidth95, mean } from './lib/stats.mjs'
import { loadPools } from './quality/pools.mjs'

const { values: options } = parseArgs({
  options: {
    sets: { type: 'string', default: 'wikiqa,nq-clapnq' },
    limit: { type: 'string', default: '300' },
    'first-length': { type: 'string', default: '64' },
    first: { type: 'string' },
    blend: { type: 'string' },
    name: { type: 'string', default: 'cascade' },
  },
})
const sets = options.sets.split(',').filter((set) => {
  const isThere = existsSync(join(paths.data, set))
  if (!isThere) console.log(`${set} left out: there is no ${join(paths.data, set)}, the optional data folder.`)
  return isThere
})
if (sets.length === 0) process.exit(0)

const machine = describeMachine()
const core = await import(requirePath(paths.core, 'run `pnpm build` first'))
const weight = options.blend === undefined ? core.crossEncoder().defaults.blend.weight : Number(options.blend)
const blend = weight === 1 ? false : { weight }

/** The scores of a model, from the kept file where they are there. */
async function scoresOf(loaded, modelOptions) {
  const scorer = core.crossEncoder({ passageCacheMiB: 0, ...modelOptions })
  const scores = await keptScores(loaded, {
    id: scorer.id,
    kind: 'cascade-',
    score: (pool, texts) => scorePool(scorer, pool, texts),
  })
  await scorer.close()
  return { id: scorer.id, scores }
}

/** The logit, the tokens and the processor time of each pair: what it takes on an idle core, whatever else runs. */
async function scorePool(scorer, { query, candidates }, texts) {
  const scores = { logits: [], tokens: [], cpuMs: [] }
  for (const [id] of candidates) {
    const stats = {}
    const before = process.cpuUsage()
    const [logit] = await scorer.score(query, [texts[id]], callOf(stats))
    const { user, system } = process.cpuUsage(before)
    scores.logits.push(logit)
    scores.tokens.push(stats.tokens)
    scores.cpuMs.push((user + system) / 1000)
  }
  return scores
}

function callOf(stats) {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now(), stats, note() {} }
}

async function measureSet(set) {
  const loaded = loadPools(set, Number(options.limit))
  const full = await scoresOf(loaded, {})
  const firstLength = Number(options['first-length'])
  const cheap = options.first === undefined ? { maxLength: firstLength } : { model: options.first }
  const first = options.first === undefined && firstLength === 0 ? undefined : await scoresOf(loaded, cheap)
  const firstName = options.first === undefined ? `${firstLength} tokens` : 'small model'
  const rows = []
  for (const { name, settings } of families({
    core,
    full: full.scores,
    first: first?.scores,
    firstName,
    loaded,
    blend,
  })) {
    const evaluated = []
    for (const setting of settings) evaluated.push({ ...setting, outcomes: await evaluate(core, setting, loaded) })
    const single = rows[1]?.outcomes ?? evaluated[0].outcomes
    const { chosen, outcomes } = chooseByHalves(evaluated, single)
    rows.push({ name, chosen: [...new Set(chosen)].filter(Boolean), outcomes })
  }
  return { set, model: full.id, first: first?.id, questions: loaded.pools.length, rows }
}

const percent = (part) => `${(100 * part).toFixed(0)} %`
const quantile = (values, share) => [...values].sort((a, b) => a - b)[Math.ceil(share * values.length) - 1]

function summaryOf({ name, chosen, outcomes }, single) {
  const differences = outcomes.map(({ ndcg }, at) => ndcg - single.outcomes[at].ndcg)
  const of = (key, row = { outcomes }) => row.outcomes.map((outcome) => outcome[key])
  return {
    name,
    chosen,
    ndcgAt10: mean(of('ndcg')),
    kept: mean(of('ndcg')) / mean(of('ndcg', single)),
    difference: mean(differences),
    halfWidth95: halfWidth95(differences),
    skipped: mean(of('skipped')),
    tokens: mean(of('tokens')),
    cost: mean(of('tokens')) / mean(of('tokens', single)),
    p50Ms: quantile(of('ms'), 0.5),
    p95Ms: quantile(of('ms'), 0.95),
  }
}

function tableOf({ set, model, first, questions }, rows) {
  const heads = ['way', 'chosen', 'nDCG@10', 'kept', 'difference', 'skipped', 'tokens', 'cost', 'p50 ms', 'p95 ms']
  const cells = rows.map((row) => [
    row.kept >= 1 - tolerance && row.cost <= 0.5 ? `**${row.name}**` : row.name,
    row.chosen.join(' / ') || '-',
    row.ndcgAt10.toFixed(3),
    `${(100 * row.kept).toFixed(1)} %`,
    `${row.difference < 0 ? '' : '+'}${row.difference.toFixed(3)} ± ${row.halfWidth95.toFixed(3)}`,
    percent(row.skipped),
    row.tokens.toFixed(0),
    percent(row.cost),
    row.p50Ms.toFixed(0),
    row.p95Ms.toFixed(0),
  ])
  const about = `${set}: ${questions} questions, BM25 top 100, ${model}${first ? `, first stage ${first}` : ''}, blend ${weight}`
  return `${about}. Bold: at most half the tokens, at least ${100 * (1 - tolerance)} % of the nDCG@10 of the single stage over 100.\n\n${table(heads, cells)}`
}

const measured = []
for (const set of sets) {
  const { rows, ...about } = await measureSet(set)
  measured.push({ ...about, rows: rows.map((row) => summaryOf(row, rows[1])) })
}
const tables = measured.map(({ rows, ...about }) => tableOf(about, rows))
report(options.name, { machine, tables, options, measured })
