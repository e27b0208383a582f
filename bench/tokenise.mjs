/**
 * Our tokeniser next to `@huggingface/tokenizers`, which is what a model without our WordPiece falls back to: the same
 * texts, turn by turn in one process, so that the ratios hold where the times do not.
 *
 *   node bench/tokenise.mjs [--turns 15] [--name tokenise]
 *
 * - warm: the word cache knows the words, as in a server that has answered a few queries
 * - cleared: a new encoder for every turn, so that each word is spelled once; the code is warm
 * - first: the first pass of a fresh process, where nothing is compiled; without reading the files
 */
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { gunzipSync } from 'node:zlib'
import { Tokenizer } from '@huggingface/tokenizers'
import { passages, questions } from '../examples/passages.mjs'
import { createPairEncoder } from '../packages/core/dist/score/cross-encoder/pairs.js'
import { createWordPiece } from '../packages/core/dist/score/cross-encoder/tokenizer/wordpiece.js'
import { candidateSets } from './candidates.mjs'
import { paths } from './lib/paths.mjs'
import { oneDecimal, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const readModelFile = (name) => JSON.parse(readFileSync(join(paths.model, name), 'utf8'))
const files = { tokenizer: readModelFile('tokenizer.json'), config: readModelFile('config.json') }

/** @returns {{ query: string, texts: string[] }[]} */
function goldenSets() {
  const golden = JSON.parse(gunzipSync(readFileSync(join(paths.root, 'test/parity/pairs.json.gz'))).toString())
  const scripts = golden.pairs.filter(({ group }) => !['english', 'edge', 'any'].includes(group))
  return scripts.map(({ query, text }) => ({ query, texts: [text] }))
}

const sets = {
  'invented English, 43 to 314 tokens': () => candidateSets('mixed'),
  'manual pages of the examples': () =>
    questions.map(({ question }) => ({ query: question, texts: passages.map(({ text }) => text) })),
  'parity texts in 22 scripts': goldenSets,
}

/** Every contestant makes the ids of every pair; `prepare` is not timed, `run` is. */
const contestants = {
  warm: { prepare: (kept) => kept.pairs, run: runOurs },
  cleared: { prepare: ourPairs, run: runOurs },
  'theirs, ids joined by hand': { prepare: (kept) => kept.theirs, run: runTheirs },
  'theirs, text_pair': { prepare: (kept) => kept.theirs, run: runTheirPairs },
}

function ourPairs() {
  return createPairEncoder({ ...files, encoder: createWordPiece(files.tokenizer) })
}

function runOurs(pairs, chosen) {
  for (const { query, texts } of chosen) {
    const encoded = pairs.encodeQuery(query)
    for (const text of texts) pairs.encodePair(encoded, text)
  }
}

function runTheirs(tokenizer, chosen) {
  for (const { query, texts } of chosen) {
    tokenizer.encode(query, { add_special_tokens: false })
    for (const text of texts) tokenizer.encode(text, { add_special_tokens: false })
  }
}

function runTheirPairs(tokenizer, chosen) {
  for (const { query, texts } of chosen) {
    for (const text of texts) tokenizer.encode(query, { text_pair: text, return_token_type_ids: true })
  }
}

function timeOf(run, subject, chosen) {
  const started = performance.now()
  run(subject, chosen)
  return performance.now() - started
}

/** Medians over the turns, in ms for 100 pairs, by contestant. */
function measureSet(chosen, turns) {
  const pairCount = chosen.reduce((sum, { texts }) => sum + texts.length, 0)
  const kept = { pairs: ourPairs(), theirs: new Tokenizer(files.tokenizer, {}) }
  const times = Object.fromEntries(Object.keys(contestants).map((name) => [name, []]))
  for (let turn = -3; turn < turns; turn++) {
    for (const [name, { prepare, run }] of Object.entries(contestants)) {
      const ms = timeOf(run, prepare(kept), chosen)
      if (turn >= 0) times[name].push((ms * 100) / pairCount)
    }
  }
  return Object.fromEntries(Object.entries(times).map(([name, list]) => [name, median(list)]))
}

/** In this (fresh) process: making the encoder, and the first pass over 100 pairs. */
function measureFirst(who) {
  const chosen = candidateSets('mixed').slice(0, 1)
  const started = performance.now()
  const subject = who === 'ours' ? ourPairs() : new Tokenizer(files.tokenizer, {})
  const created = performance.now()
  ;(who === 'ours' ? runOurs : runTheirs)(subject, chosen)
  return { create: created - started, pass: performance.now() - created }
}

function firstInFreshProcess(who, runs) {
  const results = Array.from({ length: runs }, () => {
    const child = spawnSync(process.execPath, [import.meta.filename, '--first', who], { encoding: 'utf8' })
    return JSON.parse(child.stdout)
  })
  return { create: median(results.map(({ create }) => create)), pass: median(results.map(({ pass }) => pass)) }
}

const { values: options } = parseArgs({
  options: {
    turns: { type: 'string', default: '15' },
    name: { type: 'string', default: 'tokenise' },
    first: { type: 'string' },
  },
})
if (options.first !== undefined) {
  console.log(JSON.stringify(measureFirst(options.first)))
} else {
  const measured = Object.entries(sets).map(([name, make]) => ({ name, ms: measureSet(make(), Number(options.turns)) }))
  const first = { ours: firstInFreshProcess('ours', 7), theirs: firstInFreshProcess('theirs', 7) }
  const theirs = 'theirs, ids joined by hand'
  report(options.name, {
    measured,
    first,
    tables: [
      'ms for 100 pairs, and how many times faster ours is than `@huggingface/tokenizers` with ids joined by hand',
      table(
        ['texts', ...Object.keys(contestants), 'warm', 'cleared'],
        measured.map(({ name, ms }) => [
          name,
          ...Object.values(ms).map(oneDecimal),
          ratio(ms[theirs] / ms.warm),
          ratio(ms[theirs] / ms.cleared),
        ]),
      ),
      table(
        ['fresh process, ms', 'ours', 'theirs', 'ratio'],
        [
          ['make the encoder', first.ours.create, first.theirs.create],
          ['first 100 pairs', first.ours.pass, first.theirs.pass],
        ].map(([name, a, b]) => [name, oneDecimal(a), oneDecimal(b), ratio(b / a)]),
      ),
    ],
  })
}
