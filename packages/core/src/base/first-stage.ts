import type { Candidate } from '../types.js'

/**
 * The first-stage scores of a list, turned so that higher is better. Nothing when there are none, when one is missing, or
 * when they only get better down the list: a retriever puts its best first, so the direction was most likely named
 * wrongly (distances taken for similarities, or the other way round), and that is no evidence for skipping.
 */
export function firstStageScores(candidates: readonly Candidate[], higherIsBetter: boolean): number[] | undefined {
  const scores: number[] = []
  for (const { score } of candidates) {
    if (score === undefined) return undefined
    scores.push(higherIsBetter ? score : -score)
  }
  return scores.length === 0 || onlyRise(scores) ? undefined : scores
}

/**
 * Whether three or more scores never fall and rise at least once. A retriever puts its best first, so such scores are
 * most likely distances, and mixing them as if higher were better would turn the first stage upside down.
 */
export function onlyRise(scores: readonly (number | undefined)[]): boolean {
  if (scores.length < 3) return false
  for (let at = 0; at < scores.length; at++) {
    const [previous, score] = [scores[at - 1] ?? -Infinity, scores[at]]
    if (score === undefined || score < previous) return false
  }
  return (scores.at(-1) as number) > (scores[0] as number)
}

/**
 * How far the first score stands out from the next, up to place `k`: its distance to their mean, in standard deviations of
 * theirs. Does not depend on the scale. Nothing with fewer than three scores, or when the others are equal.
 */
export function standOut(scores: readonly number[], k: number): number | undefined {
  const [top, ...rest] = scores.slice(0, k)
  if (top === undefined || rest.length < 2) return undefined
  const mean = rest.reduce((sum, score) => sum + score, 0) / rest.length
  const deviation = Math.sqrt(rest.reduce((sum, score) => sum + (score - mean) ** 2, 0) / rest.length)
  const distance = (top - mean) / deviation
  return deviation > 0 && Number.isFinite(distance) ? distance : undefined
}

/** The positions in the second retriever's order. Where it has no opinion, it is taken to hold the opposite one. */
export function orderOf(scores: readonly (number | undefined)[]): number[] {
  return scores
    .map((score, at) => ({ score: score ?? -Infinity, at }))
    .sort((a, b) => (a.score === b.score ? b.at - a.at : b.score > a.score ? 1 : -1))
    .map(({ at }) => at)
}

/** The average overlap of an order with 0, 1, 2, … at the depths 1 to `k`. */
export function averageOverlap(order: readonly number[], k: number): number {
  const seen = new Set<number>()
  let [shared, sum] = [0, 0]
  for (let depth = 1; depth <= k; depth++) {
    const [mine, theirs] = [depth - 1, order[depth - 1] as number]
    seen.add(theirs)
    // New in both at this depth: mine when they had it by now, and theirs when I had it before.
    shared += (seen.has(mine) ? 1 : 0) + (theirs < mine ? 1 : 0)
    sum += shared / depth
  }
  return sum / k
}
