import {
  checkItems,
  inside,
  isObject,
  oneOf,
  type OptionTable,
  readOptions,
  whole,
  withDefault,
} from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { seededRandom, shuffled } from '../bootstrap.js'

/** One scored text that was judged. */
export interface JudgedScore {
  /** On the scale of `score` in the results of one scorer. */
  readonly score: number
  readonly relevant: boolean
}

/** What {@link minScoreFor} shall keep: one of the two. */
export interface MinScoreTarget {
  /** Wanted share of relevant texts among those kept, above 0 and below 1. */
  readonly precision?: number | undefined
  /** Wanted share of the relevant texts that is kept, above 0 and below 1. */
  readonly recall?: number | undefined
}

const TARGET = { precision: inside(0, 1), recall: inside(0, 1) } satisfies OptionTable<MinScoreTarget>

/** A `minScore` and what it does to the sample. */
export interface MinScore {
  /** What to pass as `minScore`; missing when no threshold reaches the target. */
  readonly minScore?: number
  /** Share of relevant texts among those kept. */
  readonly precision: number
  /** Wilson interval of the precision, 95 %. */
  readonly precisionInterval: readonly [number, number]
  /** Share of the relevant texts that is kept. */
  readonly recall: number
  /** Wilson interval of the recall, 95 %. */
  readonly recallInterval: readonly [number, number]
  /** Texts kept, of all in the sample. */
  readonly kept: number
}

/**
 * The `minScore` that reaches a wanted precision or recall on a sample: for a precision the lowest such threshold, which
 * keeps most; for a recall the highest, which removes most.
 *
 * The numbers are those of the sample; the intervals say how far they may be off, and do not count that the threshold was
 * chosen on the same sample. They take the texts for independent: put each pair of query and text in once, and texts of
 * many queries, or they come out too narrow. Valid for one scorer id.
 *
 * @throws RerankError `'invalid-argument'` when a score is not finite, nothing is relevant, or not exactly one target is given.
 */
export function minScoreFor(sample: readonly JudgedScore[], target: MinScoreTarget): MinScore {
  const { precision, recall } = readOptions(TARGET, target)
  if ((precision === undefined) === (recall === undefined))
    throw invalidArgument('target', target, 'pass precision or recall')
  const steps = stepsOf(sample)
  const reaching = steps.filter((step) =>
    precision === undefined ? step.recall >= (recall as number) : step.precision >= precision,
  )
  const best = precision === undefined ? reaching[0] : reaching.at(-1)
  if (best !== undefined) return best
  const { minScore: _nothing, ...nearest } = steps.reduce((a, b) => (b.precision > a.precision ? b : a))
  return nearest
}

function checkJudged(sample: unknown): void {
  const isJudged = (one: unknown): boolean =>
    isObject(one) && typeof one['score'] === 'number' && typeof one['relevant'] === 'boolean'
  checkItems('sample', sample, isJudged, 'pass { score, relevant }, a number and a boolean')
}

/** What each threshold keeps, from the highest score down. */
function stepsOf(sample: readonly JudgedScore[]): (MinScore & { readonly minScore: number })[] {
  checkJudged(sample)
  const bad = sample.find(({ score }) => !Number.isFinite(score))
  if (bad !== undefined) throw invalidArgument('a score of the sample', bad.score, 'pass finite numbers')
  const total = sample.filter(({ relevant }) => relevant).length
  if (total === 0) throw invalidArgument('sample', sample, 'at least one text of it must be relevant')
  const sorted = [...sample].sort((a, b) => b.score - a.score)
  let found = 0
  return sorted.flatMap(({ score, relevant }, at) => {
    found += relevant ? 1 : 0
    // Equal scores are kept or removed together.
    if (sorted[at + 1]?.score === score) return []
    const [kept, hits] = [at + 1, found]
    return {
      minScore: score,
      precision: hits / kept,
      precisionInterval: wilson(hits, kept),
      recall: hits / total,
      recallInterval: wilson(hits, total),
      kept,
    }
  })
}

/** The 95 % interval of a share (Wilson 1927). */
function wilson(hits: number, count: number): readonly [number, number] {
  const z = 1.959963984540054
  const [share, spread] = [hits / count, (z * z) / count]
  const middle = (share + spread / 2) / (1 + spread)
  const half = (z / (1 + spread)) * Math.sqrt((share * (1 - share)) / count + spread / (4 * count))
  return [Math.max(0, middle - half), Math.min(1, middle + half)]
}

/** Options of {@link fitProbability}. */
export interface ScalingOptions {
  /**
   * `'platt'` (default): 1 / (1 + exp(-(slope · score + offset))), which also corrects a shifted scale (Platt 1999).
   * `'temperature'`: the same without offset, where 1 / slope is the temperature (Guo et al. 2017); wants less data.
   */
  readonly method?: 'platt' | 'temperature' | undefined
  /** Bins of the calibration error, 2 to 1,000,000. Default 10. */
  readonly bins?: number | undefined
  /** Fixes which half is fitted and which is measured. A whole number from 0. Default 1. */
  readonly seed?: number | undefined
}

const binCount = whole(2, 1_000_000)
const SCALING = {
  method: withDefault(oneOf('platt', 'temperature'), 'platt'),
  bins: withDefault(binCount, 10),
  seed: withDefault(whole(0), 1),
} satisfies OptionTable<ScalingOptions>

/** A map from scores to probabilities. */
export interface Scaling {
  readonly slope: number
  readonly offset: number
  /** Expected calibration error of the logistic function of the scores as they are, on the half not fitted. */
  readonly errorBefore: number
  /** The same with slope and offset. */
  readonly errorAfter: number
  /** The probability of a score. */
  probability(score: number): number
}

/**
 * Fits probabilities to a scorer's own numbers (logits): on one half of the sample, measured on the other. Order never
 * changes, since the slope must come out above 0.
 *
 * @throws RerankError `'invalid-argument'` when a score is not finite, when a half has no relevant or no other text, or when
 *   higher scores are not more often relevant.
 */
export function fitProbability(sample: readonly JudgedScore[], options: ScalingOptions = {}): Scaling {
  const { method, bins, seed } = readOptions(SCALING, options)
  checkJudged(sample)
  const order = shuffled(sample, seededRandom(seed))
  const [fitted, held] = [order.slice(0, order.length / 2), order.slice(order.length / 2)]
  ;[fitted, held].forEach(checkHalf)
  const { slope, offset } = fit(fitted, method === 'platt')
  if (!(slope > 0))
    throw invalidArgument('sample', sample, 'higher scores must be relevant more often; is it of this scorer?')
  const probability = (score: number): number => logistic(slope * score + offset)
  const errorOf = (map: (score: number) => number): number => {
    return expectedCalibrationError(
      held.map(({ score, relevant }) => ({ score: map(score), relevant })),
      bins,
    )
  }
  return { slope, offset, errorBefore: errorOf(logistic), errorAfter: errorOf(probability), probability }
}

/**
 * Expected calibration error (Naeini et al. 2015): probabilities go into bins of equal width; the distance between the mean
 * probability and the share of relevant texts, averaged over the texts. 0 is perfect, and so is always naming the mean.
 *
 * @param sample texts whose `score` is a probability
 * @param bins how many, 2 to 1,000,000. Default 10.
 * @throws RerankError `'invalid-argument'` for a score outside 0..1, or a wrong number of bins.
 */
export function expectedCalibrationError(sample: readonly JudgedScore[], bins: number = 10): number {
  binCount('bins', bins)
  checkJudged(sample)
  const gaps = new Float64Array(bins)
  for (const { score, relevant } of sample) {
    if (!(score >= 0 && score <= 1))
      throw invalidArgument('a probability of the sample', score, 'pass a number from 0 to 1')
    const bin = Math.min(bins - 1, Math.floor(score * bins))
    gaps[bin] = (gaps[bin] as number) + score - Number(relevant)
  }
  return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / sample.length
}

/**
 * Newton's method on the log loss, the step halved until it falls (Lin, Lin and Weng 2007), with the smoothed targets of
 * Platt, which keep the slope finite when the scores tell the two apart without fault.
 */
function fit(sample: readonly JudgedScore[], hasOffset: boolean): { slope: number; offset: number } {
  const positives = sample.filter(({ relevant }) => relevant).length
  const [high, low] = [(positives + 1) / (positives + 2), 1 / (sample.length - positives + 2)]
  const points = sample.map(({ score, relevant }) => ({ score, target: relevant ? high : low }))
  const lossAt = (slope: number, offset: number): number => {
    return points.reduce(
      (sum, { score, target }) => sum + softplus(slope * score + offset) - target * (slope * score + offset),
      0,
    )
  }
  let [slope, offset] = [0, hasOffset ? Math.log((positives + 1) / (sample.length - positives + 1)) : 0]
  for (let round = 0; round < 100; round++) {
    const [stepSlope, stepOffset] = newtonStep(points, { slope, offset, hasOffset })
    const loss = lossAt(slope, offset)
    let size = 1
    while (size > 1e-10 && !(lossAt(slope - size * stepSlope, offset - size * stepOffset) < loss)) size /= 2
    if (size <= 1e-10) break
    slope -= size * stepSlope
    offset -= size * stepOffset
  }
  return { slope, offset }
}

interface State {
  readonly slope: number
  readonly offset: number
  readonly hasOffset: boolean
}

function newtonStep(
  points: readonly { readonly score: number; readonly target: number }[],
  { slope, offset, hasOffset }: State,
): [number, number] {
  // A little is added to the diagonal so that equal scores do not divide by 0.
  let [gradientSlope, gradientOffset, ss, so, oo] = [0, 0, 1e-12, 0, 1e-12]
  for (const { score, target } of points) {
    const probability = logistic(slope * score + offset)
    const weight = probability * (1 - probability)
    gradientSlope += (probability - target) * score
    gradientOffset += probability - target
    ss += weight * score * score
    so += weight * score
    oo += weight
  }
  if (!hasOffset) return [gradientSlope / ss, 0]
  const determinant = ss * oo - so * so
  return [
    (oo * gradientSlope - so * gradientOffset) / determinant,
    (ss * gradientOffset - so * gradientSlope) / determinant,
  ]
}

function checkHalf(half: readonly JudgedScore[]): void {
  const bad = half.find(({ score }) => !Number.isFinite(score))
  if (bad !== undefined) throw invalidArgument('a score of the sample', bad.score, 'pass finite numbers')
  const positives = half.filter(({ relevant }) => relevant).length
  if (positives > 0 && positives < half.length) return
  throw invalidArgument(
    'sample',
    `${half.length} texts in one half`,
    'each half must hold relevant and other texts; pass more',
  )
}

function logistic(value: number): number {
  return 1 / (1 + Math.exp(-value))
}

function softplus(value: number): number {
  return Math.max(value, 0) + Math.log1p(Math.exp(-Math.abs(value)))
}
