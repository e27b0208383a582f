import { checkWhole } from './checks.js'

/** Gives the next number of a sequence, 0 included and 1 excluded, as `Math.random` does. */
export type Random = () => number

/**
 * A sequence of random numbers that a seed fixes, so that two evaluations of the same data print the same numbers.
 *
 * Mulberry32 by Tommy Ettinger (public domain): 32 bits of state, a period of 2^32. Good enough for resampling and
 * splitting; not for secrets.
 *
 * @param seed a whole number from 0; only its lowest 32 bits count
 * @throws RerankError `'invalid-argument'` for any other seed.
 */
export function seededRandom(seed: number): Random {
  checkWhole('seed', seed, 0)
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A copy in random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items]
  for (let last = copy.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[copy[last], copy[other]] = [copy[other] as T, copy[last] as T]
  }
  return copy
}
