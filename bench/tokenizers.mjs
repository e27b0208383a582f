/**
 * How long it takes to turn 1,000 passages into tokens: with what serves in Node.js (our WordPiece or the package
 * `tokenizers`), with the one in JavaScript that serves in browsers, and with `@huggingface/tokenizers` by itself.
 *
 *   node bench/tokenizers.mjs [--size 1000] [--turns 5]
 *
 * They take turns in one run. The Rust tokenizer works beside the event loop, so processor time is told as well.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'
import { inventedTopic } from './lib/invented.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { seededRandom } from './lib/random.mjs'
import { describeMachine, oneDecimal, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    size: { type: 'string', default: '1000' },
    turns: { type: 'string', default: '5' },
    name: { type: 'string', default: 'tokenizers' },
  },
})
const machine = describeMachine()
requirePath(paths.core, 'run `pnpm build` first')
const tokenizer = (file) => import(join(paths.core, '..', 'score/cross-encoder/tokenizer', file))
const { createWordPiece } = await tokenizer('wordpiece.js')
const { openRustTokenizer } = await tokenizer('rust.js')
const { createLibraryEncoder } = await tokenizer('library.js')
const { unknownToLibrary } = await tokenizer('pipeline.js')

const FAMILIES = ['bert', 'roberta', 'xlm-roberta', 'deberta-v2', 'modernbert', 'mxbai-rerank-v2']

function tokenizerOf(name) {
  const folder = join(paths.root, 'test/parity/families', `${name}.json.gz`)
  return JSON.parse(gunzipSync(readFileSync(folder)).toString()).files['tokenizer.json']
}

function passages(count) {
  const source = seededRandom(7)
  const topics = Array.from({ length: 20 }, () => inventedTopic(source, 0))
  return Array.from({ length: count }, (_, at) => {
    const words = []
    for (const sentence of topics[at % topics.length].paragraph()) {
      words.push(...sentence.split(' '))
      if (words.length >= 90) break
    }
    return words.join(' ')
  })
}

/** Ways to encode a text by one tokenizer.json; a missing one cannot. */
async function waysOf(json) {
  const own = createWordPiece(json)
  const rust = await openRustTokenizer(json)
  if (typeof rust !== 'function') throw new Error('install the package tokenizers', { cause: rust })
  const library = new Tokenizer({ decoder: null, ...json }, {})
  const javascript = unknownToLibrary(json) === undefined ? await createLibraryEncoder(json) : undefined
  return {
    wordpiece: own && ((texts) => texts.map((text) => own.encode(text))),
    // Eight together, as pairs are read.
    rust: async (texts) => {
      const all = []
      for (let at = 0; at < texts.length; at += 8) all.push(...(await Promise.all(texts.slice(at, at + 8).map(rust))))
      return all
    },
    javascript: javascript && ((texts) => texts.map((text) => javascript(text))),
    library: (texts) => texts.map((text) => library.encode(text, { add_special_tokens: false }).ids),
  }
}

async function timed(way, texts) {
  const [before, start] = [process.cpuUsage(), performance.now()]
  const ids = await way(texts)
  const { user, system } = process.cpuUsage(before)
  return { ms: performance.now() - start, cpuMs: (user + system) / 1000, tokens: ids.flat().length }
}

const texts = passages(Number(options.size))
const rows = []
for (const name of FAMILIES) {
  const ways = Object.entries(await waysOf(tokenizerOf(name))).filter(([, way]) => way !== undefined)
  const runs = Object.fromEntries(ways.map(([way]) => [way, []]))
  for (const [, way] of ways) await way(texts.slice(0, 50))
  for (let turn = 0; turn < Number(options.turns); turn++) {
    for (const [label, way] of ways) runs[label].push(await timed(way, texts))
  }
  const of = (label, what) => runs[label] && median(runs[label].map((run) => run[what]))
  const figures = Object.fromEntries(ways.map(([label]) => [label, { ms: of(label, 'ms'), cpuMs: of(label, 'cpuMs') }]))
  rows.push({ name, tokens: runs.library[0].tokens, figures })
}

const cell = (value) => (value === undefined ? '–' : oneDecimal(value))
const tables = [
  `Milliseconds for ${texts.length} passages of about 90 words, median of ${options.turns}; in brackets processor time.`,
  table(
    ['tokenizer of', 'our WordPiece', 'Rust', 'JavaScript, ours', '`@huggingface/tokenizers`', 'what serves / that'],
    rows.map(({ name, figures }) => {
      const both = (label) => (figures[label] ? `${cell(figures[label].ms)} (${cell(figures[label].cpuMs)})` : '–')
      const served = figures.wordpiece ?? figures.rust
      return [
        name,
        both('wordpiece'),
        both('rust'),
        both('javascript'),
        both('library'),
        ratio(served.ms / figures.library.ms),
      ]
    }),
  ),
]
report(options.name, { machine, size: texts.length, rows, tables })
