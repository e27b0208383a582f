/** Logits of whole pools, kept by line in bench/results/raw so that a run can be stopped and taken up again. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'
import { candidatesOf } from './pools.mjs'

/**
 * @param {{ scorer: { id: string }, reranker: object }} ours
 * @returns {Promise<Map<string, number[]>>} question id -> one logit per candidate, in the pool's order
 */
export async function logitsOf({ scorer, reranker }, { set, pools, texts }) {
  const file = join(paths.raw, `${set}.${scorer.id.replace(/\W+/g, '-')}.jsonl`)
  const known = readKnown(file)
  let done = 0
  for (const pool of pools) {
    if (known.has(pool.id)) continue
    const logits = await scorePool(reranker, pool, texts)
    appendFileSync(file, `${JSON.stringify([pool.id, logits])}\n`)
    known.set(pool.id, logits)
    if (++done % 25 === 0) console.error(`${set} · ${scorer.id}: ${known.size} of ${pools.length} questions`)
  }
  return known
}

function readKnown(file) {
  mkdirSync(paths.raw, { recursive: true })
  if (!existsSync(file)) return new Map()
  return new Map(
    readFileSync(file, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line)),
  )
}

async function scorePool(reranker, pool, texts) {
  const candidates = candidatesOf(pool, texts)
  const { results } = await reranker.rerank(pool.query, candidates, { topN: candidates.length })
  const logits = new Array(candidates.length)
  for (const { index, logit } of results) logits[index] = logit
  return logits
}
