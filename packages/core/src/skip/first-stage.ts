import { checkBoolean, checkCount, checkFinite, checkOptions } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { firstStageScores, standOut } from '../base/first-stage.js'
import type { SkipPolicy } from '../types.js'
import { definePolicy } from './policy.js'

/** Options of {@link aboveThreshold}. */
export interface AboveThresholdOptions {
  /** The first-stage score, on the retriever's own scale, that the top candidate must reach. Any finite number. */
  readonly threshold: number
  /** `false` when the retriever gives distances: the top must then be at or below the threshold. Default `true`. */
  readonly higherIsBetter?: boolean | undefined
}

/**
 * Skips when the first-stage score of the top candidate reaches a threshold.
 *
 * It lies more often than {@link clearMargin}: a query can score high against everything, so a high top score does not
 * mean that the order below it is right. Choose it only after measuring on your own queries. Without a first-stage score
 * on every candidate it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function aboveThreshold(options: AboveThresholdOptions): SkipPolicy {
  checkOptions('options', options, ['threshold', 'higherIsBetter'])
  const { threshold, higherIsBetter = true } = options
  checkFinite('threshold', threshold)
  checkBoolean('higherIsBetter', higherIsBetter)
  return definePolicy(
    'above-threshold',
    (pool) => {
      if (firstStageScores(pool.candidates, higherIsBetter) === undefined) return undefined
      return { top: pool.candidates[0]?.score as number, threshold, higherIsBetter }
    },
    ({ top }) => (higherIsBetter ? top >= threshold : top <= threshold),
  )
}

/** Options of {@link clearMargin}. */
export interface ClearMarginOptions {
  /** How far the top candidate must lead, on the retriever's own scale, or as a share with `relative`. More than 0. */
  readonly margin: number
  /**
   * The place, counted from 1, that the top is compared with; 2 or more. Default 3: the lead over the third predicts
   * need better than the lead over the second, which is often a near-copy of the top.
   */
  readonly k?: number | undefined
  /**
   * `true`: the lead is divided by the larger of the two scores (in absolute value), which suits scales without bounds,
   * such as BM25. Default `false`.
   */
  readonly relative?: boolean | undefined
  /** `false` when the retriever gives distances. Default `true`. */
  readonly higherIsBetter?: boolean | undefined
}

/**
 * Skips when the top candidate leads clearly: its first-stage score is at least `margin` better than the best of place
 * `k` and below.
 *
 * It lies when the retriever is confidently wrong, and on questions with many equally good answers it skips nothing.
 * With fewer than `k` candidates, or a candidate without a first-stage score, it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function clearMargin(options: ClearMarginOptions): SkipPolicy {
  checkOptions('options', options, ['margin', 'k', 'relative', 'higherIsBetter'])
  const { margin, k = 3, relative = false, higherIsBetter = true } = options
  checkFinite('margin', margin)
  if (margin <= 0) throw invalidArgument('margin', margin, 'pass a number above 0')
  checkCount('k', k, 2)
  checkBoolean('relative', relative)
  checkBoolean('higherIsBetter', higherIsBetter)
  const sign = higherIsBetter ? 1 : -1
  return definePolicy(
    'clear-margin',
    (pool) => {
      const scores = firstStageScores(pool.candidates, higherIsBetter)
      if (scores === undefined || scores.length < k) return undefined
      const top = scores[0] as number
      // The best of the rest, not the k-th: in a list that is not sorted by score, the lead must hold over all of it.
      const rival = scores.slice(k - 1).reduce((best, score) => Math.max(best, score))
      const lead = relative ? relativeLead(top, rival) : top - rival
      return { top: top * sign, rival: rival * sign, k, lead, margin, relative, higherIsBetter }
    },
    ({ lead }) => lead >= margin,
  )
}

function relativeLead(top: number, rival: number): number {
  const scale = Math.max(Math.abs(top), Math.abs(rival))
  return scale === 0 ? 0 : top / scale - rival / scale
}

/** Options of {@link smallPool}. */
export interface SmallPoolOptions {
  /** Pools with fewer candidates than this are not scored; 1 or more. */
  readonly size: number
}

/**
 * Skips when the stage would score fewer candidates than `size`.
 *
 * Right when everything retrieved goes into the prompt anyway. It counts what the stage would look at, so a `depth`
 * below `size` means that the stage never runs.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function smallPool(options: SmallPoolOptions): SkipPolicy {
  checkOptions('options', options, ['size'])
  const { size } = options
  checkCount('size', size, 1)
  return definePolicy(
    'small-pool',
    ({ candidates }) => ({ candidates: candidates.length, size }),
    ({ candidates }) => candidates < size,
  )
}

/** Options of {@link scoreShape}. */
export interface ScoreShapeOptions {
  /** How many standard deviations the top score must stand above the mean of the next. Any finite number. */
  readonly atLeast: number
  /** How many places from the top count, 3 or more. Default 10; all of a shorter list. */
  readonly k?: number | undefined
  /** `false` when the retriever gives distances. Default `true`. */
  readonly higherIsBetter?: boolean | undefined
}

/**
 * Skips when the top first-stage score stands out from the shape of the others: its distance to the mean of places 2 to `k`
 * is at least `atLeast` standard deviations of those. Unlike a margin it does not depend on the retriever's scale.
 *
 * Akin to the query performance predictor NQC (Shtok et al. 2012). It lies when the others lie close together, where a
 * small lead is many deviations. With fewer than three candidates, a candidate without a first-stage score, or equal scores
 * below the top it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function scoreShape(options: ScoreShapeOptions): SkipPolicy {
  checkOptions('options', options, ['atLeast', 'k', 'higherIsBetter'])
  const { atLeast, k = 10, higherIsBetter = true } = options
  checkFinite('atLeast', atLeast)
  checkCount('k', k, 3)
  checkBoolean('higherIsBetter', higherIsBetter)
  return definePolicy(
    'score-shape',
    ({ candidates }) => {
      const deviations = standOut(firstStageScores(candidates, higherIsBetter) ?? [], k)
      return deviations === undefined ? undefined : { deviations, atLeast, k }
    },
    ({ deviations }) => deviations >= atLeast,
  )
}
