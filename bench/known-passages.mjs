/**
 * What it is worth that the bundled model keeps what it made of a passage: processor time of one thread for the same
 * pairs with the cache and without, taking turns, and whether every score is the same to the bit.
 *
 *   node bench/known-passages.mjs [--turns 7] [--questions 1000] [--passages 5000] [--per-question 20] [--name known-passages]
 *
 * 1. 100 candidates of about 128 tokens that were all seen before, for a question that was not.
 * 2. Candidates drawn by Zipf's law from a corpus that is larger than the cache. Questions, corpus and draws are seeded.
 */
import { parseArgs } from 'node:util'
import { cutToTokens } from './lib/texts.mjs'
import { inventedTopic } from './lib/invented.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    turns: { type: 'string', default: '7' },
    questions: { type: 'string', default: '1000' },
    passages: { type: 'string', default: '5000' },
    'per-question': { type: 'string', default: '20' },
    name: { type: 'string', default: 'known-passages' },
  },
})
const [turns, questions, passages, perQuestion] = ['turns', 'questions', 'passages', 'per-question'].map((name) =>
  Number(options[name]),
)
const machine = describeMachine()
const { crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))
const TOKENS = 128

const random = seededRandom(7)
const topics = Array.from({ length: 16 }, (_, position) => inventedTopic(random, position))
/** A passage of about 128 tokens, [CLS] and [SEP] among them: cut beside a question of no words, which adds one. */
function newPassage(at) {
  function* sentences() {
    yield `Note ${at}.`
    yield* topics[at % topics.length].paragraph()
  }
  return cutToTokens('', sentences(), TOKENS + 1)
}
const newQuestion = (at) => `${topics[at % topics.length].query} (${at})`

/** The scores, and the processor time that they took, in milliseconds. */
async function timed(scorer, query, texts) {
  const call = {
    signal: new AbortController().signal,
    deadline: Infinity,
    now: () => performance.now(),
    stats: {},
    note() {},
  }
  const before = process.cpuUsage()
  const scores = await scorer.score(query, texts, call)
  const { user, system } = process.cpuUsage(before)
  return { scores, ms: (user + system) / 1000, hits: call.stats.passageCacheHits ?? 0 }
}

let different = 0
const compare = (one, other) => {
  different += one.scores.filter((score, at) => score !== other.scores[at]).length
}

const reading = crossEncoder({ passageCacheMiB: 0 })
const keeping = crossEncoder()

const pool = Array.from({ length: 100 }, (_, at) => newPassage(at))
await timed(reading, newQuestion(0), pool)
await timed(keeping, newQuestion(0), pool)
const seen = []
for (let turn = 1; turn <= turns; turn++) {
  const [cold, known] = [await timed(reading, newQuestion(turn), pool), await timed(keeping, newQuestion(turn), pool)]
  compare(cold, known)
  seen.push({ coldMs: cold.ms, knownMs: known.ms, hits: known.hits })
}

/** Made when they are drawn: of a large corpus most never are. */
const corpus = new Map()
function passageAt(at) {
  if (!corpus.has(at)) corpus.set(at, newPassage(1000 + at))
  return corpus.get(at)
}
/** Rank r is drawn with a weight of 1 / r. */
const weights = Array.from({ length: passages }, (_, rank) => 1 / (rank + 1))
let sum = 0
const totals = weights.map((weight) => (sum += weight))
const draw = () => {
  const at = random() * totals.at(-1)
  let [low, high] = [0, totals.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if (totals[middle] < at) low = middle + 1
    else high = middle
  }
  return low
}
const zipf = { coldMs: 0, knownMs: 0, hits: 0, pairs: 0 }
for (let question = 0; question < questions; question++) {
  const drawn = new Set()
  while (drawn.size < perQuestion) drawn.add(draw())
  const texts = [...drawn].map(passageAt)
  // Whoever comes second finds warm caches of the processor: they take turns at that.
  const order = question % 2 === 0 ? [reading, keeping] : [keeping, reading]
  const found = new Map()
  for (const scorer of order) found.set(scorer, await timed(scorer, newQuestion(question), texts))
  const [cold, known] = [found.get(reading), found.get(keeping)]
  compare(cold, known)
  zipf.coldMs += cold.ms
  zipf.knownMs += known.ms
  zipf.hits += known.hits
  zipf.pairs += texts.length
}
await reading.close()
await keeping.close()

const cold = median(seen.map(({ coldMs }) => coldMs))
const known = median(seen.map(({ knownMs }) => knownMs))
const rows = [
  [`100 passages of ${TOKENS} tokens, all seen before`, '100 %', cold, known],
  [
    `${questions} questions, ${perQuestion} each of ${passages} passages by Zipf's law`,
    `${Math.round((100 * zipf.hits) / zipf.pairs)} %`,
    zipf.coldMs,
    zipf.knownMs,
  ],
].map(([what, share, coldMs, knownMs]) => [
  what,
  share,
  coldMs.toFixed(0),
  knownMs.toFixed(0),
  `${(coldMs / knownMs).toFixed(1)}x`,
])
const heading = `One thread, processor time; medians of ${turns} turns, and the sum over all questions. Scores that differ: ${different}.`
report(options.name, {
  machine,
  tables: [`${heading}\n\n${table(['candidates', 'known', 'CPU ms without', 'CPU ms with', 'ratio'], rows)}`],
  options,
  scorer: keeping.id,
  different,
  seen,
  zipf,
})
