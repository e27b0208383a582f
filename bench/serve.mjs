/**
 * `secondpass serve` under load from autocannon in this process: how long it takes to be ready, how many passages a second
 * of processor time scores, and what becomes of requests when more arrive than can be answered.
 *
 *   node bench/serve.mjs [--model bundled] [--load-model bundled] [--size 10] [--seconds 8] [--rounds 3]
 *     [--loads 50,80,100,150,300] [--deadline-ms 2000] [--starts 5]
 *
 * `--rounds 0` leaves the overload out. Loads are shares of the capacity measured in the same round just before, because
 * machines are shared; one with nothing else to do is needed all the same. Every request asks something else, so that none
 * is answered by the work for another.
 */
import { parseArgs } from 'node:util'
import autocannon from 'autocannon'
import { candidateSets } from './candidates.mjs'
import { inventedTopic } from './lib/invented.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'
import { cutToTokens } from './lib/texts.mjs'
import { startReplica } from './serve/replica.mjs'

const { values: options } = parseArgs({
  options: {
    model: { type: 'string', default: 'bundled' },
    'load-model': { type: 'string', default: 'bundled' },
    size: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '3' },
    loads: { type: 'string', default: '50,80,100,150,300' },
    'deadline-ms': { type: 'string', default: '2000' },
    starts: { type: 'string', default: '5' },
    name: { type: 'string', default: 'serve' },
  },
})
const machine = describeMachine()
const [size, seconds, rounds] = [options.size, options.seconds, options.rounds].map(Number)
const loads = options.loads.split(',').map(Number)
const say = (/** @type {string} */ what) => console.error(what)

let asked = 0
/** Bodies with a pool each, and a query that nobody asked before. */
function bodies(/** @type {string} */ profile) {
  const pools = candidateSets(profile, { queries: 5, size: Math.max(size, 2) })
  return () => {
    asked += 1
    const { query, texts } = pools[asked % pools.length]
    return JSON.stringify({ query: `${query} ${asked}`, documents: texts.slice(0, size) })
  }
}

/** @param {string} url @param {() => string} body @param {{ connections: number, rate?: number, seconds?: number, amount?: number }} load */
async function load(url, body, { connections, rate, seconds: duration, amount }) {
  const answers = { 200: [], 429: [], 504: [], other: [] }
  const running = autocannon({
    url: `${url}/v1/rerank`,
    connections,
    ...(amount === undefined ? { duration } : { amount }),
    timeout: 60,
    ...(rate !== undefined && { overallRate: rate }),
    requests: [
      {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        setupRequest: (request) => ({ ...request, body: body() }),
      },
    ],
  })
  running.on('response', (_client, status, _bytes, ms) => (answers[status] ?? answers.other).push(ms))
  const { errors, timeouts, requests } = await running
  const ms = answers[200].sort((a, b) => a - b)
  const at = (/** @type {number} */ share) => ms[Math.min(ms.length - 1, Math.floor(share * ms.length))] ?? NaN
  return {
    offered: rate ?? null,
    sent: requests.sent,
    answered: ms.length,
    goodput: ms.length / duration,
    refused: answers[429].length + answers[504].length,
    otherStatuses: answers.other.length,
    errors: errors + timeouts,
    p50: at(0.5),
    p95: at(0.95),
    p99: at(0.99),
    refusedP95: answers[429].sort((a, b) => a - b)[Math.floor(0.95 * answers[429].length)] ?? null,
  }
}

async function starts() {
  const times = []
  for (let turn = 0; turn < Number(options.starts); turn++) {
    const replica = await startReplica(['--model', options.model])
    times.push({ readyMs: replica.readyMs, readyCpuMs: replica.readyCpuMs })
    await replica.end()
  }
  say(`ready: ${JSON.stringify(times)}`)
  return times
}

async function overload() {
  const replica = await startReplica(['--model', options['load-model'], '--deadline-ms', options['deadline-ms']])
  const body = bodies('mixed')
  await load(replica.url, body, { connections: 4, seconds: 2 })
  const measured = []
  for (let round = 0; round < rounds; round++) {
    const full = await load(replica.url, body, { connections: 8, seconds })
    const runs = []
    for (const share of loads) {
      const rate = Math.max(1, Math.round((full.goodput * share) / 100))
      // As many as may be under way when each waits for its whole time: no request waits for a connection.
      const connections = Math.ceil(1.5 * rate * (Number(options['deadline-ms']) / 1000)) + 20
      const run = { share, ...(await load(replica.url, body, { connections, rate, seconds })) }
      say(`round ${round}, ${share} %: ${JSON.stringify(run)}`)
      runs.push({ ...run, rssMiB: (await replica.metric('process_resident_memory_bytes')) / 2 ** 20 })
    }
    measured.push({ capacity: full.goodput, runs })
  }
  await replica.end()
  return measured
}

/** Tokens of a pair for which the speed is told. */
const LENGTHS = [50, 150, 450]

/** Passages that a second of the server's processor time scores, HTTP and tokens included. */
async function perCpuSecond() {
  const measured = []
  for (const { model, requests } of [
    { model: 'bundled', requests: 15 },
    { model: 'bundled-tiny', requests: 150 },
  ]) {
    const replica = await startReplica(['--model', model])
    for (const tokens of LENGTHS) {
      const topic = inventedTopic(seededRandom(tokens), 0)
      const documents = Array.from({ length: size }, () => cutToTokens(topic.query, topic.paragraph(), tokens))
      const body = () => JSON.stringify({ query: `${topic.query} ${(asked += 1)}`, documents })
      await load(replica.url, body, { connections: 2, amount: 4 })
      const before = await replica.metric('process_cpu_seconds_total')
      const { answered } = await load(replica.url, body, { connections: 2, amount: requests })
      const cpu = (await replica.metric('process_cpu_seconds_total')) - before
      measured.push({ model, tokens, passagesPerCpuSecond: (answered * size) / cpu })
      say(JSON.stringify(measured.at(-1)))
    }
    await replica.end()
  }
  return measured
}

const ready = await starts()
const rates = await perCpuSecond()
const rounded = await overload()

const share = (/** @type {number} */ of, key) =>
  median(rounded.map(({ runs }) => runs.find((run) => run.share === of)[key]))
const goodputAgainst100 = (/** @type {number} */ of) =>
  median(
    rounded.map(({ runs }) => {
      const goodputOf = (/** @type {number} */ wanted) => runs.find((run) => run.share === wanted).goodput
      return goodputOf(of) / goodputOf(100)
    }),
  )
const tables = [
  `Command to ready, ${options.starts} times: median ${median(ready.map(({ readyMs }) => readyMs)).toFixed(0)} ms by the clock, ${median(ready.map(({ readyCpuMs }) => readyCpuMs)).toFixed(0)} ms of processor time`,
  `Passages that a second of processor time scores, with everything that the server does\n\n${table(
    ['model', 'tokens of a pair', 'passages'],
    rates.map(({ model, tokens, passagesPerCpuSecond }) => [model, tokens, passagesPerCpuSecond.toFixed(0)]),
  )}`,
  ...(rounds === 0 ? [] : [underLoad()]),
]
report(options.name, { machine, tables, options, ready, rates, measured: rounded })

function underLoad() {
  return `Open loop, requests of ${size} passages, --deadline-ms ${options['deadline-ms']}; medians of ${rounds} rounds\n\n${table(
    [
      'load',
      'goodput, of that at 100 %',
      'refused',
      'errors',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'a refusal, p95 ms',
      'memory MiB',
    ],
    loads.map((of) => [
      `${of} %`,
      `${Math.round(100 * goodputAgainst100(of))} %`,
      `${Math.round(share(of, 'refused'))} of ${Math.round(share(of, 'sent'))}`,
      share(of, 'errors') + share(of, 'otherStatuses'),
      ...['p50', 'p95', 'p99'].map((key) => share(of, key).toFixed(0)),
      rounded.every(({ runs }) => runs.find((run) => run.share === of).refusedP95 === null)
        ? '-'
        : (share(of, 'refusedP95') ?? 0).toFixed(0),
      share(of, 'rssMiB').toFixed(0),
    ]),
  )}`
}
