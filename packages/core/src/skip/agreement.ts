import { checkBetween, checkCount, checkFunction, checkOptions, isFiniteNumber } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { averageOverlap, orderOf } from '../base/first-stage.js'
import type { Candidate, Pool, SkipPolicy } from '../types.js'
import { definePolicy } from './policy.js'

/** Options of {@link agreement}. */
export interface AgreementOptions<C extends Candidate = Candidate> {
  /**
   * The score that a second retriever gave a candidate, higher is better (for a rank: its negative), or nothing when that
   * retriever did not find it. Must be a function of the candidate alone.
   */
  readonly other: (candidate: C) => number | undefined
  /** How much the two orders must agree, above 0 and at most 1: see {@link agreement}. */
  readonly atLeast: number
  /** How many places from the top are compared, 1 or more. Default 10; all of a shorter list. */
  readonly k?: number | undefined
}

/**
 * Skips when the present order and that of a second retriever already agree at the top: two independent witnesses.
 *
 * Agreement is the average overlap: for each depth up to `k`, the share of candidates that both orders have above that
 * depth, averaged over the depths; 1 for the same order, and the top places weigh most. A candidate that the second
 * retriever did not find stands below all others, and equal scores count as disagreement. It lies when the two
 * retrievers are not independent, as two embeddings of one family. When the second retriever found none of the candidates
 * it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option; from the policy, when `other` returns no finite number.
 */
export function agreement<C extends Candidate = Candidate>(options: AgreementOptions<C>): SkipPolicy {
  checkOptions('options', options, ['other', 'atLeast', 'k'])
  const { other, atLeast, k = 10 } = options
  checkFunction('other', other)
  checkBetween('atLeast', atLeast, [0, 1])
  if (atLeast === 0) throw invalidArgument('atLeast', atLeast, 'pass a number above 0')
  checkCount('k', k, 1)
  return definePolicy(
    'agreement',
    ({ candidates }: Pool) => {
      // A pool holds the candidates of the caller, whose type the caller knows.
      const scores = candidates.map((candidate, at) => readScore(other(candidate as C), at))
      if (scores.every((score) => score === undefined)) return undefined
      const depth = Math.min(k, candidates.length)
      return { agreement: averageOverlap(orderOf(scores), depth), atLeast, k: depth }
    },
    (evidence) => evidence.agreement >= atLeast,
  )
}

function readScore(score: unknown, at: number): number | undefined {
  if (score === undefined || isFiniteNumber(score)) return score
  throw invalidArgument(`other(candidates[${at}])`, score, 'return a finite number, or undefined when it was not found')
}
