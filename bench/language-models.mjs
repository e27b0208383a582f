/**
 * What a real language model does with the prompts of `llmListwise` and `llmPointwise`: how many of its answers can be
 * read, how many prompts and seconds a question takes, and nDCG@10 beside BM25 and the bundled model.
 *
 *   node bench/language-models.mjs --model FILE.gguf [--sets wikiqa,nq-clapnq] [--questions 20] [--pool 10]
 *                                  [--ways listwise,grade,yes-no] [--threads 1] [--name language-models] [--kept]
 *
 * The model runs in this process by node-llama-cpp, through the recipe in examples/language-model, whose packages have to
 * be installed there. The questions are those of whose BM25 pool at least one passage is relevant, evenly spread over the
 * file; in the others no order can be right or wrong. Needs the optional data folder beside the checkout. Every answer is
 * kept in bench/results/raw, so that a stopped run goes on where it was; `--kept` asks nothing and reports what is there.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parseArgs } from 'node:util'
import { openBeirFolder } from '@secondpass/core/eval'
import { ndcgAt10 } from './lib/ndcg.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { halfWidth95, mean, median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string' },
    sets: { type: 'string', default: 'wikiqa,nq-clapnq' },
    questions: { type: 'string', default: '20' },
    pool: { type: 'string', default: '10' },
    ways: { type: 'string', default: 'listwise,grade,yes-no' },
    threads: { type: 'string', default: '1' },
    kept: { type: 'boolean', default: false },
    name: { type: 'string', default: 'language-models' },
  },
})
const file = requirePath(options.model ?? 'FILE.gguf', 'pass --model with a language model in GGUF')
const recipe = join(paths.root, 'examples/language-model')
requirePath(join(recipe, 'node_modules/node-llama-cpp'), 'run `npm install` in examples/language-model')
const { bm25, createReranker, llmListwise, llmPointwise } = await import(requirePath(paths.core, 'run `pnpm build`'))
const machine = describeMachine()
const poolSize = Number(options.pool)
const threads = Number(options.threads)

// Loaded when the first answer is not known yet.
/** @type {any} */
let asking
async function llm() {
  asking ??= (async () => {
    const { getLlama } = await import(join(recipe, 'node_modules/node-llama-cpp/dist/index.js'))
    const { generateWith } = await import(join(recipe, 'generate-with.mjs'))
    const llama = await getLlama({ gpu: false, build: 'never', maxThreads: threads, logLevel: 'error' })
    const model = await llama.loadModel({ modelPath: file })
    const contextSize = 512 + 350 * Math.min(20, poolSize)
    return { llama, ...generateWith(await model.createContext({ contextSize, threads })) }
  })()
  return asking
}

/** @template T @param {readonly T[]} all @param {number} limit @returns {T[]} so many of them, evenly spread */
function spread(all, limit) {
  if (all.length <= limit) return [...all]
  return Array.from({ length: limit }, (_, at) => all[Math.floor((at * all.length) / limit)])
}

async function loadPools(set) {
  const folder = await openBeirFolder(requirePath(join(paths.data, set), 'put a set in BEIR layout there'))
  const texts = []
  for await (const { id, title, text } of folder.corpus()) {
    texts.push({ id, text: title && !text.startsWith(title) ? `${title}. ${text}` : text })
  }
  const search = createReranker({ scorer: bm25({ k1: 0.9, b: 0.4 }), depth: Infinity })
  const pools = []
  // Four times as many as are wanted, since a part of them has nothing relevant in its pool.
  for (const [id, query] of spread([...folder.queries], 4 * Number(options.questions))) {
    const { results } = await search.rerank(query, texts, { topN: poolSize })
    const judged = Object.fromEntries(folder.qrels.get(id))
    const candidates = results.map(({ candidate, score }) => ({ ...candidate, score }))
    if (candidates.some((candidate) => judged[candidate.id] > 0)) pools.push({ id, query, candidates, judged })
  }
  return spread(pools, Number(options.questions))
}

/** The scorers, each around a function that asks the model. */
const scorers = {
  listwise: (ask) => llmListwise({ ...ask('generate'), onUnreadable: 'keep-order' }),
  grade: (ask) => llmPointwise(ask('generate')),
  'yes-no': (ask) => llmPointwise(ask('generateYesNo')),
}

/** Names the model and the prompts, so that answers to other prompts are not taken for these. */
const idOfWay = (way) => scorers[way]((kind) => ({ [kind]: async () => '', model: basename(file) })).id

/** One question by one way: the order, and what it took. A call that failed keeps the order, and says so. */
async function judge(way, { query, candidates }) {
  const answers = []
  const ask = (kind) => ({
    [kind]: async (prompt, call) => {
      const answer = await (await llm())[kind](prompt, call)
      answers.push(typeof answer === 'string' ? answer : answer.slice(0, 3))
      return answer
    },
    model: basename(file),
    concurrency: 1,
    // A machine that has other work is no fault of the model's.
    timeoutMs: Infinity,
  })
  await llm()
  const scorer = scorers[way](ask)
  const reranker = createReranker({ scorer, onError: 'keep-order', blend: false, skip: false })
  const cpu = process.cpuUsage()
  const { results, report: said } = await reranker.rerank(query, candidates, { topN: candidates.length })
  const { user, system } = process.cpuUsage(cpu)
  const [{ outcome, stats, error, durationMs }] = said.stages
  const order = results.map(({ candidate }) => candidate.id)
  const distinct = new Set(results.map(({ score }) => score)).size
  return { order, distinct, outcome, stats, error: error?.message, durationMs, cpuMs: (user + system) / 1000, answers }
}

async function judgeAll(set, way, pools) {
  mkdirSync(paths.raw, { recursive: true })
  const kept = join(paths.raw, `llm-${set}.${idOfWay(way).replace(/\W+/g, '-')}.${poolSize}.jsonl`)
  const known = new Map(
    existsSync(kept)
      ? readFileSync(kept, 'utf8')
          .trim()
          .split('\n')
          .filter(Boolean)
          .map((line) => JSON.parse(line))
      : [],
  )
  for (const pool of pools) {
    if (known.has(pool.id) || options.kept) continue
    const found = await judge(way, pool)
    known.set(pool.id, found)
    appendFileSync(kept, `${JSON.stringify([pool.id, found])}\n`)
    console.error(`${set} · ${way}: ${pool.id} ${found.outcome} in ${(found.durationMs / 1000).toFixed(0)} s`)
  }
  return pools.map(({ id }) => known.get(id))
}

/** The bundled model on the same pools, by its own recommendation and alone. */
async function bundled(pools, more) {
  const reranker = createReranker(more)
  const ranked = []
  for (const { query, candidates } of pools) {
    const { results } = await reranker.rerank(query, candidates, { topN: candidates.length })
    ranked.push(results.map(({ candidate }) => candidate.id))
  }
  await reranker.close()
  return ranked
}

const sum = (rows, counter) => rows.reduce((total, { stats }) => total + (stats[counter] ?? 0), 0)

function rowOf(name, values, baseline, rows) {
  const differences = values.map((value, at) => value - baseline[at])
  const change = name === 'BM25' ? '-' : `${mean(differences).toFixed(3)} ± ${halfWidth95(differences).toFixed(3)}`
  if (rows === undefined) return [name, mean(values).toFixed(3), change, '-', '-', '-', '-', '-', '-']
  const faults = ['wrongFormat', 'repetition', 'missing'].map((fault) => sum(rows, fault))
  return [
    name,
    mean(values).toFixed(3),
    change,
    sum(rows, 'calls'),
    name.startsWith('listwise') ? faults.join(' / ') : `${faults[0]} / - / -`,
    rows.filter(({ outcome }) => outcome !== 'ranked').length,
    mean(rows.map(({ distinct, order }) => distinct / order.length)).toFixed(2),
    (median(rows.map(({ durationMs }) => durationMs)) / 1000).toFixed(1),
    (mean(rows.map(({ cpuMs }) => cpuMs)) / 1000).toFixed(1),
  ]
}

const heads = [
  'order by',
  'nDCG@10',
  'against BM25',
  'prompts',
  'wrong format / repetition / missing',
  'questions failed',
  'distinct scores per text',
  's a question (median)',
  'CPU s a question',
]
const tables = [`${basename(file)}, ${threads} thread${threads === 1 ? '' : 's'}, temperature 0.`]
const measured = []
for (const set of options.sets.split(',')) {
  const pools = await loadPools(set)
  const judged = pools.map((pool) => pool.judged)
  const baseline = ndcgAt10(
    pools.map(({ candidates }) => candidates.map(({ id }) => id)),
    judged,
  )
  const rows = [rowOf('BM25', baseline, baseline)]
  rows.push(rowOf('bundled model', ndcgAt10(await bundled(pools, { skip: false }), judged), baseline))
  for (const way of options.ways.split(',')) {
    const all = await judgeAll(set, way, pools)
    // With --kept some may be missing: then BM25 is that of the same questions.
    const there = all.flatMap((answer, at) => (answer === undefined ? [] : [at]))
    if (there.length === 0) continue
    const answers = there.map((at) => all[at])
    const values = ndcgAt10(
      answers.map(({ order }) => order),
      there.map((at) => judged[at]),
    )
    const name = there.length === pools.length ? way : `${way}, ${there.length} questions`
    rows.push(
      rowOf(
        name,
        values,
        there.map((at) => baseline[at]),
        answers,
      ),
    )
  }
  tables.push(`${set}: ${pools.length} questions, BM25's top ${poolSize}.\n\n${table(heads, rows)}`)
  measured.push({ set, questions: pools.length, heads, rows })
}
report(options.name, { machine, tables, options: { ...options, model: basename(file) }, measured })
if (asking !== undefined) await (await asking).llama.dispose()
