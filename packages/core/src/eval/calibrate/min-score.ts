import { checkInside, checkKeys } from '../checks.js'
import { invalidArgument } from '../../errors.js'

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
 * chosen on the same sample. Valid for one scorer id.
 *
 * @throws RerankError `'invalid-argument'` when a score is not finite, nothing is relevant, or not exactly one target is given.
 */
export function minScoreFor(sample: readonly JudgedScore[], target: MinScoreTarget): MinScore {
  checkKeys('target', target, ['precision', 'recall'])
  const { precision, recall } = target
  if ((precision === undefined) === (recall === undefined))
    throw invalidArgument('target', target, 'pass precision or recall')
  checkInside(precision === undefined ? 'recall' : 'precision', precision ?? recall, [0, 1])
  const steps = stepsOf(sample)
  const reaching = steps.filter((step) =>
    precision === undefined ? step.recall >= (recall as number) : step.precision >= precision,
  )
  const best = precision === undefined ? reaching[0] : reaching.at(-1)
  if (best !== undefined) return best
  const { minScore: _nothing, ...nearest } = steps.reduce((a, b) => (b.precision > a.precision ? b : a))
  return nearest
}

/** What each threshold keeps, from the highest score down. */
function stepsOf(sample: readonly JudgedScore[]): (MinScore & { readonly minScore: number })[] {
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
