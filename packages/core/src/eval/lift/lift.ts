import type { Milliseconds } from '../../types.js'
import type { Qrels, Run } from '../types.js'
import { checkKeys, checkWithin } from '../checks.js'
import { invalidArgument } from '../../errors.js'
import { type Evaluation, checkOverlap, defaultMetrics, evaluate } from '../evaluate.js'
import type { MetricName } from '../metrics/names.js'
import { recall } from '../metrics/precision-recall.js'
import { type RankOptions, rankByScore } from '../rank.js'
import { type BootstrapOptions, bootstrapInterval } from './bootstrap.js'
import { type FirstRelevant, followFirstRelevant } from './first-relevant.js'
import type { MetricLift } from './metric-lift.js'
import { type Verdict, verdictOn } from './verdict.js'

/** What {@link measureLift} compares, and how. */
export interface LiftOptions extends RankOptions, BootstrapOptions {
  /** What the first stage found. */
  readonly firstStage: Run
  /** The same queries after reranking. */
  readonly reranked: Run
  readonly qrels: Qrels
  /** What to measure; the verdict is by the first. Default as in `evaluate`. */
  readonly metrics?: readonly MetricName[] | undefined
  /**
   * The gain, as a share of the first stage's value, below which reranking is not worth its cost; 0 to 10. Default 0.02.
   */
  readonly worthwhile?: number | undefined
  /** How long reranking took, one number per call, in milliseconds. Default: the report says nothing of time. */
  readonly durationsMs?: readonly Milliseconds[] | undefined
  /** What reranking cost, one number per call, in the caller's unit. Default: the report says nothing of cost. */
  readonly costs?: readonly number[] | undefined
}

/** What reranking changed. */
export interface Lift {
  readonly verdict: Verdict
  /** By the name of the metric. */
  readonly metrics: Readonly<Record<string, MetricLift>>
  /** Difference of the verdict's metric by query id, in the order of the judgements. */
  readonly perQuery: ReadonlyMap<string, number>
  readonly firstRelevant: FirstRelevant
  /** Mean share of the relevant documents that the first stage found at all: no reranker can bring back the rest. */
  readonly poolRecall: number
  readonly durationMs?: Spread
  readonly cost?: Spread
  readonly warnings: readonly string[]
}

/** Mean, middle, and the value that 95 of 100 calls stay within. */
export interface Spread {
  readonly mean: number
  readonly median: number
  readonly p95: number
}

/**
 * Did reranking help? Compares the first stage's order with the reranked one, query by query.
 *
 * All means are over all queries of the judgements; a query that a run lacks counts 0 there.
 *
 * @throws RerankError `'invalid-argument'` when an option is wrong, and when a run and the judgements share no query id.
 */
export function measureLift(options: LiftOptions): Lift {
  checkKeys('options', options, LIFT_KEYS)
  const { firstStage, reranked, qrels, metrics = defaultMetrics, worthwhile = 0.02, confidence = 0.95 } = options
  checkWithin('worthwhile', worthwhile, [0, 10])
  const [primary] = metrics
  if (primary === undefined) throw invalidArgument('metrics', metrics, 'name at least one')
  checkOverlap(firstStage, qrels, 'firstStage')
  checkOverlap(reranked, qrels, 'reranked')
  const how = { metrics, ties: options.ties, float32: options.float32 }
  const [before, after] = [evaluate(firstStage, qrels, how), evaluate(reranked, qrels, how)]
  const lifts = Object.fromEntries(metrics.map((name) => [name, liftOf(name, [before, after], options)]))
  return {
    verdict: verdictOn(primary, lifts[primary] as MetricLift, { worthwhile, confidence }),
    metrics: lifts,
    perQuery: new Map(differencesOf(primary, [before, after])),
    firstRelevant: followFirstRelevant([firstStage, reranked], qrels, how),
    poolRecall: poolRecallOf(firstStage, qrels),
    ...(options.durationsMs?.length && { durationMs: spreadOf('durationsMs', options.durationsMs) }),
    ...(options.costs?.length && { cost: spreadOf('costs', options.costs) }),
    warnings: [...new Set([...before.warnings, ...after.warnings])],
  }
}

const LIFT_KEYS =
  'firstStage reranked qrels metrics worthwhile durationsMs costs ties float32 resamples confidence seed'.split(' ')

/** Less than this is rounding. */
const EQUAL = 1e-9

function liftOf(name: string, evaluations: readonly [Evaluation, Evaluation], options: BootstrapOptions): MetricLift {
  const [firstStage, reranked] = evaluations.map(({ means }) => means[name] as number) as [number, number]
  const differences = differencesOf(name, evaluations).map(([, difference]) => difference)
  const wins = differences.filter((difference) => difference > EQUAL).length
  const losses = differences.filter((difference) => difference < -EQUAL).length
  const difference = reranked - firstStage
  return {
    firstStage,
    reranked,
    difference,
    ...(firstStage > 0 && { relative: difference / firstStage }),
    interval: bootstrapInterval(differences, options),
    wins,
    ties: differences.length - wins - losses,
    losses,
  }
}

function differencesOf(name: string, [before, after]: readonly [Evaluation, Evaluation]): [string, number][] {
  return Array.from(before.perQuery, ([queryId, row]) => {
    return [queryId, (after.perQuery.get(queryId)?.[name] as number) - (row[name] as number)]
  })
}

function poolRecallOf(run: Run, qrels: Qrels): number {
  let sum = 0
  for (const [queryId, judgements] of qrels) sum += recall(rankByScore(run.get(queryId) ?? new Map()), judgements)
  return sum / qrels.size
}

/** Mean, middle and 95th percentile of at least one number. */
export function spreadOf(name: string, values: readonly number[]): Spread {
  const bad = values.find((value) => !Number.isFinite(value))
  if (bad !== undefined) throw invalidArgument(`a value of ${name}`, bad, 'pass finite numbers')
  const sorted = [...values].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, median: at(0.5), p95: at(0.95) }
}
