/**
 * How long a server stands still while 1,000 candidates are scored, in process and with workers, and what a second
 * worker brings.
 *
 *   node bench/event-loop.mjs [--profiles mixed,longtail] [--turns 3] [--size 1000] [--workers 0,1,2] [--text xquad-en]
 *
 * Needs as many free cores as workers plus one; the load average is printed with the figures.
 */
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, oneDecimal, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    profiles: { type: 'string', default: 'mixed,longtail' },
    turns: { type: 'string', default: '3' },
    size: { type: 'string', default: '1000' },
    workers: { type: 'string', default: '0,1,2' },
    text: { type: 'string' },
    name: { type: 'string', default: 'event-loop' },
  },
})
const machine = describeMachine()
const { createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build` first'))
const size = Number(options.size)
const counts = options.workers.split(',').map(Number)

async function openRerankers() {
  const pairs = counts.map((workers) => [
    workers,
    createReranker({ scorer: crossEncoder({ workers, passageCacheMiB: 0 }), depth: size }),
  ])
  for (const [, reranker] of pairs)
    await reranker.rerank('warm up', ['a first run allocates', 'what later runs use', 'in every worker'])
  return pairs
}

/**
 * A timer that should fire every millisecond; a late one means that something held the loop.
 *
 * @returns {() => { longestMs: number, p50Ms: number, p99Ms: number }} stops and tells the pauses
 */
function watchLoop() {
  const gaps = []
  let last = performance.now()
  const timer = setInterval(() => {
    const now = performance.now()
    gaps.push(now - last)
    last = now
  }, 1)
  return () => {
    clearInterval(timer)
    gaps.push(performance.now() - last)
    gaps.sort((a, b) => a - b)
    const at = (share) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))]
    return { longestMs: gaps.at(-1), p50Ms: at(0.5), p99Ms: at(0.99) }
  }
}

/** One call with 1,000 candidates, watched. */
async function scoreOnce(reranker, { query, texts }) {
  const stop = watchLoop()
  const start = performance.now()
  await reranker.rerank(query, texts, { topN: 10 })
  return { ms: performance.now() - start, ...stop() }
}

async function measure(rerankers, profile) {
  const [set] = candidateSets(profile, { queries: 1, size, ...(options.text && { text: options.text }) })
  const runs = new Map(counts.map((workers) => [workers, []]))
  for (let turn = 0; turn < Number(options.turns); turn++) {
    for (const [workers, reranker] of rerankers) {
      runs.get(workers).push(await scoreOnce(reranker, set))
      console.error(`${profile}, ${workers} workers: ${JSON.stringify(runs.get(workers).at(-1))}`)
    }
  }
  return Object.fromEntries(runs)
}

/** Medians over the turns, but the longest pause is the longest of all turns. */
function row(workers, runs, oneWorkerMs) {
  const middle = (key) => median(runs.map((run) => run[key]))
  const longest = Math.max(...runs.map((run) => run.longestMs))
  const speed = workers < 1 || oneWorkerMs === undefined ? '-' : ratio(oneWorkerMs / middle('ms'))
  return [
    workers === 0 ? 'in process' : `${workers} worker${workers > 1 ? 's' : ''}`,
    middle('ms').toFixed(0),
    (1e6 / middle('ms')).toFixed(0),
    speed,
    oneDecimal(middle('p50Ms')),
    oneDecimal(middle('longestMs')),
    oneDecimal(longest),
  ]
}

const rerankers = await openRerankers()
const heads = ['', 'ms', 'pairs/s', 'against 1 worker', 'pause p50 ms', 'longest, median', 'longest of all']
const measured = {}
for (const profile of options.profiles.split(',')) measured[profile] = await measure(rerankers, profile)
for (const [, reranker] of rerankers) await reranker.close()

const tables = Object.entries(measured).map(([profile, byWorkers]) => {
  const oneWorkerMs = byWorkers[1] && median(byWorkers[1].map((run) => run.ms))
  return `${profile}: ${size} candidates, ${options.turns} turns\n\n${table(
    heads,
    counts.map((workers) => row(workers, byWorkers[workers], oneWorkerMs)),
  )}`
})
report(options.name, { machine, tables, options, measured })
