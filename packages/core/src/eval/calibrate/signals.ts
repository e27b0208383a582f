import { checkOptions, checkWhole } from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { averageOverlap, firstStageScores, orderOf, standOut } from '../../base/first-stage.js'
import { countWords } from '../../base/words.js'
import type { Candidate, PolicyData, Pool } from '../../types.js'

/** What a signal looks at: the query, and the head that the stage would score, in its present order. */
export type SignalPool = Pick<Pool, 'query' | 'candidates'>

/** A number that may say that reranking is not needed. */
export interface Signal {
  /** Stands in the calibration file. */
  readonly name: string
  /** Higher speaks for skipping. Nothing when the pool does not hold it: such a query is never skipped. */
  measure(pool: SignalPool): number | undefined
  /**
   * The policy that skips exactly when `measure` is at least `threshold`, as a calibration file holds it; nothing when no
   * policy of a file does. A signal without this method can be calibrated, and skips by a policy of the caller's own.
   */
  policy?(threshold: number): PolicyData | undefined
}

/** Options of {@link marginSignal}. */
export interface MarginOptions {
  /** The place that the top is compared with, 2 or more. Default 3. */
  readonly k?: number | undefined
  /** Divides the lead by the larger of the two scores. Default `false`. */
  readonly relative?: boolean | undefined
  /** `false` when the retriever gives distances. Default `true`. */
  readonly higherIsBetter?: boolean | undefined
}

/**
 * The lead of the top first-stage score over the best of place `k` and below: what `clearMargin` looks at. Nothing with
 * fewer than `k` candidates, or when a score is missing.
 *
 * @throws RerankError `'invalid-argument'` for a `k` that is no whole number from 2.
 */
export function marginSignal({ k = 3, relative = false, higherIsBetter = true }: MarginOptions = {}): Signal {
  checkWhole('k', k, 2)
  return {
    name: relative ? 'relative-margin' : 'margin',
    measure: ({ candidates }) => {
      const scores = scoresOf(candidates, higherIsBetter)
      if (scores === undefined || scores.length < k) return undefined
      const top = scores[0] as number
      const rival = scores.slice(k - 1).reduce((best, score) => Math.max(best, score))
      const scale = Math.max(Math.abs(top), Math.abs(rival))
      return relative ? (scale === 0 ? 0 : top / scale - rival / scale) : top - rival
    },
    // A margin of 0 would skip on no lead at all, and clearMargin refuses it.
    policy: (margin) =>
      margin > 0 ? { policy: 'clear-margin', options: { margin, k, relative, higherIsBetter } } : undefined,
  }
}

/**
 * The first-stage score of the top candidate: what `aboveThreshold` looks at. Seldom the best signal, since a query can
 * score high against everything; calibrate it to see.
 */
export function topScoreSignal({ higherIsBetter = true }: Pick<MarginOptions, 'higherIsBetter'> = {}): Signal {
  return {
    name: 'top-score',
    measure: ({ candidates }) => scoresOf(candidates, higherIsBetter)?.[0],
    policy: (value) => {
      return { policy: 'above-threshold', options: { threshold: higherIsBetter ? value : -value, higherIsBetter } }
    },
  }
}

/**
 * How far the top score stands out from the shape of the scores, what `scoreShape` looks at: its distance to the mean of
 * places 2 to `k` (default 10), in standard deviations of those. Does not depend on the scale of the retriever. Akin to
 * the query performance predictor NQC (Shtok et al. 2012). Nothing with fewer than three scores, or when places 2 to `k`
 * are equal.
 *
 * @throws RerankError `'invalid-argument'` for a `k` that is no whole number from 3.
 */
export function shapeSignal({ k = 10, higherIsBetter = true }: Omit<MarginOptions, 'relative'> = {}): Signal {
  checkWhole('k', k, 3)
  return {
    name: 'score-shape',
    measure: ({ candidates }) => standOut(scoresOf(candidates, higherIsBetter) ?? [], k),
    policy: (atLeast) => ({ policy: 'score-shape', options: { atLeast, k, higherIsBetter } }),
  }
}

/**
 * Few words: what `keywordQuery` looks at, without its identifiers. The measure is the negative number of words; a question
 * with its mark never skips.
 */
export function queryLengthSignal(): Signal {
  return {
    name: 'query-length',
    measure: ({ query }) => {
      if (query.length > LONGEST || /[?？؟]\s*$/u.test(query)) return undefined
      const words = countWords(query)
      return words === 0 ? undefined : -words
    },
    policy: (value) => ({ policy: 'keyword-query', options: { maxWords: -value, identifiers: false } }),
  }
}

/** As in `keywordQuery`: a longer query is none of keywords. */
const LONGEST = 200

/** As the policies read them; a sample may hold what no retriever gave. */
function scoresOf(candidates: SignalPool['candidates'], higherIsBetter: boolean): number[] | undefined {
  for (const [at, { score }] of candidates.entries()) {
    if (score !== undefined && !Number.isFinite(score))
      throw invalidArgument(`the score of candidate ${at}`, score, 'pass a finite number')
  }
  return firstStageScores(candidates, higherIsBetter)
}

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
