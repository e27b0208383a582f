/**
 * A server under load, in process and with a worker: how long /health takes beside so many calls, what becomes of calls
 * with a deadline when there are too many, and of thousands of calls at once.
 *
 *   node bench/server.mjs [--workers 0,1] [--beside 1,4,16,64] [--size 50] [--core PATH] [--name server]
 *
 * /health is asked by another process, a new connection each time. Times are also told as multiples of one call alone, or
 * of one of its pairs, in the same process and minute, because machines are shared.
 */
import { request } from 'node:http'
import { parseArgs } from 'node:util'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, oneDecimal, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'
import { startServer } from './server/start.mjs'

const { values: options } = parseArgs({
  options: {
    workers: { type: 'string', default: '0,1' },
    beside: { type: 'string', default: '1,4,16,64' },
    size: { type: 'string', default: '50' },
    flood: { type: 'string', default: '5000' },
    core: { type: 'string' },
    name: { type: 'string', default: 'server' },
  },
})
const machine = describeMachine()
const core = options.core ?? requirePath(paths.core, 'run `pnpm build` first')
const numbers = (/** @type {string} */ list) => list.split(',').filter(Boolean).map(Number)

/** Time until the answer to one GET over a new connection. */
function health(/** @type {number} */ port) {
  const startedAt = performance.now()
  return new Promise((resolve, reject) => {
    request({ port, path: '/health', agent: false }, (response) => {
      response.resume()
      response.on('end', () => resolve(performance.now() - startedAt))
    })
      .on('error', reject)
      .end()
  })
}

/** Asks for /health again and again until the work is done. */
async function healthBeside(/** @type {number} */ port, /** @type {Promise<object>} */ work) {
  const times = []
  let isDone = false
  const done = work.finally(() => (isDone = true))
  while (!isDone) {
    times.push(await health(port))
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  const answered = await done
  times.sort((a, b) => a - b)
  return {
    ...answered,
    asked: times.length,
    medianMs: median(times),
    p99Ms: times[Math.floor(0.99 * times.length)],
    longestMs: times.at(-1),
  }
}

async function measure(/** @type {number} */ workers) {
  const { port, ask, close } = await startServer({ core, workers, size: Number(options.size) })
  const say = (/** @type {string} */ what, value) => {
    console.error(`${workers} workers, ${what}: ${JSON.stringify(value)}`)
    return value
  }
  const alone = say('alone', await ask('alone'))
  const beside = []
  for (const calls of numbers(options.beside)) {
    beside.push({ calls, ...say(`health beside ${calls}`, await healthBeside(port, ask('together', { calls }))) })
  }
  const deadline = say('200 calls', await ask('deadline', { calls: 200, deadlineMs: 1000 }))
  const goodput = say('14 calls', await ask('deadline', { calls: 14, deadlineMs: 8 * alone.ms }))
  const flood = say('flood', await ask('flood', { calls: Number(options.flood), answers: 4 }))
  close()
  return { workers, alone, beside, deadline, goodput, flood }
}

const measured = []
for (const workers of numbers(options.workers)) measured.push(await measure(workers))

const titled = ({ workers }) => (workers === 0 ? 'in process' : `${workers} worker${workers > 1 ? 's' : ''}`)
const times = (value, alone) => `${(value / alone.ms).toFixed(2)}x`
const healthRows = measured.flatMap((one) =>
  one.beside.map((row) => [
    titled(one),
    row.calls,
    ...[row.medianMs, row.p99Ms, row.longestMs].map(oneDecimal),
    ((row.medianMs / one.alone.ms) * Number(options.size)).toFixed(1),
    times(row.firstMs, one.alone),
    times(row.allMs, one.alone),
  ]),
)
const loadRows = measured.map((one) => {
  const { alone, deadline, goodput, flood } = one
  return [
    titled(one),
    alone.ms.toFixed(0),
    `${(deadline.latestMs - 1000).toFixed(0)} ms after it`,
    `${deadline.ranked}, ${deadline.lateWithoutARun}`,
    `${goodput.ranked} of 14`,
    `${flood.outcomes.overloaded ?? 0} of ${options.flood}`,
    times(flood.firstMs, alone),
    flood.grewMiB.toFixed(0),
  ]
})
const tables = [
  `GET /health beside so many calls of ${options.size} passages; first and last answer of the calls as multiples of one call alone\n\n${table(
    ['', 'calls', 'median ms', 'p99 ms', 'longest ms', 'median, in pairs', 'first answer', 'last answer'],
    healthRows,
  )}`,
  `200 calls with a deadline of 1 s, 14 with one of 8 calls' time, ${options.flood} at once\n\n${table(
    [
      '',
      'one call ms',
      'latest of 200',
      'ranked, late without a run',
      'ranked of 14',
      'refused at once',
      'first answer',
      'memory, MiB more',
    ],
    loadRows,
  )}`,
]
report(options.name, { machine, tables, options, measured })
