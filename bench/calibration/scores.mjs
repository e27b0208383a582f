/** Logits of the first candidates of every pool, kept by line in bench/results/raw; what other benchmarks kept is used. */
import { appendFileSync, existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'

/**
 * @param {{ id: string, score: Function }} scorer
 * @param {{ set: string, pools: object[], texts: Record<string, string> }} loaded pools cut to the depth wanted
 * @param {number} untilMs no new question is begun after this time of Date.now()
 * @returns {Promise<Map<string, number[]>>} question id -> one logit per candidate; a stopped run goes on where it was
 */
export async function scoresOf(scorer, { set, pools, texts }, untilMs) {
  mkdirSync(paths.raw, { recursive: true })
  const name = `${set}.${scorer.id.replace(/\W+/g, '-')}.jsonl`
  const file = join(paths.raw, `calibration-${name}`)
  const known = new Map()
  for (const kept of [join(paths.raw, name), join(paths.raw, `cascade-${name}`), file]) readKept(kept, known)
  let done = 0
  for (const { id, query, candidates } of pools) {
    if ((known.get(id)?.length ?? -1) >= candidates.length) continue
    if (Date.now() > untilMs) break
    const stats = {}
    const call = {
      signal: new AbortController().signal,
      deadline: Infinity,
      now: () => performance.now(),
      stats,
      note() {},
    }
    const logits = await scorer.score(
      query,
      candidates.map(([passage]) => texts[passage]),
      call,
    )
    appendFileSync(file, `${JSON.stringify([id, [...logits]])}\n`)
    known.set(id, [...logits])
    if (++done % 100 === 0) console.error(`${set} · ${scorer.id}: ${known.size} of ${pools.length} questions`)
  }
  return known
}

/** A line is [question, logits] or [question, { logits, … }], of the best candidates of the pool. */
function readKept(file, known) {
  if (!existsSync(file)) return
  for (const line of readFileSync(file, 'utf8').trim().split('\n')) {
    const [id, kept] = JSON.parse(line)
    const logits = Array.isArray(kept) ? kept : kept.logits
    if (logits.length > (known.get(id)?.length ?? 0)) known.set(id, logits)
  }
}
