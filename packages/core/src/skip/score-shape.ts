import type { SkipPolicy } from '../types.js'
import { checkBoolean, checkCount, checkFinite, checkOptions } from '../checks.js'
import { firstStageScores, standOut } from '../first-stage-scores.js'
import { definePolicy } from './policy.js'

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
