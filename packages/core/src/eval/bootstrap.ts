import { checkItems, type Defaulted, inside, readOptions, whole, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'

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
  whole(0)('seed', seed)
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

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** How often the queries are resampled, 100 to 10,000,000. Default 10,000. */
  readonly resamples?: number | undefined
  /** Share of the resampled means that the interval holds, between 0 and 1. Default 0.95. */
  readonly confidence?: number | undefined
  /** Fixes the random draws: the same data and seed give the same interval. A whole number from 0. Default 1. */
  readonly seed?: number | undefined
}

/** How an interval is drawn. */
export const bootstrapTable: { readonly [K in keyof BootstrapOptions]-?: Defaulted<number> } = {
  resamples: withDefault(whole(100, 10_000_000), 10_000),
  confidence: withDefault(inside(0, 1), 0.95),
  seed: withDefault(whole(0), 1),
}

/** From and to, both included. */
export type Interval = readonly [from: number, to: number]

/**
 * The paired bootstrap interval of a mean difference, by percentiles (Efron and Tibshirani 1993; for retrieval Sakai 2006):
 * queries are drawn with replacement, each with its own difference, and the middle share of the resampled means is the
 * interval. Drawing whole queries keeps what both orders owe to the difficulty of the query.
 *
 * It is too narrow for fewer than about 20 queries.
 *
 * @param differences one number per query; at least one
 * @throws RerankError `'invalid-argument'` for no difference at all, or a wrong option.
 */
export function bootstrapInterval(differences: readonly number[], options: BootstrapOptions = {}): Interval {
  if (!(differences?.length > 0))
    throw invalidArgument('differences', differences, 'pass one number per query, at least one')
  checkItems('differences', differences, (one) => typeof one === 'number', 'pass one number per query')
  const { resamples, confidence, seed } = readOptions(bootstrapTable, options)
  const random = seededRandom(seed)
  const count = differences.length
  const means = new Float64Array(resamples)
  for (let sample = 0; sample < resamples; sample++) {
    let sum = 0
    for (let draw = 0; draw < count; draw++) sum += differences[Math.floor(random() * count)] as number
    means[sample] = sum / count
  }
  means.sort()
  const left = Math.floor(((1 - confidence) / 2) * resamples)
  return [means[left] as number, means[resamples - 1 - left] as number]
}

/** What one difference per query says of them all. */
export interface Tally {
  /** Mean of the differences. */
  readonly difference: number
  /** Paired bootstrap interval of that mean. */
  readonly interval: Interval
  /** Queries that gained more than 1e-9. */
  readonly wins: number
  readonly ties: number
  readonly losses: number
}

/** Less than this is rounding. */
const EQUAL = 1e-9

/** Counts what gained and what lost, and says how sure the mean is. */
export function tally(differences: readonly number[], options: BootstrapOptions): Tally {
  const { resamples, confidence, seed } = options
  const wins = differences.filter((difference) => difference > EQUAL).length
  const losses = differences.filter((difference) => difference < -EQUAL).length
  return {
    difference: mean(differences),
    interval: bootstrapInterval(differences, { resamples, confidence, seed }),
    wins,
    ties: differences.length - wins - losses,
    losses,
  }
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
