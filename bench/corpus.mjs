/**
 * What it takes to read a corpus ahead: `secondpass encode` over many passages of 128 tokens, killed twice on its way and
 * started again; bytes and processor time a passage, memory as the corpus grows, and whether passages found in the file
 * score as those that are read, to the bit.
 *
 *   node bench/corpus.mjs [--passages 100000] [--kills 2] [--compared 100] [--keep FOLDER] [--name corpus]
 *
 * The passages are invented and no two alike. `--keep` leaves corpus and file there; otherwise both are removed.
 */
import { spawn } from 'node:child_process'
import {
  createReadStream,
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { pipeline } from 'node:stream/promises'
import { setTimeout as after } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { inventedTopic } from './lib/invented.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'
import { cutToTokens } from './lib/texts.mjs'

const { values: options } = parseArgs({
  options: {
    passages: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '2' },
    compared: { type: 'string', default: '100' },
    keep: { type: 'string' },
    name: { type: 'string', default: 'corpus' },
  },
})
const [passages, kills, compared] = [options.passages, options.kills, options.compared].map(Number)
const machine = describeMachine()
const { createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))
const cli = requirePath(join(paths.root, 'packages/cli/dist/bin.js'), 'run `pnpm build`')
const TOKENS = 128

const folder = options.keep ?? mkdtempSync(join(tmpdir(), 'secondpass-corpus-'))
mkdirSync(folder, { recursive: true })
const [corpus, encoded] = ['corpus.jsonl', 'corpus.documents'].map((name) => join(folder, name))

const random = seededRandom(31)
const topics = Array.from({ length: 16 }, (_, position) => inventedTopic(random, position))
/** A passage of about 128 tokens, cut beside a question of no words, which adds one. */
function newPassage(/** @type {number} */ at) {
  function* sentences() {
    yield `Note ${at}.`
    yield* topics[at % topics.length].paragraph()
  }
  return cutToTokens('', sentences(), TOKENS + 1)
}
function* lines() {
  for (let at = 0; at < passages; at += 1) yield `${JSON.stringify({ id: String(at), text: newPassage(at) })}\n`
}
if (!existsSync(corpus)) await pipeline(lines, createWriteStream(corpus))

/** Bytes that are written so far, wherever they stand. */
const written = () =>
  ['', '.part'].reduce((sum, end) => sum + (statSync(encoded + end, { throwIfNoEntry: false })?.size ?? 0), 0)

/** What Linux says of a process: resident memory and processor time of all its threads. */
function stateOf(/** @type {number} */ pid) {
  try {
    const kib = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ')
    return { mib: kib / 1024, cpuMs: 10 * (Number(fields[11]) + Number(fields[12])) }
  } catch {
    return undefined
  }
}

const samples = []
let cpuMs = 0
/** Runs until it has ended, or until so much is written, and is killed then. */
async function encodeUntil(/** @type {number} */ bytes) {
  const child = spawn(process.execPath, [cli, 'encode', corpus, '--out', encoded, '--json'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let said = ''
  child.stdout.on('data', (part) => (said += part))
  const ended = new Promise((resolve) => child.once('exit', resolve))
  const abort = new AbortController()
  let last = { mib: 0, cpuMs: 0 }
  const watching = (async () => {
    while (!abort.signal.aborted) {
      await after(2000, undefined, { signal: abort.signal }).catch(() => {})
      last = stateOf(child.pid) ?? last
      samples.push({ bytes: written(), mib: last.mib })
      if (written() >= bytes) child.kill('SIGKILL')
    }
  })()
  const code = await ended
  abort.abort()
  await watching
  cpuMs += last.cpuMs
  console.error(`${written()} bytes, ${code === null ? 'killed' : `ended with ${code}`}`)
  return { code, said }
}

const guess = 43_000 * passages
const cuts = Array.from({ length: kills }, (_, at) => ((at + 1) * guess) / (kills + 1.5))
for (const cut of cuts) await encodeUntil(cut)
const { code, said } = await encodeUntil(Infinity)
if (code !== 0) throw new Error(`secondpass encode ended with ${code}`)
const bytes = statSync(encoded).size

/** Passages of the whole corpus, evenly. */
async function some() {
  const texts = []
  const step = Math.max(1, Math.floor(passages / compared))
  let at = 0
  for await (const line of createInterface({ input: createReadStream(corpus) })) {
    if (at % step === 0) texts.push(JSON.parse(line).text)
    at += 1
  }
  return texts
}
const texts = await some()
const rerankers = [crossEncoder({ passageCacheMiB: 0 }), crossEncoder({ passageCacheMiB: 0, store: encoded })].map(
  (scorer) => createReranker({ scorer, blend: false, skip: false }),
)
const [read, found] = await Promise.all(rerankers.map((one) => one.rerank(topics[0].query, texts)))
const scores = ({ results }) => JSON.stringify(results.map(({ index, score, logit }) => [index, score, logit]))
const same = scores(read) === scores(found)
await Promise.all(rerankers.map((one) => one.close()))

const part = (/** @type {number} */ from, /** @type {number} */ to) =>
  median(samples.filter((one) => one.bytes >= from * bytes && one.bytes < to * bytes).map(({ mib }) => mib))
const memory = { first: part(0.05, 0.25), middle: part(0.4, 0.6), last: part(0.8, 1.01) }
const heads = [
  'passages',
  'bytes a passage',
  'CPU ms a passage',
  'memory, first fifth',
  'middle',
  'last fifth',
  'killed',
  'the same bits',
]
const row = [
  String(passages),
  (bytes / passages).toFixed(0),
  (cpuMs / passages).toFixed(1),
  ...Object.values(memory).map((mib) => `${mib.toFixed(0)} MiB`),
  `${kills} times`,
  same ? `yes, ${texts.length} passages` : 'NO',
]
report(options.name, {
  machine,
  tables: [`Passages of ${TOKENS} tokens, no two alike; \`secondpass encode\`, one thread.\n\n${table(heads, [row])}`],
  options,
  bytes,
  cpuMs,
  memory,
  same,
  said: JSON.parse(said),
  samples,
})
if (options.keep === undefined) rmSync(folder, { recursive: true })
if (!same) process.exitCode = 1
