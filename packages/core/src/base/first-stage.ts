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
