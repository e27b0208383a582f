import type { Candidate } from '../../types.js'
import { checkOptions } from '../../checks.js'
import { checkWhole } from '../checks.js'
import { invalidArgument } from '../../errors.js'
import type { Signal } from './signals.js'
import { averageOverlap, orderOf } from '../../overlap.js'

/** Options of {@link agreementSignal}. */
export interface AgreementSignalOptions<C extends Candidate = Candidate> {
  /** The score that a second retriever gave a candidate, higher is better; nothing when it did not find it. */
  readonly other: (candidate: C) => number | undefined
  /** How many places from the top are compared, 1 or more. Default 10. */
  readonly k?: number | undefined
}

/**
 * Average overlap of the present order with that of a second retriever at `k`: what `agreement` looks at. A file
 * holds the threshold and not the function: load it with `calibrated(file, { other })`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function agreementSignal<C extends Candidate = Candidate>(options: AgreementSignalOptions<C>): Signal {
  checkOptions('options', options, ['other', 'k'])
  const { other, k = 10 } = options
  if (typeof other !== 'function') throw invalidArgument('other', other, 'pass a function')
  checkWhole('k', k, 1)
  return {
    name: 'agreement',
    measure: ({ candidates }) => {
      const scores = candidates.map((candidate) => other(candidate as C))
      if (scores.every((score) => score === undefined)) return undefined
      return averageOverlap(orderOf(scores), Math.min(k, candidates.length))
    },
    // An agreement of 0 would skip on no agreement at all, and the policy refuses it.
    policy: (atLeast) => (atLeast > 0 ? { policy: 'agreement', options: { atLeast, k } } : undefined),
  }
}
