/**
 * How long other libraries take for what we do: same weights, same candidates, one thread, one core, turn by turn. The
 * weights are those of a stock BERT, which all can run; what the bundled model takes is a row of its own.
 *
 *   node bench/peers.mjs [--profiles mixed,short] [--peers tjs-q8,flashrank-q8] [--queries 5] [--repeats 2]
 *                        [--against int8|fp32] [--core 1] [--text xquad-en] [--weights FOLDER] [--name peers]
 *
 * Every peer is scored next to our int8 graph of the same weights (or, with `--against fp32`, our exact one) and its
 * numbers are checked against our exact one. bench/README.md says what must be there.
 */
import { parseArgs } from 'node:util'
import { candidateSets, profiles } from './candidates.mjs'
import { agreement } from './lib/agreement.mjs'
import { preparePeers } from './lib/install-peers.mjs'
import { defaultWeights, ours, peerList } from './lib/peer-list.mjs'
import { startPeer, timeSideBySide } from './lib/peer-process.mjs'
import { describeMachine, oneDecimal, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    profiles: { type: 'string', default: Object.keys(profiles).join(',') },
    peers: { type: 'string' },
    queries: { type: 'string', default: '5' },
    repeats: { type: 'string', default: '2' },
    against: { type: 'string', default: 'int8' },
    core: { type: 'string', default: '1' },
    text: { type: 'string' },
    weights: { type: 'string', default: defaultWeights() ?? 'no-weights-given' },
    name: { type: 'string', default: 'peers' },
  },
})
const machine = describeMachine()
preparePeers()
const core = Number(options.core)
const chosen = Object.entries(peerList(options.weights)).filter(
  ([key]) => options.peers === undefined || options.peers.split(',').includes(key),
)

/** All sets with our fp32 logits, by profile. */
async function referenceSets() {
  const exact = await startPeer({ ...ours.fp32, core })
  const byProfile = {}
  for (const profile of options.profiles.split(',')) {
    const sets = candidateSets(profile, {
      queries: Number(options.queries),
      ...(options.text && { text: options.text }),
    })
    const logits = []
    for (const { query, texts } of sets) logits.push((await exact.score(query, texts)).scores)
    byProfile[profile] = { sets, logits }
  }
  exact.close()
  return byProfile
}

async function runPeer(peer, own, profile, { sets, logits }) {
  await peer.score('warm up', ['a first run allocates what later runs use'])
  const runs = []
  for (const set of sets) {
    runs.push(await timeSideBySide(peer, own, set, Number(options.repeats)))
    console.error(
      `${profile} · ${peer.name}: ${oneDecimal(runs.at(-1).peerMs)} ms, ours ${oneDecimal(runs.at(-1).oursMs)} ms`,
    )
  }
  const check = agreement(
    { precision: peer.precision, scale: peer.about.scale },
    sets,
    logits,
    runs.map((run) => run.scores),
  )
  const timings = runs.map(({ scores: _, ...timing }) => timing)
  return { profile, peer: peer.name, versions: peer.about.versions, check, timings }
}

/** One peer over its profiles; a peer that cannot be started is a row that says so. */
async function measure([, description], own, byProfile) {
  const rows = []
  const wanted = Object.keys(byProfile).filter(
    (profile) => description.usual || profile === 'mixed' || options.peers !== undefined,
  )
  let peer
  try {
    peer = { ...description, ...(await startPeer({ ...description, core })) }
    for (const profile of wanted) rows.push(await runPeer(peer, own, profile, byProfile[profile]))
  } catch (error) {
    console.error(error.message)
    rows.push({ profile: wanted[rows.length], peer: description.name, failed: error.message.split('\n').at(-1) })
  }
  peer?.close()
  return rows
}

function row({ peer, timings, check, failed }) {
  if (failed !== undefined) return [peer, '-', '-', '-', '-', '-', `not run: ${failed}`]
  const ratios = timings.map((timing) => timing.ratio)
  const range = `${ratio(Math.min(...ratios))} - ${ratio(Math.max(...ratios))}`
  const [peerMs, oursMs] = ['peerMs', 'oursMs'].map((key) => oneDecimal(median(timings.map((timing) => timing[key]))))
  return [
    peer,
    peerMs,
    oursMs,
    ratio(median(ratios)),
    range,
    ratio(median(timings.map((timing) => timing.cpuRatio))),
    check.text,
  ]
}

const byProfile = await referenceSets()
const own = { ...ours[options.against], ...(await startPeer({ ...ours[options.against], core })) }
await own.score('warm up', ['a first run allocates what later runs use'])
const measured = []
for (const entry of chosen) measured.push(...(await measure(entry, own, byProfile)))
own.close()

const heads = ['peer', 'median ms', 'ours ms', 'ratio', 'least - most', 'by CPU time', 'scores against our fp32']
const tables = Object.keys(byProfile).map((profile) => {
  const rows = measured.filter((one) => one.profile === profile).map(row)
  return `${profile}: 100 candidates, ${options.queries} questions, ours = ${own.name}\n\n${table(heads, rows)}`
})
report(options.name, { machine, tables, options, ours: { name: own.name, ...own.about }, measured })
