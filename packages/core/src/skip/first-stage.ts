import {
  callable,
  finite,
  flag,
  isFiniteNumber,
  must,
  onlyRise,
  type OptionTable,
  readOptions,
  required,
  wholeOrInfinity,
  withDefault,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import type { Candidate, SkipPolicy } from '../types.js'
import { type Measure, type Signal, signalOf, thresholdPolicy } from './policy.js'

/** Options of {@link topScoreSignal}. */
export interface TopScoreOptions {
  /** `false` when the retriever gives distances. Default `true`. */
  readonly higherIsBetter?: boolean | undefined
}

/** Options of {@link aboveThreshold}. */
export interface AboveThresholdOptions extends TopScoreOptions {
  /**
   * The first-stage score, on the retriever's own scale, that the top candidate must reach; for distances, the distance
   * that it may have at most. Any finite number.
   */
  readonly threshold: number
}

const TOP_SCORE = { higherIsBetter: withDefault(flag, true) } satisfies OptionTable<TopScoreOptions>
const ABOVE_THRESHOLD = {
  threshold: required(finite),
  ...TOP_SCORE,
} satisfies OptionTable<AboveThresholdOptions>

/**
 * Skips when the first-stage score of the top candidate reaches a threshold.
 *
 * Wrong more often than {@link clearMargin}: a query can score high against everything, so a high top score does not mean
 * that the order below it is right. Choose it only after measuring on your own queries. Without a first-stage score on
 * every candidate it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function aboveThreshold(options: AboveThresholdOptions): SkipPolicy {
  const { threshold, higherIsBetter } = readOptions(ABOVE_THRESHOLD, options)
  return thresholdPolicy('above-threshold', topScoreOf(higherIsBetter), {
    threshold: higherIsBetter ? threshold : -threshold,
    limits: { threshold },
  })
}

/**
 * The first-stage score of the top candidate, for calibrating {@link aboveThreshold}. Seldom the best signal, since a query
 * can score high against everything; calibrate it to see.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function topScoreSignal(options: TopScoreOptions = {}): Signal {
  const { higherIsBetter } = readOptions(TOP_SCORE, options)
  return signalOf('top-score', topScoreOf(higherIsBetter), (value) => {
    return { policy: 'above-threshold', options: { threshold: higherIsBetter ? value : -value, higherIsBetter } }
  })
}

function topScoreOf(higherIsBetter: boolean): Measure {
  return ({ candidates }) => {
    const scores = firstStageScores(candidates, higherIsBetter)
    if (scores === undefined) return undefined
    return { value: scores[0], evidence: { top: candidates[0]?.score as number, higherIsBetter } }
  }
}

/** Options of {@link marginSignal}. */
export interface MarginOptions extends TopScoreOptions {
  /**
   * The place, counted from 1, that the top is compared with; 2 or more. Default 3: the lead over the third predicts
   * need better than the lead over the second, which is often a near-copy of the top.
   */
  readonly place?: number | undefined
  /**
   * `true`: the lead is divided by the larger of the two scores (in absolute value), which suits scales without bounds,
   * such as BM25. Default `false`.
   */
  readonly relative?: boolean | undefined
}

/** Options of {@link clearMargin}. */
export interface ClearMarginOptions extends MarginOptions {
  /** How far the top candidate must lead, on the retriever's own scale, or as a share with `relative`. More than 0. */
  readonly margin: number
}

const MARGIN = {
  place: withDefault(wholeOrInfinity(2), 3),
  relative: withDefault(flag, false),
  ...TOP_SCORE,
} satisfies OptionTable<MarginOptions>
const CLEAR_MARGIN = {
  margin: required(must<number>((value) => isFiniteNumber(value) && value > 0, 'pass a number above 0')),
  ...MARGIN,
} satisfies OptionTable<ClearMarginOptions>

/**
 * Skips when the top candidate leads clearly: its first-stage score is at least `margin` better than the best at `place`
 * and below.
 *
 * Wrong when the retriever is confidently wrong; on questions with many equally good answers it skips nothing. With fewer
 * than `place` candidates, or a candidate without a first-stage score, it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function clearMargin(options: ClearMarginOptions): SkipPolicy {
  const { margin, ...how } = readOptions(CLEAR_MARGIN, options)
  return thresholdPolicy('clear-margin', leadOf(how), { threshold: margin, limits: { margin } })
}

/**
 * The lead of the top first-stage score over the best at `place` and below, for calibrating {@link clearMargin}. Nothing
 * with fewer than `place` candidates, or when a score is missing.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function marginSignal(options: MarginOptions = {}): Signal {
  const how = readOptions(MARGIN, options)
  return signalOf(how.relative ? 'relative-margin' : 'margin', leadOf(how), (margin) => {
    // A margin of 0 would skip on no lead at all, and clearMargin refuses it.
    return margin > 0 ? { policy: 'clear-margin', options: { margin, ...how } } : undefined
  })
}

function leadOf({
  place,
  relative,
  higherIsBetter,
}: Readonly<{ place: number } & Record<'relative' | 'higherIsBetter', boolean>>): Measure {
  const sign = higherIsBetter ? 1 : -1
  return ({ candidates }) => {
    const scores = firstStageScores(candidates, higherIsBetter)
    if (scores === undefined || scores.length < place) return undefined
    const top = scores[0] as number
    // The best of the rest, not the one at that place: in a list not sorted by score, the lead must hold over all of it.
    const rival = scores.slice(place - 1).reduce((best, score) => Math.max(best, score))
    const scale = Math.max(Math.abs(top), Math.abs(rival))
    const lead = relative ? (scale === 0 ? 0 : top / scale - rival / scale) : top - rival
    return { value: lead, evidence: { top: top * sign, rival: rival * sign, place, lead, relative, higherIsBetter } }
  }
}

/** Options of {@link shapeSignal}. */
export interface ShapeOptions extends TopScoreOptions {
  /** How many places from the top count, 3 or more. Default 10; all of a shorter list. */
  readonly k?: number | undefined
}

/** Options of {@link scoreShape}. */
export interface ScoreShapeOptions extends ShapeOptions {
  /** How many standard deviations the top score must stand above the mean of the next. Any finite number. */
  readonly atLeast: number
}

const SHAPE = { k: withDefault(wholeOrInfinity(3), 10), ...TOP_SCORE } satisfies OptionTable<ShapeOptions>
const SCORE_SHAPE = { atLeast: required(finite), ...SHAPE } satisfies OptionTable<ScoreShapeOptions>

/**
 * Skips when the top first-stage score stands out from the shape of the others: its distance to the mean of places 2 to `k`
 * is at least `atLeast` standard deviations of those. Unlike a margin it does not depend on the retriever's scale.
 *
 * Akin to the query performance predictor NQC (Shtok et al. 2012). Wrong when the others lie close together, where a small
 * lead is many deviations. With fewer than three candidates, a candidate without a first-stage score, or equal scores
 * below the top it never skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function scoreShape(options: ScoreShapeOptions): SkipPolicy {
  const { atLeast, ...how } = readOptions(SCORE_SHAPE, options)
  return thresholdPolicy('score-shape', deviationsOf(how), { threshold: atLeast, limits: { atLeast } })
}

/**
 * How many standard deviations the top score stands above the mean of places 2 to `k`, for calibrating {@link scoreShape}.
 * Nothing with fewer than three scores, or when places 2 to `k` are equal.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function shapeSignal(options: ShapeOptions = {}): Signal {
  const how = readOptions(SHAPE, options)
  return signalOf('score-shape', deviationsOf(how), (atLeast) => {
    return { policy: 'score-shape', options: { atLeast, ...how } }
  })
}

function deviationsOf({ k, higherIsBetter }: { readonly k: number; readonly higherIsBetter: boolean }): Measure {
  return ({ candidates }) => {
    const [top, ...rest] = firstStageScores(candidates, higherIsBetter)?.slice(0, k) ?? []
    if (top === undefined || rest.length < 2) return undefined
    const mean = rest.reduce((sum, score) => sum + score, 0) / rest.length
    const deviation = Math.sqrt(rest.reduce((sum, score) => sum + (score - mean) ** 2, 0) / rest.length)
    const deviations = (top - mean) / deviation
    if (!(deviation > 0 && Number.isFinite(deviations))) return undefined
    return { value: deviations, evidence: { deviations, k } }
  }
}

/** Options of {@link agreementSignal}. */
export interface AgreementSignalOptions<C extends Candidate = Candidate> {
  /**
   * The score that a second retriever gave a candidate, higher is better (for a rank: its negative), or nothing when that
   * retriever did not find it. Must be a function of the candidate alone.
   */
  readonly other: (candidate: C) => number | undefined
  /** How many places from the top are compared, 1 or more. Default 10; all of a shorter list. */
  readonly k?: number | undefined
}

/** Options of {@link agreement}. */
export interface AgreementOptions<C extends Candidate = Candidate> extends AgreementSignalOptions<C> {
  /** How much the two orders must agree, above 0 and at most 1: see {@link agreement}. */
  readonly atLeast: number
}

const AGREEMENT_SIGNAL = {
  other: required(callable<AgreementSignalOptions['other']>()),
  k: withDefault(wholeOrInfinity(1), 10),
} satisfies OptionTable<AgreementSignalOptions>
const AGREEMENT = {
  ...AGREEMENT_SIGNAL,
  atLeast: required(
    must<number>((value) => isFiniteNumber(value) && value > 0 && value <= 1, 'pass a number above 0, 1 at most'),
  ),
} satisfies OptionTable<AgreementOptions>

/**
 * Skips when the present order and that of a second retriever already agree at the top: two independent witnesses.
 *
 * Agreement is the average overlap: for each depth up to `k`, the share of candidates that both orders have above that
 * depth, averaged over the depths; 1 for the same order, and the top places weigh most. A candidate that the second
 * retriever did not find stands below all others, and equal scores count as disagreement. Wrong when the two retrievers are
 * not independent, as two embeddings of one family. When the second retriever found none of the candidates it never
 * skips.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option; from the policy, when `other` returns no finite number.
 */
export function agreement<C extends Candidate = Candidate>(options: AgreementOptions<C>): SkipPolicy {
  const { atLeast, ...how } = readOptions(AGREEMENT, options)
  return thresholdPolicy('agreement', overlapOf(how), { threshold: atLeast, limits: { atLeast } })
}

/**
 * Average overlap of the present order with that of a second retriever at `k`, for calibrating {@link agreement}. A file
 * holds the threshold and not the function: load it with `calibrated(file, { other })`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function agreementSignal<C extends Candidate = Candidate>(options: AgreementSignalOptions<C>): Signal {
  const { other, k } = readOptions(AGREEMENT_SIGNAL, options)
  return signalOf('agreement', overlapOf({ other, k }), (atLeast) => {
    // An agreement of 0 would skip on no agreement at all, and the policy refuses it.
    return atLeast > 0 ? { policy: 'agreement', options: { atLeast, k } } : undefined
  })
}

function overlapOf({ other, k }: { readonly other: AgreementSignalOptions['other']; readonly k: number }): Measure {
  return ({ candidates }) => {
    const scores = candidates.map((candidate, at) => {
      const score: unknown = other(candidate)
      if (score === undefined || isFiniteNumber(score)) return score
      const fix = 'return a finite number, or undefined when it was not found'
      throw invalidArgument(`other(candidates[${at}])`, score, fix)
    })
    if (scores.every((score) => score === undefined)) return undefined
    const depth = Math.min(k, candidates.length)
    const overlap = averageOverlap(orderBy(scores), depth)
    return { value: overlap, evidence: { agreement: overlap, k: depth } }
  }
}

/** The positions in the second retriever's order. Where it has no opinion, it is taken to hold the opposite one. */
function orderBy(scores: readonly (number | undefined)[]): number[] {
  return scores
    .map((score, at) => ({ score: score ?? -Infinity, at }))
    .sort((a, b) => (a.score === b.score ? b.at - a.at : b.score > a.score ? 1 : -1))
    .map(({ at }) => at)
}

/** The average overlap of an order with 0, 1, 2, … at the depths 1 to `k`. */
function averageOverlap(order: readonly number[], k: number): number {
  const seen = new Set<number>()
  let [shared, sum] = [0, 0]
  for (let depth = 1; depth <= k; depth++) {
    const [mine, theirs] = [depth - 1, order[depth - 1] as number]
    seen.add(theirs)
    // New in both at this depth: mine when they had it by now, and theirs when I had it before.
    shared += (seen.has(mine) ? 1 : 0) + (theirs < mine ? 1 : 0)
    sum += shared / depth
  }
  return sum / k
}

/**
 * The first-stage scores of a list, turned so that higher is better. Nothing when there are none, when one is missing, or
 * when they only get better down the list: a retriever puts its best first, so the direction was most likely named
 * wrongly (distances taken for similarities, or the other way round), and that is no evidence for skipping.
 */
function firstStageScores(candidates: readonly Candidate[], higherIsBetter: boolean): number[] | undefined {
  const scores: number[] = []
  for (const [at, { score }] of candidates.entries()) {
    if (score === undefined) return undefined
    // A stage checks what it is given; a sample for calibration may hold what no retriever gave.
    if (!Number.isFinite(score)) throw invalidArgument(`the score of candidate ${at}`, score, 'pass a finite number')
    scores.push(higherIsBetter ? score : -score)
  }
  return scores.length === 0 || onlyRise(scores) ? undefined : scores
}
