import { checkInside, checkWhole } from '../checks.js'
import { invalidArgument } from '../../errors.js'

/**
 * Rank-biased overlap of two orders, extrapolated: RBO_EXT, equation 32 of Webber, Moffat and Zobel (2010), "A similarity
 * measure for indefinite rankings". 1 for the same order, 0 for lists that share nothing.
 *
 * With X(d) the number of items that the first d places of both lists share, and lists of s and l ≥ s items:
 *
 *     RBO_EXT = (1 - p) / p * ( sum over d = 1..l of X(d) / d * p^d
 *                             + sum over d = s+1..l of X(s) * (d - s) / (s * d) * p^d )
 *               + ((X(l) - X(s)) / l + X(s) / s) * p^l
 *
 * It assumes that unseen places agree as much as the seen ones.
 *
 * @param p how much the top weighs, between 0 and 1: a reader goes on from each place with this chance. At 0.9, the first
 *   ten places carry 86 % of the weight. Default 0.9.
 * @throws RerankError `'invalid-argument'` for a `p` outside that range, and when an order holds an item twice.
 */
export function rankBiasedOverlap<T>(left: readonly T[], right: readonly T[], p: number = 0.9): number {
  checkInside('p', p, [0, 1])
  const [short, long] = left.length <= right.length ? [left, right] : [right, left]
  const [s, l] = [short.length, long.length]
  if (s === 0) return l === 0 ? 1 : 0
  const shared = sharedAtDepths(short, long)
  const [atShort, atLong] = [shared[s - 1] as number, shared[l - 1] as number]
  let sum = 0
  for (let depth = 1; depth <= l; depth++) {
    const beyond = depth > s ? (atShort * (depth - s)) / (s * depth) : 0
    sum += ((shared[depth - 1] as number) / depth + beyond) * p ** depth
  }
  return ((1 - p) / p) * sum + ((atLong - atShort) / l + atShort / s) * p ** l
}

/**
 * The share of the first `n` of `after` that was not among the first `n` of `before`: 0 for the same set in any order. As
 * many places as a shorter `after` has are compared.
 *
 * @param n how many places from the top, 1 or more.
 * @throws RerankError `'invalid-argument'` for any other `n`.
 */
export function churn<T>(before: readonly T[], after: readonly T[], n: number): number {
  checkWhole('n', n, 1)
  const top = after.slice(0, n)
  const old = new Set(before.slice(0, top.length))
  return top.length === 0 ? 0 : top.filter((item) => !old.has(item)).length / top.length
}

/** How many items the first 1, 2, 3, … places of both lists share. */
function sharedAtDepths<T>(short: readonly T[], long: readonly T[]): number[] {
  const [seenShort, seenLong] = [new Set<T>(), new Set<T>()]
  let shared = 0
  return long.map((item, at) => {
    const other = short[at]
    if (seenLong.has(item))
      throw invalidArgument('an order', String(item), 'it stands there twice; list each item once')
    seenLong.add(item)
    if (seenShort.has(item)) shared++
    if (at < short.length) {
      if (seenShort.has(other as T))
        throw invalidArgument('an order', String(other), 'it stands there twice; list each item once')
      seenShort.add(other as T)
      if (seenLong.has(other as T)) shared++
    }
    return shared
  })
}
