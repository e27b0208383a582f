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
