/**
 * Holds two replicas of `secondpass serve` at a share of their load for a long time, as clients do: through `server({ urls })`
 * of the core, some calls are aborted, slow readers take their answers byte by byte, now and then a worker dies in a
 * replica, and now and then a whole replica. No answer may be lost or wrong, and no replica may grow. Ends with 1 when one
 * of that does not hold.
 *
 *   node bench/serve-soak.mjs [--minutes 30] [--load 0.8] [--deaths 60] [--worker-deaths 20] [--size 10]
 *
 * `--deaths` and `--worker-deaths`: seconds between two deaths of a replica, and of a worker in each; 0 for none.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { startReplica } from './serve/replica.mjs'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '30' },
    load: { type: 'string', default: '0.8' },
    model: { type: 'string', default: 'bundled' },
    deaths: { type: 'string', default: '60' },
    'worker-deaths': { type: 'string', default: '20' },
    size: { type: 'string', default: '10' },
    name: { type: 'string', default: 'serve-soak' },
  },
})
const machine = describeMachine()
const [minutes, share, size] = [options.minutes, options.load, options.size].map(Number)
const { createReranker, crossEncoder, server } = await import(requirePath(paths.core, 'run `pnpm build` first'))
const random = seededRandom(22)

// As a crash does: a worker throws on a message that the pool would not send.
const folder = mkdtempSync(join(tmpdir(), 'secondpass-soak-'))
const scorer = join(folder, 'scorer.mjs')
writeFileSync(
  scorer,
  `import { crossEncoder } from ${JSON.stringify(paths.core)}
  const threads = []
  process.on('worker', (worker) => threads.push(worker))
  process.on('SIGUSR2', () => threads.filter((worker) => worker.threadId > 0).at(-1)?.postMessage({ type: 'pair', pair: null }))
  export default crossEncoder({ model: ${JSON.stringify(options.model)}, workers: 1 })`,
)
const start = (/** @type {string[]} */ ...more) => startReplica(['--scorer', scorer, ...more])
const replicas = [await start(), await start()]
const urls = replicas.map(({ url }) => url)

const pools = candidateSets('mixed', { queries: 4, size }).map(({ query, texts }) => ({ query, texts }))
const local = createReranker({ scorer: crossEncoder({ model: options.model }), blend: false, skip: false })
const scoresOf = ({ results }) => results.toSorted((a, b) => a.index - b.index).map(({ score }) => score)
const right = []
for (const { query, texts } of pools) right.push(scoresOf(await local.rerank(query, texts)))
await local.close()

const remote = createReranker({
  scorer: server({ dialect: 'tei', urls, concurrency: 64, maxRetries: 6, coolDownMs: 1000 }),
  blend: false,
  skip: false,
})
const faults = new Map()
const fault = (/** @type {string} */ what) => faults.set(what, (faults.get(what) ?? 0) + 1)
const counts = { asked: 0, ranked: 0, aborted: 0, slow: 0, deaths: 0, workerDeaths: 0 }
const times = []

async function ask() {
  const pool = Math.floor(random() * pools.length)
  const { query, texts } = pools[pool]
  const controller = new AbortController()
  const isAborted = random() < 0.1
  if (isAborted) setTimeout(() => controller.abort(new Error('the client left')), 200 * random())
  counts.asked += 1
  const startedAt = performance.now()
  try {
    const ranking = await remote.rerank(query, texts, { signal: controller.signal })
    counts.ranked += 1
    times.push(performance.now() - startedAt)
    if (JSON.stringify(scoresOf(ranking)) !== JSON.stringify(right[pool])) fault('an answer was wrong')
  } catch (error) {
    if (controller.signal.aborted) counts.aborted += 1
    else fault(`an answer was lost: ${error.message}`)
  }
}

/** A client that takes its answer in small parts, and one in two leaves in the middle. */
function readSlowly() {
  const { query, texts } = pools[0]
  const body = JSON.stringify({ query, documents: texts, return_documents: true })
  const { port } = new URL(urls[Math.floor(random() * urls.length)])
  const socket = connect(Number(port), '127.0.0.1')
  counts.slow += 1
  socket.on('error', () => {}).setTimeout(20_000, () => socket.destroy())
  const head = `POST /v1/rerank HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n`
  socket.write(head + body.slice(0, 100))
  setTimeout(() => socket.destroyed || socket.write(body.slice(100)), 500)
  socket.on('data', () => {
    socket.pause()
    if (random() < 0.5) socket.destroy()
    else setTimeout(() => socket.resume(), 200)
  })
}

/** Calls a second that two replicas answer, one after the other and side by side. */
async function capacity() {
  const startedAt = performance.now()
  let done = 0
  const client = async () => {
    while (performance.now() - startedAt < 5000) {
      const { query, texts } = pools[done % pools.length]
      await remote.rerank(`${query} ${random()}`, texts)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: 8 }, client))
  return (done / (performance.now() - startedAt)) * 1000
}

const perSecond = (await capacity()) * share
console.error(`${perSecond.toFixed(1)} calls a second`)

/** Kills a replica as a lost machine does, and starts another in its place. */
async function replace(/** @type {number} */ at) {
  counts.deaths += 1
  await replicas[at].end('SIGKILL')
  replicas[at] = await start('--port', new URL(urls[at]).port)
}

/** In each replica: a worker dies, not the process. One that is just being started has none to lose. */
function killWorkers() {
  for (const replica of replicas) {
    if (replica.signal('SIGUSR2')) counts.workerDeaths += 1
  }
}

const memory = urls.map(() => [])
/** Of the replica that is never killed: a fresh process says nothing of growth. */
async function sample() {
  for (const [at, replica] of replicas.entries()) {
    const bytes = await replica.metric('process_resident_memory_bytes').catch(() => NaN)
    if (Number.isFinite(bytes)) memory[at].push(bytes / 2 ** 20)
  }
}

const endsAt = performance.now() + minutes * 60_000
const underWay = new Set()
const timers = [
  setInterval(() => void sample(), Math.max(1000, (minutes * 60_000) / 60)),
  setInterval(readSlowly, 1000),
]
if (Number(options.deaths) > 0) {
  timers.push(setInterval(() => void replace(1).catch((error) => fault(error.message)), Number(options.deaths) * 1000))
}
if (Number(options['worker-deaths']) > 0) timers.push(setInterval(killWorkers, Number(options['worker-deaths']) * 1000))
while (performance.now() < endsAt) {
  const call = ask().finally(() => underWay.delete(call))
  underWay.add(call)
  // At random moments, as independent clients do.
  await new Promise((resolve) => setTimeout(resolve, (-Math.log(1 - random()) * 1000) / perSecond))
}
for (const timer of timers) clearInterval(timer)
await Promise.all(underWay)
await sample()

const [kept] = memory
const third = Math.max(1, Math.floor(kept.length / 3))
// What is left after garbage was collected: in between, memory rises and falls.
const grewMiB = Math.min(...kept.slice(-third)) - Math.min(...kept.slice(third, 2 * third + 1))
if (grewMiB > 20) fault(`a replica grew by ${grewMiB.toFixed(0)} MiB`)
times.sort((a, b) => a - b)
const at = (/** @type {number} */ of) => times[Math.min(times.length - 1, Math.floor(of * times.length))]?.toFixed(0)
report(options.name, {
  machine,
  tables: [
    `${minutes} minutes at ${share} of the load of two replicas: ${JSON.stringify(counts)}; faults: ${JSON.stringify([...faults])}`,
    table(
      ['p50 ms', 'p95 ms', 'p99 ms', 'a replica that was not killed grew, MiB'],
      [[at(0.5), at(0.95), at(0.99), grewMiB.toFixed(1)]],
    ),
  ],
  options,
  counts,
  faults: [...faults],
  perSecond,
  memoryMiB: memory,
})
await remote.close()
await Promise.all(replicas.map((replica) => replica.end()))
rmSync(folder, { recursive: true, force: true })
process.exitCode = faults.size === 0 ? 0 : 1
