import { invalidArgument } from '../../errors.js'
import { checkInside, checkWhole } from '../checks.js'
import { seededRandom } from '../random.js'

/** Options of {@link bootstrapInterval}. */
export interface BootstrapOptions {
  /** How often the queries are drawn anew, 100 or more. Default 10,000. */
  readonly resamples?: number | undefined
  /** Share of the resampled means that the interval holds, between 0 and 1. Default 0.95. */
  readonly confidence?: number | undefined
  /** Fixes the random draws: the same data and seed give the same interval. A whole number from 0. Default 1. */
  readonly seed?: number | undefined
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
  const { resamples = 10_000, confidence = 0.95, seed = 1 } = options
  checkWhole('resamples', resamples, 100)
  checkInside('confidence', confidence, [0, 1])
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
