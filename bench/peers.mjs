/**
 * How long other libraries take for what we do: same weights, same candidates, one core, turn by turn. The weights are those
 * of a stock BERT, which all can run; what the bundled model takes is a row of its own.
 *
 *   node bench/peers.mjs --set-up --weights FOLDER           installs the peers and writes the files that all run
 *   node bench/peers.mjs [--sweeps mixed,longtail,candidates,tokens,passages,cores,models] [--peers tjs-q8,flashrank-q8]
 *                        [--queries 5] [--repeats 2] [--most 10000] [--against int8|fp32|seen] [--instructions all|avx2]
 *                        [--core 1] [--text xquad-en] [--weights FOLDER] [--minutes 8] [--resume] [--name peers]
 *
 * Sweeps are the profiles of lengths (mixed, narrow, short, longtail), 10 to 10,000 candidates, 32 to 512 tokens, 100
 * passages of 128 tokens, 1 and 2 cores, models of 2 to 12 layers and XLM-R. Every peer is scored next to our int8 graph of
 * the same weights, or, with `--against fp32`, our exact one, or, with `seen`, the bundled model, which then knows every
 * passage from another question; its numbers are checked against our exact graph. `--minutes`: nothing is begun after that;
 * the same command with `--resume` goes on. `--instructions avx2` hides from all what newer processors have.
 */
import { parseArgs } from 'node:util'
import { agreement } from './lib/agreement.mjs'
import { writeLineChart } from './lib/chart.mjs'
import { preparePeers, setUpPeers } from './lib/install-peers.mjs'
import { instructionsShown } from './lib/instructions.mjs'
import { casesOf, sweeps } from './lib/peer-cases.mjs'
import { defaultWeights, ours, peerList } from './lib/peer-list.mjs'
import { startPeer, timeSideBySide } from './lib/peer-process.mjs'
import { pieces } from './lib/pieces.mjs'
import { describeMachine, oneDecimal, ratio, report, table } from './lib/report.mjs'
import { bootstrap95, median, straightLine } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    'set-up': { type: 'boolean', default: false },
    sweeps: {
      type: 'string',
      default: sweeps.join(','),
    },
    peers: { type: 'string' },
    queries: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '2' },
    most: { type: 'string', default: '10000' },
    against: { type: 'string', default: 'int8' },
    instructions: { type: 'string', default: 'all' },
    core: { type: 'string', default: '1' },
    text: { type: 'string' },
    weights: { type: 'string', default: defaultWeights() ?? 'no-weights-given' },
    minutes: { type: 'string', default: '1000' },
    resume: { type: 'boolean', default: false },
    name: { type: 'string', default: 'peers' },
  },
})
const { 'set-up': isSetUp, minutes, resume, ...what } = options
if (isSetUp) {
  setUpPeers(options.weights)
  process.exit(0)
}
preparePeers()
const { env, shown } = instructionsShown(options.instructions)
const kept = pieces(options.name, { what, resume, minutes: Number(minutes), machine: shown(describeMachine()) })
const cases = options.sweeps
  .split(',')
  .flatMap((sweep) =>
    casesOf(sweep, { queries: Number(options.queries), most: Number(options.most), text: options.text }),
  )
const nameOf = (/** @type {import('./lib/peer-cases.mjs').PeerCase} */ { sweep, at }) => `${sweep} ${at}`

/** Our exact logits are only needed for pools that can be compared by hand. */
const compared = 100

/** A process that is started when it is first needed, and ended if it was. */
function lazily(/** @type {Parameters<typeof startPeer>[0]} */ description, { threads }) {
  const core = threads === 1 ? options.core : Array.from({ length: threads }, (_, at) => at).join(',')
  let started
  const start = async () => {
    const peer = await startPeer({ ...description, core, threads, env })
    // Code is compiled, and memory allocated, by what runs first.
    try {
      for (const set of casesOf('mixed', { queries: 1, most: 20 })[0].sets)
        await peer.score(set.query, set.texts.slice(0, 20))
      return peer
    } catch (error) {
      // Nobody else knows of it, and while it lives this process does not end.
      peer.close()
      throw error
    }
  }
  return { get: () => (started ??= start()), end: async () => (await started)?.close() }
}

/** One peer beside ours on the questions of one case. */
async function timed(peer, own, one, logits, precision) {
  const [left, right] = [await peer.get(), await own.get()]
  const repeats = one.candidates > 1000 ? 1 : Number(options.repeats)
  const runs = []
  for (const set of one.sets) runs.push(await timeSideBySide(left, right, set, repeats))
  const check =
    logits === undefined
      ? undefined
      : agreement(
          { precision, scale: left.about.scale },
          one.sets,
          logits,
          runs.map(({ scores }) => scores),
        )
  const timings = runs.map(({ scores: _, ...timing }) => timing)
  return { versions: left.about.versions, check, timings }
}

async function exactLogits(exact, one) {
  if (one.candidates > compared) return undefined
  return kept.piece(`${nameOf(one)} exact`, async () => {
    const logits = []
    for (const { query, texts } of one.sets) logits.push((await (await exact.get()).score(query, texts)).scores)
    return logits
  })
}

/** Peers over cases of one model and so many threads; one that cannot be started is a row that says so. */
async function measure(model, group) {
  const [{ threads }] = group
  const [own, exact] = [options.against, 'fp32'].map((which) =>
    lazily(ours(model, options.weights)[which], { threads }),
  )
  for (const [key, description] of chosenPeers(model)) {
    const peer = lazily(description, { threads })
    for (const one of group) {
      if (!isAsked(description, one)) continue
      const logits = await exactLogits(exact, one)
      if (kept.left() > 0) break
      await kept.piece(`${nameOf(one)} ${key}`, () =>
        timed(peer, own, one, logits, description.precision).catch((error) => ({
          failed: error.message.split('\n').at(-1),
        })),
      )
    }
    await peer.end().catch(() => {})
  }
  await Promise.all([own.end(), exact.end()])
}

const chosenPeers = (/** @type {string} */ model) =>
  Object.entries(peerList(model, options.weights)).filter(
    ([key]) => options.peers === undefined || options.peers.split(',').includes(key),
  )
const isAsked = ({ usual, most = Infinity, precision }, one) =>
  (usual || !one.isUsual || options.peers !== undefined) &&
  one.candidates <= most &&
  // The bundled model is what it is, whatever the others are given.
  (precision !== 'another model' || one.model === 'stock')

for (const key of new Set(cases.map(({ model, threads }) => `${model} ${threads}`))) {
  const group = cases.filter(({ model, threads }) => `${model} ${threads}` === key)
  await measure(group[0].model, group)
}
if (kept.left() > 0) kept.stop()
else await tell()

/** What is known of one peer and case: ratios of turns, medians and memory. */
function summary(one, key) {
  const found = kept.done.get(`${nameOf(one)} ${key}`)
  if (found === undefined || found.failed !== undefined) return found
  const turns = found.timings.flatMap((timing) => timing.turns)
  const middle = (of) => median(turns.map((turn) => turn[of]))
  const ratios = (peer, own) => turns.map((turn) => turn[peer] / turn[own])
  const [byCpu, byClock] = [ratios('peerCpuMs', 'oursCpuMs'), ratios('peerMs', 'oursMs')]
  return {
    ...found,
    peerMs: middle('peerMs'),
    oursMs: middle('oursMs'),
    oursCpuMs: middle('oursCpuMs'),
    cpuRatio: median(byCpu),
    cpuInterval: bootstrap95(byCpu),
    clockRatio: median(byClock),
    clockInterval: bootstrap95(byClock),
    peerMiB: found.timings.at(-1).peerMiB,
    oursMiB: found.timings.at(-1).oursMiB,
  }
}

function row(one, key, { name }) {
  const found = summary(one, key)
  if (found === undefined) return undefined
  if (found.failed !== undefined) return [one.at, name, ...Array(6).fill('-'), `not run: ${found.failed}`]
  const between = ([least, most]) => `${ratio(least)} - ${ratio(most)}`
  return [
    one.at,
    name,
    oneDecimal(found.peerMs),
    oneDecimal(found.oursMs),
    ratio(found.cpuRatio),
    between(found.cpuInterval),
    `${ratio(found.clockRatio)} (${between(found.clockInterval)})`,
    `${found.peerMiB?.toFixed(0)} / ${found.oursMiB?.toFixed(0)}`,
    found.check?.text ?? 'not compared',
  ]
}

/** Time of our own by tokens, and memory by candidates: from the turns beside all peers. */
function aboutOurs() {
  const ofOurs = (sweep, of) =>
    cases
      .filter((one) => one.sweep === sweep)
      .map((one) => {
        const all = chosenPeers(one.model)
          .map(([key]) => summary(one, key))
          .filter((found) => found?.timings !== undefined)
        return [one, all.length === 0 ? NaN : of(all, one)]
      })
      .filter(([, value]) => Number.isFinite(value))
  const perPair = ofOurs('tokens', (all, one) => median(all.map(({ oursCpuMs }) => oursCpuMs)) / one.candidates)
  const memory = ofOurs('candidates', (all) => Math.max(...all.map(({ oursMiB }) => oursMiB)))
  const lines = []
  if (perPair.length > 2) {
    const { slope, intercept, r2 } = straightLine(perPair.map(([{ at }, ms]) => [Number(at), ms]))
    lines.push(
      `Our cost of a pair: ${(slope * 1000).toFixed(1)} µs a token and ${(intercept * 1000).toFixed(0)} µs, R² ${r2.toFixed(4)} of a straight line (processor time; ${perPair.map(([{ at }, ms]) => `${at}: ${ms.toFixed(2)} ms`).join(', ')})`,
    )
  }
  if (memory.length > 1)
    lines.push(
      `Our memory at its highest, by candidates: ${memory.map(([{ at }, mib]) => `${at}: ${mib.toFixed(0)} MiB`).join(', ')}`,
    )
  return lines
}

async function tell() {
  const heads = [
    '',
    'peer',
    'median ms',
    'ours ms',
    'ratio by CPU time',
    '95 %',
    'by the clock',
    'MiB, peer / ours',
    'scores against our fp32',
  ]
  const tables = options.sweeps.split(',').map((sweep) => {
    const own = cases.filter((one) => one.sweep === sweep)
    const rows = own.flatMap((one) => chosenPeers(one.model).map(([key, peer]) => row(one, key, peer))).filter(Boolean)
    const asked = own[0].sets.length > 1 ? `${own[0].sets.length} questions` : 'one question'
    return `${sweep}: ${asked}, ours = ${ours('stock', options.weights)[options.against].name}\n\n${table(heads, rows)}`
  })
  const measured = cases
    .flatMap((one) =>
      chosenPeers(one.model).map(([key, { name }]) => {
        const { sweep, at, candidates, model, threads } = one
        return { sweep, at, candidates, model, threads, key, peer: name, ...summary(one, key) }
      }),
    )
    .filter((one) => one.timings !== undefined || one.failed !== undefined)
  report(options.name, { machine: kept.machine, tables: [...tables, ...aboutOurs()], options: what, measured })
  await draw(measured)
}

/** Time by number of candidates. */
async function draw(measured) {
  const some = measured.filter(
    ({ sweep, failed, key }) => sweep === 'candidates' && failed === undefined && key !== 'bundled',
  )
  const names = [...new Set(some.map(({ peer }) => peer))]
  const sizes = [...new Set(some.map(({ candidates }) => candidates))]
  // One point is no line.
  if (sizes.length < 2) return
  const oursAt = (size) => median(some.filter(({ candidates }) => candidates === size).map(({ oursMs }) => oursMs))
  const { cpu, instructions } = kept.machine
  await writeLineChart(options.name, {
    title: 'Time to rerank, by number of candidates',
    note: `the same weights, 64 tokens a pair, one core: ${cpu} (${instructions.join(', ')})`,
    x: { title: 'candidates', log: true },
    y: { title: 'milliseconds', log: true },
    series: [
      { name: `secondpass ${options.against}`, points: sizes.map((size) => [size, oursAt(size)]) },
      ...names.map((name) => ({
        name,
        points: some.filter(({ peer }) => peer === name).map(({ candidates, peerMs }) => [candidates, peerMs]),
      })),
    ],
  })
}
