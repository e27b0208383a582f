/**
 * One pass of a model over whole pools, pair by pair: the score, the tokens and the processor time of each, kept in
 * bench/results/raw. Every variant of bench/cascade.mjs is computed from these, so that all see the same numbers.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'

/**
 * @typedef {object} PoolScores numbers per candidate, in the order of the pool
 * @property {number[]} logits
 * @property {number[]} tokens of the pair, as the model read it
 * @property {number[]} cpuMs processor time of the pair: what it takes on an idle core, whatever else runs
 */

/**
 * @param {import('@secondpass/core').Scorer} scorer
 * @returns {Promise<Map<string, PoolScores>>} question id -> scores; a stopped pass goes on where it was
 */
export async function scorePools(scorer, { set, pools, texts }) {
  const file = join(paths.raw, `cascade-${set}.${scorer.id.replace(/\W+/g, '-')}.jsonl`)
  const known = readKnown(file)
  let done = 0
  for (const pool of pools) {
    if (known.has(pool.id)) continue
    const scores = await scorePool(scorer, pool, texts)
    appendFileSync(file, `${JSON.stringify([pool.id, scores])}\n`)
    known.set(pool.id, scores)
    if (++done % 25 === 0) console.error(`${set} · ${scorer.id}: ${known.size} of ${pools.length} questions`)
  }
  return known
}

function readKnown(file) {
  mkdirSync(paths.raw, { recursive: true })
  if (!existsSync(file)) return new Map()
  const lines = readFileSync(file, 'utf8').trim().split('\n')
  return new Map(lines.map((line) => JSON.parse(line)))
}

async function scorePool(scorer, { query, candidates }, texts) {
  const scores = { logits: [], tokens: [], cpuMs: [] }
  for (const [id] of candidates) {
    const stats = {}
    const before = process.cpuUsage()
    const [logit] = await scorer.score(query, [texts[id]], callOf(stats))
    const { user, system } = process.cpuUsage(before)
    scores.logits.push(logit)
    scores.tokens.push(stats.tokens)
    scores.cpuMs.push((user + system) / 1000)
  }
  return scores
}

function callOf(stats) {
  return { signal: new AbortController().signal, deadline: Infinity, now: () => performance.now(), stats, note() {} }
}
