/**
 * `secondpass serve` against other servers of the same weights, HTTP to HTTP, at the same load on the same core: Infinity
 * with each of its engines, and FastAPI with sentence-transformers. Requests come at random moments, whether those before
 * were answered or not; servers take turns, and one that is not asked is stopped.
 *
 *   node bench/serve-peers.mjs [--peers infinity-torch,infinity-onnx,fastapi] [--loads 50,80,120,200] [--rounds 3]
 *     [--seconds 12] [--size 10] [--profile mixed] [--limit-ms 1000] [--minutes 8] [--resume] [--weights FOLDER]
 *
 * `--loads`: shares of what the peer answers when four clients ask without a pause. `--minutes`: no run is begun after that;
 * the same command with `--resume` goes on where this one stopped, and writes the tables when all is done. Servers get
 * the last core and the generator the first. bench/README.md says what must be installed.
 */
import { spawnSync } from 'node:child_process'
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { writeLineChart } from './lib/chart.mjs'
import { preparePeers } from './lib/install-peers.mjs'
import { defaultWeights } from './lib/peer-list.mjs'
import { pieces } from './lib/pieces.mjs'
import { describeMachine, oneDecimal, ratio, report, table } from './lib/report.mjs'
import { kendallTau, median, quantile } from './lib/stats.mjs'
import { contestants, startContestant } from './serve/contestants.mjs'
import { openLoop } from './serve/open-loop.mjs'

const { values: options } = parseArgs({
  options: {
    peers: { type: 'string', default: 'infinity-torch,infinity-onnx,fastapi' },
    loads: { type: 'string', default: '50,80,120,200' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '12' },
    size: { type: 'string', default: '10' },
    profile: { type: 'string', default: 'mixed' },
    'limit-ms': { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '1000' },
    resume: { type: 'boolean', default: false },
    weights: { type: 'string', default: defaultWeights() ?? 'no-weights-given' },
    name: { type: 'string', default: 'serve-peers' },
  },
})
preparePeers()
const [rounds, seconds, size, limitMs] = [options.rounds, options.seconds, options.size, options['limit-ms']].map(
  Number,
)
const loads = options.loads.split(',').map(Number)
const keys = options.peers.split(',')
const all = contestants({ weights: options.weights, limitMs })
const machine = describeMachine()
const core = machine.cores - 1
spawnSync('taskset', ['-a', '-cp', '0', String(process.pid)])

const { minutes, resume, ...what } = options
const kept = pieces(options.name, { what, resume, minutes: Number(minutes), machine })

const pools = candidateSets(options.profile, { queries: 5, size })
let asked = 0
/** A question that nobody asked before: none may be answered by the work for another. */
const body = () => {
  asked += 1
  const { query, texts } = pools[asked % pools.length]
  return JSON.stringify({ model: 'bench', query: `${query} ${asked}`, documents: texts })
}

/** Requests a second that it answers when four clients ask one after the other. */
async function capacityOf(/** @type {{ url: string }} */ { url }) {
  const headers = { 'content-type': 'application/json' }
  const endsAt = performance.now() + 1000 * Math.min(seconds, 8)
  const startedAt = performance.now()
  let answered = 0
  const client = async () => {
    while (performance.now() < endsAt) {
      const response = await fetch(url, { method: 'POST', headers, body: body() })
      await response.text()
      if (response.status === 200) answered += 1
    }
  }
  await Promise.all(Array.from({ length: 4 }, client))
  return (answered * 1000) / (performance.now() - startedAt)
}

/** Relevance of every text of a pool, in its order. */
async function scoresOf(/** @type {{ url: string }} */ { url }, { query, texts }) {
  const headers = { 'content-type': 'application/json' }
  const sent = JSON.stringify({ model: 'bench', query, documents: texts })
  const answer = await fetch(url, { method: 'POST', headers, body: sent })
  if (answer.status !== 200)
    throw new Error(`${url} answered ${answer.status} within --limit-ms: ${await answer.text()}`)
  const { results } = /** @type {{ results: { index: number, relevance_score: number }[] }} */ (await answer.json())
  const scores = new Array(texts.length)
  for (const { index, relevance_score: score } of results) scores[index] = score
  return scores
}

/** Runs what is asked with this server alone awake. */
async function awake(server, run) {
  server.goOn()
  try {
    return await run()
  } finally {
    server.rest()
  }
}

/** How both order a few pools, and what each can do at most. */
async function compare(own, peer) {
  const taus = []
  for (const pool of pools) {
    const [left, right] = [await awake(own, () => scoresOf(own, pool)), await awake(peer, () => scoresOf(peer, pool))]
    taus.push(kendallTau(left, right))
  }
  const capacity = { peer: await awake(peer, () => capacityOf(peer)), own: await awake(own, () => capacityOf(own)) }
  return { tau: median(taus), capacity, readyMs: { peer: peer.readyMs, own: own.readyMs } }
}

/** One load on both, who is first by turns; the same moments for both. */
async function bothAt(own, peer, { perSecond, round, load }) {
  const runs = {}
  for (const who of round % 2 === 0 ? ['own', 'peer'] : ['peer', 'own']) {
    const server = { own, peer }[who]
    const wanted = { url: server.url, body, perSecond, seconds, seed: 1000 * round + load, limitMs }
    const { ms, ...run } = await awake(server, () => openLoop(wanted))
    runs[who] = { ...run, ms: ms.map(Math.round), memoryMiB: server.memoryMiB() }
  }
  return runs
}

const turns = Array.from({ length: rounds }, (_, round) => loads.map((load) => ({ round, load }))).flat()
const nameOf = (/** @type {string} */ key, { round, load }) => `${key} ${load} % round ${round}`

async function against(/** @type {string} */ key) {
  const open = []
  const start = async (/** @type {string} */ which) => {
    const server = await startContestant(all[which], core)
    open.push(server)
    server.rest()
    return server
  }
  try {
    const [own, peer] = [await start('ours'), await start(key)]
    const about = await kept.piece(`${key} start`, () => compare(own, peer))
    if (about === undefined) return
    for (const turn of turns) {
      const perSecond = (about.capacity.peer * turn.load) / 100
      await kept.piece(nameOf(key, turn), () => bothAt(own, peer, { ...turn, perSecond }))
    }
  } finally {
    await Promise.all(open.map((server) => server.end()))
  }
}

for (const key of keys) {
  if (turns.every((turn) => kept.done.has(nameOf(key, turn)))) continue
  // Servers of torch take a while to start: not at all when there is no time left to ask them.
  await against(key)
}
if (kept.left() > 0) kept.stop()
else await tell()

/** The runs at one load, over all rounds. */
function pooled(/** @type {string} */ key, /** @type {number} */ load, /** @type {'own' | 'peer'} */ who) {
  const runs = Array.from({ length: rounds }, (_, round) => kept.done.get(nameOf(key, { round, load }))[who])
  const ms = runs.flatMap((one) => one.ms).sort((a, b) => a - b)
  const middle = (of) => median(runs.map((one) => one[of]))
  return {
    p50: quantile(ms, 0.5),
    p95: quantile(ms, 0.95),
    p99: quantile(ms, 0.99),
    p95s: runs.map((one) =>
      quantile(
        [...one.ms].sort((a, b) => a - b),
        0.95,
      ),
    ),
    perSecond: runs[0].perSecond,
    goodput: middle('goodput'),
    memoryMiB: middle('memoryMiB'),
    refused: runs.reduce((sum, one) => sum + one.refused, 0),
    failed: runs.reduce((sum, one) => sum + one.failed, 0),
    sent: runs.reduce((sum, one) => sum + one.sent, 0),
  }
}

async function tell() {
  const cells = (/** @type {ReturnType<typeof pooled>} */ one) => [
    one.goodput.toFixed(1),
    ...['p50', 'p95', 'p99'].map((key) => (Number.isNaN(one[key]) ? '-' : one[key].toFixed(0))),
    `${one.refused} + ${one.failed} of ${one.sent}`,
    one.memoryMiB.toFixed(0),
  ]
  const compared = keys.map((key) => {
    const { tau, capacity, readyMs } = kept.done.get(`${key} start`)
    const rows = loads.map((load) => {
      const [own, peer] = [pooled(key, load, 'own'), pooled(key, load, 'peer')]
      const ratios = own.p95s.map((one, round) => peer.p95s[round] / one)
      return { load, own, peer, ratio: peer.p95 / own.p95, least: Math.min(...ratios), most: Math.max(...ratios) }
    })
    return { key, name: all[key].name, tau, capacity, readyMs, rows }
  })
  const tables = compared.map(({ name, tau, capacity, readyMs, rows }) => {
    const lines = rows.flatMap(({ load, own, peer, ratio: p95, least, most }) => [
      [`${oneDecimal(own.perSecond)} (${load} %)`, all.ours.name, ...cells(own), '1'],
      ['', name, ...cells(peer), `${ratio(p95)} (${ratio(least)} - ${ratio(most)})`],
    ])
    const heads = [
      'requests a second',
      'server',
      'in time a second',
      'p50 ms',
      'p95 ms',
      'p99 ms',
      'refused + failed',
      'MiB',
      'p95, against ours',
    ]
    return [
      `${name}: at most ${oneDecimal(capacity.peer)} requests a second, ours ${oneDecimal(capacity.own)}; ready after ${(readyMs.peer / 1000).toFixed(1)} s, ours ${(readyMs.own / 1000).toFixed(1)} s; tau of the order ${tau.toFixed(3)}`,
      table(heads, lines),
    ].join('\n\n')
  })
  const intro = `Open loop (Poisson), ${size} passages a request, profile "${options.profile}", ${rounds} rounds of ${seconds} s; in time: within ${limitMs} ms; one core for the server, another for the generator; percentiles of what was answered with scores`
  report(options.name, { machine: kept.machine, tables: [intro, ...tables], options: what, compared })
  const points = (/** @type {'own' | 'peer'} */ who, rows) =>
    rows.map((one) => [one[who].perSecond, one[who].goodput]).sort(([left], [right]) => left - right)
  const ownRows = compared.flatMap(({ rows }) => rows)
  await writeLineChart(options.name, {
    title: `Requests answered within ${limitMs} ms, by what is asked`,
    note: `${size} passages a request, the same weights, one core (${kept.machine.cpu})`,
    x: { title: 'requests a second that arrive' },
    y: { title: 'requests a second answered in time' },
    series: [
      { name: all.ours.name, points: points('own', ownRows) },
      ...compared.map(({ name, rows }) => ({ name, points: points('peer', rows) })),
    ],
  })
}
