/**
 * What a model says of whole pools, kept by line in bench/results/raw, so that a run can be stopped and taken up again and
 * no benchmark scores what another one has scored.
 */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { candidatesOf } from '../quality/pools.mjs'
import { paths } from './paths.mjs'

/** @typedef {{ set: string, pools: { id: string, query: string, candidates: [string, number][] }[], texts: Record<string, string> }} Loaded */

/**
 * @template {number[] | { logits: number[] }} Scores logits in the pool's order, alone or with what they cost
 * @param {Loaded} loaded
 * @param {object} model
 * @param {string} model.id of the scorer; with the set it names the file
 * @param {(pool: Loaded['pools'][number], texts: Loaded['texts']) => Promise<Scores>} model.score
 * @param {string} [model.kind] goes before the name where more than logits is kept
 * @param {string[]} [model.also] other kinds whose scores will do
 * @param {number} [model.untilMs] no new question is begun after this time of Date.now()
 * @returns {Promise<Map<string, Scores>>} by question id; questions that were not reached are missing
 */
export async function keptScores({ set, pools, texts }, { id, score, kind = '', also = [], untilMs = Infinity }) {
  const fileOf = (prefix) => join(paths.raw, `${prefix}${set}.${id.replace(/\W+/g, '-')}.jsonl`)
  mkdirSync(paths.raw, { recursive: true })
  const known = new Map()
  for (const prefix of [...also, kind]) readKept(fileOf(prefix), known)
  let done = 0
  for (const pool of pools) {
    if (known.has(pool.id) && logitsOf(known.get(pool.id)).length >= pool.candidates.length) continue
    if (Date.now() > untilMs) break
    const scores = await score(pool, texts)
    appendFileSync(fileOf(kind), `${JSON.stringify([pool.id, scores])}\n`)
    known.set(pool.id, scores)
    if (++done % 25 === 0) console.error(`${set} · ${id}: ${known.size} of ${pools.length} questions`)
  }
  return known
}

/** @param {number[] | { logits: number[] }} scores */
export const logitsOf = (scores) => (Array.isArray(scores) ? scores : scores.logits)

/** The logits of a pool by a reranker of one stage that blends and skips nothing. */
export async function logitsBy(reranker, pool, texts) {
  const { results } = await reranker.rerank(pool.query, candidatesOf(pool, texts), { topN: pool.candidates.length })
  const logits = new Array(pool.candidates.length)
  for (const { index, logit } of results) logits[index] = logit
  return logits
}

function readKept(file, known) {
  if (!existsSync(file)) return
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [id, scores] = JSON.parse(line)
    if (!known.has(id) || logitsOf(scores).length > logitsOf(known.get(id)).length) known.set(id, scores)
  }
}
