/**
 * What the lean graph that is made of a stock BERT brings: processor time of one thread for the same candidates, the
 * graphs taking turns; and what it moves: logits, their order, and nDCG@10 on public questions where the optional data
 * folder is there.
 *
 *   node bench/lean.mjs [--model training/build/stock] [--lean-model FOLDER] [--profile mixed] [--size 100] [--turns 5]
 *                       [--set wikiqa] [--limit 50] [--name lean]
 *
 * The folder is one of `python bench/make_stock.py`: onnx/model.onnx and onnx/model_quantized.onnx. `--lean-model`: what the
 * lean graphs are made of instead, for a ModernBERT a folder with model.safetensors and no graph.
 */
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { halfWidth95, kendallTau, maxDifference, mean, median } from './lib/stats.mjs'
import { candidatesOf, loadPools } from './quality/pools.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: paths.stock },
    'lean-model': { type: 'string' },
    profile: { type: 'string', default: 'mixed' },
    size: { type: 'string', default: '100' },
    turns: { type: 'string', default: '5' },
    set: { type: 'string' },
    limit: { type: 'string', default: '50' },
    name: { type: 'string', default: 'lean' },
  },
})
const machine = describeMachine()
const { crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))
const model = requirePath(options.model, 'run "python bench/make_stock.py MODEL_DIR training/build/stock"')

const ways = {
  'fp32, stock': { dtype: 'fp32', graph: 'original' },
  'fp32, lean': { dtype: 'fp32', graph: 'lean' },
  'int8, stock': { dtype: 'int8', graph: 'original' },
  'int8, lean': { dtype: 'int8', graph: 'lean' },
}
const leanModel = options['lean-model'] ?? model
const scorers = Object.entries(ways).map(([way, how]) => ({
  way,
  scorer: crossEncoder({ model: how.graph === 'lean' ? leanModel : model, ...how }),
}))
const call = () => ({
  signal: new AbortController().signal,
  deadline: Infinity,
  now: () => performance.now(),
  stats: {},
  note() {},
})

const loadMs = {}
for (const { way, scorer } of scorers) {
  const before = performance.now()
  await scorer.warmup()
  loadMs[way] = performance.now() - before
  console.log(way, scorer.id, scorer.graph, `${Math.round(loadMs[way])} ms to load`)
}

const [{ query, texts, tokens }] = candidateSets(options.profile, { queries: 1, size: Number(options.size) })
const cpuMs = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
const logits = {}
for (let turn = 0; turn < Number(options.turns); turn++) {
  for (const { way, scorer } of scorers) {
    const before = process.cpuUsage()
    logits[way] = await scorer.score(query, texts, call())
    const { user, system } = process.cpuUsage(before)
    cpuMs[way].push((user + system) / 1000)
  }
}

const questions = {}
if (options.set !== undefined) {
  const { pools, texts: passages } = loadPools(options.set, Number(options.limit))
  for (const { way, scorer } of scorers) {
    const ranked = []
    for (const pool of pools) {
      const candidates = candidatesOf(pool, passages)
      const scores = await scorer.score(
        pool.query,
        candidates.map(({ text }) => text),
        call(),
      )
      const order = candidates.map(({ id }, at) => ({ id, score: scores[at] }))
      ranked.push(order.sort((one, other) => other.score - one.score).map(({ id }) => id))
    }
    questions[way] = ndcgAt10(
      ranked,
      pools.map(({ judged }) => judged),
    )
  }
}
await Promise.all(scorers.map(({ scorer }) => scorer.close()))

const exact = 'fp32, stock'
const medians = Object.fromEntries(Object.entries(cpuMs).map(([way, times]) => [way, median(times)]))
const spread = Math.sqrt(mean(logits[exact].map((logit) => (logit - mean(logits[exact])) ** 2)))
const rows = Object.keys(ways).map((way) => {
  const moved = maxDifference(logits[exact], logits[way])
  const differences = questions[way]?.map((value, at) => value - questions[exact][at])
  return [
    way,
    medians[way].toFixed(0),
    (medians[exact] / medians[way]).toFixed(2),
    (medians['int8, stock'] / medians[way]).toFixed(2),
    `${moved.toPrecision(2)} (${(moved / spread).toPrecision(2)} sd)`,
    kendallTau(logits[exact], logits[way]).toFixed(3),
    questions[way] === undefined ? '' : mean(questions[way]).toFixed(4),
    differences === undefined ? '' : `${mean(differences).toFixed(4)} ± ${halfWidth95(differences).toFixed(4)}`,
  ]
})
const heading =
  `${options.size} candidates of ${Math.round(mean(tokens))} tokens on average, question included; one thread, medians of ` +
  `${options.turns} turns` +
  (options.set === undefined ? '' : `; nDCG@10 on ${questions[exact].length} questions of ${options.set}`)
const columns = [
  'graph',
  'CPU ms',
  'fp32 stock /',
  'int8 stock /',
  'largest difference',
  'tau',
  'nDCG@10',
  'less fp32 stock',
]
report(options.name, {
  machine,
  tables: [`${heading}\n\n${table(columns, rows)}`],
  scorers: Object.fromEntries(scorers.map(({ way, scorer }) => [way, { id: scorer.id, graph: scorer.graph }])),
  options: { ...options, model: 'a stock folder', 'lean-model': undefined },
  tokens: { mean: mean(tokens), least: Math.min(...tokens), most: Math.max(...tokens) },
  loadMs,
  cpuMs,
  questions,
})
