/** Short tables from bench/results/NAME.json, whose full ones stand in NAME.md beside it. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'
import { machineLine } from '../lib/report.mjs'
import { mean, median } from '../lib/stats.mjs'
import { pageTable } from './table.mjs'

/** @param {string} name */
const result = (name) => JSON.parse(readFileSync(join(paths.results, `${name}.json`), 'utf8'))
const percent = (/** @type {number} */ share) => `${Math.round(share * 100)} %`

/** How many times longer the others take, in processor time. */
export function peers() {
  const { machine, measured } = result('peers')
  // Runs from before there were sweeps have profiles, and a ratio for each timing.
  const inProfile = measured
    .map((one) => ({ ...one, profile: one.sweep ?? one.profile }))
    .filter(({ profile, check }) => ['mixed', 'longtail'].includes(profile) && check !== undefined)
  const names = [...new Set(inProfile.map(({ peer }) => peer))]
  const ratio = (peer, profile) => {
    const found = inProfile.find((one) => one.peer === peer && one.profile === profile)
    if (found === undefined) return '-'
    return `${(found.cpuRatio ?? median(found.timings.map(({ cpuRatio }) => cpuRatio))).toFixed(1)}x`
  }
  const agreement = (peer) => inProfile.find((one) => one.peer === peer).check.text
  const rows = names.map((peer) => [peer, ratio(peer, 'mixed'), ratio(peer, 'longtail'), agreement(peer)])
  return [
    pageTable(['the same weights in', '43 to 314 tokens', 'long-tailed lengths', 'scores against exact ones'], rows),
    `${machineLine(machine)}.`,
  ].join('\n\n')
}

/** Start, memory and the event loop. */
export function runtime() {
  const { machine, runs } = result('cold-start')
  const middle = (name, of) => median(runs[name].map(of))
  const [ours, snippet] = ['secondpass', 'transformers.js snippet q8']
  const both = (of, unit) => [ours, snippet].map((name) => `${middle(name, of).toFixed(0)} ${unit}`)
  const { measured, options, machine: loopMachine } = result('event-loop')
  const [[profile, byWorkers]] = Object.entries(measured)
  const pause = (workers) => `${Math.max(...byWorkers[workers].map(({ longestMs }) => longestMs)).toFixed(0)} ms`
  const wall = (workers) => median(byWorkers[workers].map(({ ms }) => ms))
  const rows = [
    ['process start to first score', ...both(({ ms }) => ms.scored, 'ms')],
    ['memory at its highest', ...both(({ peakMiB }) => peakMiB, 'MiB')],
    ['longest pause of the event loop, in the calling thread', pause(0), 'a whole batch'],
    ['the same with 1 worker', pause(1), '-'],
    ['the same with 2 workers', pause(2), '-'],
    ['throughput of 2 workers against 1', `${(wall(1) / wall(2)).toFixed(2)}x`, '-'],
  ]
  return [
    pageTable(['', 'secondpass', 'transformers.js snippet, q8'], rows),
    `Start and memory: ${machineLine(machine)}. Pauses and throughput: ${options.size} candidates, profile "${profile}", ${machineLine(loopMachine)}.`,
  ].join('\n\n')
}

/** A server with too much to do, in multiples of what one call or pair takes there: machines differ, and are shared. */
export function serverUnderLoad() {
  const { machine, measured, options } = result('server')
  const row = (/** @type {string} */ what, of) => [what, ...measured.map(of)]
  const times = (/** @type {number} */ value) => `${value.toFixed(1)}x`
  const rows = [
    ...measured[0].beside.map(({ calls }, at) =>
      row(`\`/health\` beside ${calls} call${calls > 1 ? 's' : ''}, median, against one pair`, ({ beside, alone }) =>
        times((beside[at].medianMs / alone.ms) * Number(options.size)),
      ),
    ),
    row('200 calls with a deadline of 1 s: the last answer after it', ({ deadline }) =>
      deadline.latestMs < 1000 ? 'before it' : `${(deadline.latestMs - 1000).toFixed(0)} ms`,
    ),
    row('14 calls with time for 8: ranked', ({ goodput }) => String(goodput.ranked)),
    row(`${options.flood} calls at once: the first answer, against one call`, ({ flood, alone }) =>
      times(flood.firstMs / alone.ms),
    ),
    row('of those refused at once, by `maxQueued`', ({ flood }) => String(flood.outcomes.overloaded ?? 0)),
    row('memory that they take', ({ flood }) => `${flood.grewMiB.toFixed(0)} MiB`),
  ]
  const heads = measured.map(({ workers }) => (workers === 0 ? 'in the calling thread' : `${workers} worker`))
  return [pageTable(['', ...heads], rows), `Calls of ${options.size} passages. ${machineLine(machine)}.`].join('\n\n')
}

/** What `secondpass serve` does with a second of processor time, and with more than it can do. */
export function serve() {
  const { machine, rates, measured, options, ready } = result('serve')
  const perCore = rates.map(({ model, tokens, passagesPerCpuSecond }) => [
    `\`${model}\``,
    String(tokens),
    passagesPerCpuSecond.toFixed(0),
  ])
  const runsAt = (/** @type {number} */ share) => measured.map(({ runs }) => runs.find((run) => run.share === share))
  const goodput = (/** @type {number} */ share) =>
    median(runsAt(share).map((run, round) => run.goodput / runsAt(100)[round].goodput))
  const middle = (/** @type {number} */ share, key) => median(runsAt(share).map((run) => run[key]))
  const loads = (measured[0]?.runs ?? []).map(({ share }) => [
    `${share} %`,
    `${Math.round(100 * goodput(share))} %`,
    `${Math.round((100 * middle(share, 'refused')) / Math.max(1, middle(share, 'sent')))} %`,
    ...['p50', 'p95'].map((key) => `${(middle(share, key) / 1000).toFixed(2)} s`),
    `${middle(share, 'rssMiB').toFixed(0)} MiB`,
  ])
  const underLoad = [
    `More requests than can be done (${options.size} passages each, \`--deadline-ms ${options['deadline-ms']}\`, open loop; a load of 100 % is what the server answers when eight clients ask without a pause):`,
    pageTable(['load', 'answered, of that at 100 %', 'refused at once', 'p50', 'p95', 'memory'], loads),
  ]
  return [
    'Passages that one core scores in a second, with HTTP and tokens; a second core nearly doubles it (`--workers 2`):',
    pageTable(['model', 'tokens of query and passage', 'passages a second'], perCore),
    ...(loads.length === 0 ? [] : underLoad),
    `From the command to ready: ${median(ready.map(({ readyCpuMs }) => readyCpuMs)).toFixed(0)} ms of processor time, ${median(ready.map(({ readyMs }) => readyMs)).toFixed(0)} ms by the clock. ${machineLine(machine)}.`,
  ].join('\n\n')
}

/** `secondpass serve` beside other servers of the same weights, at equal load. */
export function servePeers() {
  const { machine, compared, options } = result('serve-peers')
  const rows = compared.flatMap(({ name, rows: loads }) =>
    loads.map(({ load, own, peer, ratio }, at) => [
      at === 0 ? name : '',
      `${own.perSecond.toFixed(1)} (${load} %)`,
      ...[own, peer].map(({ p50, p95 }) => `${p50}, ${p95} ms`),
      (1 / ratio).toFixed(2),
      ...[own, peer].map(({ goodput }) => goodput.toFixed(1)),
      ...[own, peer].map(({ memoryMiB }) => memoryMiB.toFixed(0)),
    ]),
  )
  const heads = ['beside', 'requests a second', 'p50, p95 of ours', 'of theirs', 'p95 of ours / theirs']
  const more = ['in time a second, ours', 'theirs', 'MiB, ours', 'theirs']
  return [
    pageTable([...heads, ...more], rows),
    `${options.size} passages a request (profile "${options.profile}"), requests at random moments whether those before were answered or not, one core for the server and another for who asks; in brackets the share of what the other server can answer; in time: within ${options['limit-ms']} ms. ${machineLine(machine)}.`,
  ].join('\n\n')
}

/** What a worker costs. */
export function aWorker() {
  const { machine, scripts, calls, options } = result('workers')
  const row = (/** @type {string} */ what, list, key, unit) => {
    const [inside, beside] = [0, 1].map((workers) => median(list[workers].map((one) => one[key])))
    return [what, `${inside.toFixed(0)} ${unit}`, `${beside.toFixed(0)} ${unit}`, `${(beside / inside).toFixed(2)}x`]
  }
  const rows = [
    row('process start to the first score', scripts, 'scoredMs', 'ms'),
    row('a short script, to its end', scripts, 'endedMs', 'ms'),
    row('its memory at the highest', scripts, 'peakMiB', 'MiB'),
    row('memory of a server, after calls', calls, 'rssMiB', 'MiB'),
    row(`one call of ${options.size}`, calls, 'aloneMs', 'ms'),
    row('16 calls at once, to the last', calls, 'allMs', 'ms'),
  ]
  return [pageTable(['', 'in the calling thread', '1 worker', 'ratio'], rows), `${machineLine(machine)}.`].join('\n\n')
}

/** What the English model does to other languages, and which questions are left alone. */
export function languages() {
  const { machine, measured, options } = result('languages')
  const three = (/** @type {number} */ value) => value.toFixed(3)
  const rows = measured.map(({ set, questions, skipped, ndcgAt10: { bm25, model, blend, ...rest } }) => [
    set,
    String(questions),
    ...[bm25, model, blend, rest.default].map(three),
    percent(skipped / questions),
  ])
  return [
    pageTable(['set', 'questions', 'BM25', 'model alone', 'blend', 'default', 'left alone'], rows),
    `nDCG@10 over BM25's top ${options.depth}. ${machineLine(machine)}.`,
  ].join('\n\n')
}

/** What windows of long texts are worth, and what they cost. */
export function longTexts() {
  const { machine, measured, options } = result('long-texts')
  const rows = measured.map(({ way, alone, blended, windows, tokens }) => [
    way,
    windows.toFixed(1),
    tokens.toFixed(0),
    mean(alone).toFixed(3),
    mean(blended).toFixed(3),
  ])
  const { together, depth } = options
  return [
    pageTable(['what is read of each text', 'windows', 'tokens', 'nDCG@10, model alone', 'default blend'], rows),
    `${measured[0].alone.length} questions about CovidQA's articles, cut into texts of ${together} passages (about 1,500 words), over BM25's top ${depth} (\`node bench/long-texts.mjs\`). The questions were written by people who read the article, and share words with it. ${machineLine(machine)}.`,
  ].join('\n\n')
}

const collectionNames = { 'nq-clapnq': 'NQ (CLAPnq)', wikiqa: 'WikiQA', pubmedqa: 'PubMedQA', covidqa: 'CovidQA' }

/** Where there are enough questions for at least one promise; the other sets only get a refusal. */
export function calibration() {
  const { measured, scorer, machine } = result('calibration')
  const answered = measured.filter(({ rows }) => rows.some(({ outcomes }) => outcomes.promised > 0))
  const rows = answered.flatMap(({ set, questions, rows: limits }) =>
    limits.map((row, at) => {
      const { maxLoss, outcomes, draws, everyLoss, sentence, skipRate, loss } = row
      const refused = outcomes['too-few-queries'] === draws
      return [
        at === 0 ? `${collectionNames[set] ?? set}, ${questions}` : '',
        at === 0 ? everyLoss.toFixed(3) : '',
        String(maxLoss),
        refused
          ? `needs at least ${/at least (\d+) queries/.exec(sentence)[1]}`
          : `promised in ${outcomes.promised} of ${draws}`,
        refused ? '-' : percent(skipRate),
        refused ? '-' : loss.toFixed(4),
      ]
    }),
  )
  return [
    pageTable(['questions', 'lost when all is skipped', '`maxLoss`', 'answer', 'skipped', 'held-out loss'], rows),
    `${scorer}, blended. ${machineLine(machine)}.`,
  ].join('\n\n')
}

/** What turns text into tokens, and how long that takes. */
export function tokenizers() {
  const { machine, rows: measured, size } = result('tokenizers')
  const cell = (/** @type {{ ms: number, cpuMs: number } | undefined} */ figures) =>
    figures === undefined ? '-' : `${figures.ms.toFixed(0)} (${figures.cpuMs.toFixed(0)})`
  const rows = measured.map(({ name, figures: { wordpiece, rust, javascript, library } }) => [
    name,
    ...[wordpiece, rust, javascript, library].map(cell),
    `${((wordpiece ?? rust).cpuMs / library.cpuMs).toFixed(2)}x`,
  ])
  const heads = [
    'tokenizer of',
    'WordPiece',
    '`tokenizers`',
    'JavaScript, as here',
    '`@huggingface/tokenizers` alone',
    'what serves in Node.js / that',
  ]
  const note = `Milliseconds for ${size} passages of about 90 words, in brackets of processor time, medians; the last column by processor time. Small vocabularies trained for the tests. ${machineLine(machine)}.`
  return [pageTable(heads, rows), note].join('\n\n')
}
