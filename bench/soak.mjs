/**
 * Holds a reranker at a share of its load for a long time, as a server does: calls come at random moments, some with a
 * deadline, some are aborted, and now and then a worker dies. Nothing may be lost, no score may change, no answer may come
 * late, and memory must stay flat. Ends with 1 when one of that does not hold.
 *
 *   node --expose-gc bench/soak.mjs [--minutes 30] [--load 0.8] [--workers 1] [--model bundled] [--deaths 20]
 *
 * `--deaths` is the time between two deaths of a worker in seconds, 0 for none.
 */
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, machineLine, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    load: { type: 'string', default: '0.8' },
    workers: { type: 'string', default: '1' },
    model: { type: 'string', default: 'bundled' },
    deaths: { type: 'string', default: '20' },
    size: { type: 'string', default: '20' },
  },
})
const machine = describeMachine()
const { createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build` first'))
const [minutes, load, workers, size] = [options.minutes, options.load, options.workers, options.size].map(Number)
const random = seededRandom(18)

const threads = []
process.on('worker', (worker) => threads.push(worker))
const scorer = crossEncoder({ model: options.model, workers, maxQueued: 40 * size })
const reranker = createReranker({ scorer, depth: size, blend: false, skip: false })
const pools = candidateSets('mixed', { queries: 4, size }).map(({ query, texts }) => ({
  query,
  candidates: texts.map((text, at) => ({ text, id: String(at) })),
}))

/** What every call must say of its pool, to the last bit. */
const right = []
for (const { query, candidates } of pools) {
  const { results } = await reranker.rerank(query, candidates)
  right.push(new Map(results.map((result) => [result.index, result.score])))
}
const oneMs = await timeOfOne()

async function timeOfOne() {
  const times = []
  for (let turn = 0; turn < 9; turn++) {
    const startedAt = performance.now()
    await reranker.rerank(pools[turn % 4].query, pools[turn % 4].candidates)
    times.push(performance.now() - startedAt)
  }
  return median(times)
}

const faults = new Map()
const fault = (/** @type {string} */ what) => faults.set(what, (faults.get(what) ?? 0) + 1)

function checkResults({ results, report }, pool) {
  const { candidates } = pools[pool]
  const places = results.map(({ index }) => index)
  if (new Set(places).size !== candidates.length) fault('a candidate was lost or came twice')
  if (results.some(({ candidate, index }) => candidate !== candidates[index])) fault('a candidate is not the one given')
  const { outcome } = report.stages[0]
  const isRanked = outcome === 'ranked'
  if (!isRanked && places.some((index, at) => index !== at)) fault('an order was not kept')
  if (isRanked && results.some(({ index, score }) => score !== right[pool].get(index))) fault('a score changed')
  return outcome
}

const kinds = ['deadline', 'deadline', 'deadline', 'patient', 'patient', 'aborted']
const outcomes = {}
const times = { deadline: [], patient: [], aborted: [] }
let [asked, answered, latestMs, longestPauseMs] = [0, 0, 0, 0]

async function oneCall() {
  const kind = kinds[Math.floor(random() * kinds.length)]
  const pool = Math.floor(random() * pools.length)
  const { query, candidates } = pools[pool]
  const controller = new AbortController()
  const deadlineMs = kind === 'deadline' ? oneMs * (2 + 10 * random()) : undefined
  if (kind === 'aborted') setTimeout(() => controller.abort(new Error('the reader left')), oneMs * 4 * random())
  asked += 1
  const startedAt = performance.now()
  let outcome
  try {
    outcome = checkResults(await reranker.rerank(query, candidates, { signal: controller.signal, deadlineMs }), pool)
  } catch (error) {
    outcome = error.code ?? error.message
    const isMeant = ['overloaded', 'the reader left'].includes(outcome) || /worker/.test(error.message)
    if (!isMeant) fault(`an error that nobody meant: ${error.message}`)
  }
  const ms = performance.now() - startedAt
  answered += 1
  outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
  times[kind].push(ms)
  if (deadlineMs !== undefined) latestMs = Math.max(latestMs, ms - deadlineMs)
}

const held = []
const sample = () => {
  globalThis.gc?.()
  held.push(process.memoryUsage().rss / 2 ** 20)
}

/** As a crash does: the worker throws on a message that the pool would not send. */
function killWorker() {
  const alive = threads.filter((worker) => worker.threadId > 0)
  alive.at(-1)?.postMessage({ type: 'pair', pair: null })
}

const endsAt = performance.now() + minutes * 60_000
let last = performance.now()
const pauses = setInterval(() => {
  longestPauseMs = Math.max(longestPauseMs, performance.now() - last)
  last = performance.now()
}, 5)
const samples = setInterval(sample, (minutes * 60_000) / 40)
const deaths =
  Number(options.deaths) > 0 && workers > 0 ? setInterval(killWorker, Number(options.deaths) * 1000) : undefined
const underWay = new Set()
while (performance.now() < endsAt) {
  const call = oneCall().finally(() => underWay.delete(call))
  underWay.add(call)
  // Moments that know nothing of each other, so that calls pile up now and then.
  await new Promise((resolve) => setTimeout(resolve, (-Math.log(1 - random()) * oneMs) / load))
}
for (const timer of [samples, deaths]) clearInterval(timer)
await Promise.all(underWay)
clearInterval(pauses)
sample()
// A timer fires late when the loop pauses, and then one more pair may have begun.
if (latestMs > longestPauseMs + 100) fault(`an answer came ${latestMs.toFixed(0)} ms after its deadline`)
if (answered !== asked) fault('a call was never answered')
await reranker.rerank(pools[0].query, pools[0].candidates).then((ranking) => checkResults(ranking, 0))
await reranker.close()

const [early, late] = [held.slice(10, 20), held.slice(-10)].map((part) => Math.min(...part))
const grewMiB = late - early
if (held.length >= 40 && grewMiB > 24) fault(`memory grew by ${grewMiB.toFixed(0)} MiB`)
const at = (list, share) => {
  const sorted = [...list].sort((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]
}
const rows = Object.entries(times)
  .filter(([, list]) => list.length > 0)
  .map(([kind, list]) => [
    kind,
    list.length,
    ...[0.5, 0.99, 1].map((share) => `${(at(list, share) / oneMs).toFixed(1)}x`),
  ])
console.log(machineLine(machine))
console.log(
  `\n${minutes} minutes at ${load} of the load, ${workers} workers; one call alone takes ${oneMs.toFixed(0)} ms\n`,
)
console.log(table(['calls', 'count', 'median, in calls', 'p99', 'longest'], rows))
const said = { asked, answered, outcomes, latestAfterDeadlineMs: latestMs, longestPauseMs, memoryGrewMiB: grewMiB }
console.log(`\n${JSON.stringify(said)}`)
for (const [what, count] of faults) console.error(`FAULT, ${count} times: ${what}`)
process.exitCode = faults.size === 0 ? 0 : 1
