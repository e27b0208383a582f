import { between, type Check, must, type OptionTable, readOptions, required, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import type { Milliseconds } from '../types.js'
import { type BootstrapOptions, bootstrapTable, mean, tally } from './bootstrap.js'
import { checkOverlap, defaultMetrics, evaluate, type Evaluation, metricNames } from './evaluate.js'
import { firstRelevantRank, type MetricName, recall } from './metrics.js'
import { byQuery, type Qrels, rankByScore, type RankOptions, rankTable, type Run } from './run.js'
import { type MetricLift, type Verdict, verdictOn } from './verdict.js'

/** Where the first relevant document of one query stood and stands, counted from 1; missing when it was not found. */
export interface FirstRelevantMove {
  readonly queryId: string
  readonly from?: number
  readonly to?: number
}

/** What happened to the first relevant document of every query. */
export interface FirstRelevant {
  /** One for each query of the judgements that has a relevant document, in their order. */
  readonly moves: readonly FirstRelevantMove[]
  readonly up: number
  readonly same: number
  readonly down: number
  /** Middle rank before, among the queries that found one. */
  readonly medianFrom?: number
  /** Middle rank after, among the queries that found one. */
  readonly medianTo?: number
}

/** Follows the first relevant document of each query from one order to the other. */
export function followFirstRelevant(runs: readonly [Run, Run], qrels: Qrels, options: RankOptions): FirstRelevant {
  const moves: FirstRelevantMove[] = []
  for (const [queryId, judgements] of qrels) {
    if (![...judgements.values()].some((grade) => grade > 0)) continue
    const [from, to] = runs.map((run) =>
      firstRelevantRank(rankByScore(run.get(queryId) ?? new Map(), options), judgements),
    )
    moves.push({ queryId, ...(from !== undefined && { from }), ...(to !== undefined && { to }) })
  }
  const steps = moves.map(({ from = Infinity, to = Infinity }) => (from === to ? 0 : to < from ? 1 : -1))
  const count = (step: number): number => steps.filter((other) => other === step).length
  return {
    moves,
    up: count(1),
    same: count(0),
    down: count(-1),
    ...named('medianFrom', median(moves.flatMap(({ from }) => from ?? []))),
    ...named('medianTo', median(moves.flatMap(({ to }) => to ?? []))),
  }
}

function named<K extends string>(name: K, value: number | undefined): { readonly [key in K]?: number } {
  return value === undefined ? {} : ({ [name]: value } as { readonly [key in K]?: number })
}

function median(values: readonly number[]): number | undefined {
  if (values.length === 0) return undefined
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] as number) + (sorted[Math.floor(middle)] as number)) / 2
}

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

const numbers: Check<readonly number[]> = must(Array.isArray, 'pass an array of numbers, one per call')

const LIFT = {
  firstStage: required(byQuery<Run>()),
  reranked: required(byQuery<Run>()),
  qrels: required(byQuery<Qrels>()),
  metrics: withDefault(metricNames, defaultMetrics),
  worthwhile: withDefault(between(0, 10), 0.02),
  durationsMs: numbers,
  costs: numbers,
  ...rankTable,
  ...bootstrapTable,
} satisfies OptionTable<LiftOptions>

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
  const read = readOptions(LIFT, options)
  const { firstStage, reranked, qrels, metrics, worthwhile, confidence, durationsMs, costs } = read
  const [primary] = metrics
  if (primary === undefined) throw invalidArgument('metrics', metrics, 'name at least one')
  checkOverlap(firstStage, qrels, 'firstStage')
  checkOverlap(reranked, qrels, 'reranked')
  const how = { ties: read.ties, float32: read.float32 }
  const [before, after] = [firstStage, reranked].map((run) => evaluate(run, qrels, { metrics, ...how })) as [
    Evaluation,
    Evaluation,
  ]
  if (primary.startsWith('judged@')) {
    throw invalidArgument(
      'metrics[0]',
      primary,
      'it says how much was judged, not how good an order is; name another first',
    )
  }
  const lifts = Object.fromEntries(metrics.map((name) => [name, liftOf(name, [before, after], read)]))
  return {
    verdict: verdictOn(primary, lifts[primary] as MetricLift, { worthwhile, confidence }),
    metrics: lifts,
    perQuery: new Map(differencesOf(primary, [before, after])),
    firstRelevant: followFirstRelevant([firstStage, reranked], qrels, how),
    poolRecall: poolRecallOf(firstStage, qrels),
    ...(durationsMs?.length && { durationMs: spreadOf('durationsMs', durationsMs) }),
    ...(costs?.length && { cost: spreadOf('costs', costs) }),
    warnings: [...fewWarning(qrels.size), ...new Set([...before.warnings, ...after.warnings])],
  }
}

/** A bootstrap interval from fewer queries than this is too narrow. */
const FEW_QUERIES = 20

function fewWarning(queries: number): string[] {
  if (queries >= FEW_QUERIES) return []
  const most = (1 / queries).toFixed(3)
  return [
    `Only ${queries} queries: each moves a mean by up to ${most}, and intervals from fewer than ${FEW_QUERIES} are too narrow.`,
  ]
}

function liftOf(name: string, evaluations: readonly [Evaluation, Evaluation], options: BootstrapOptions): MetricLift {
  const [firstStage, reranked] = evaluations.map(({ means }) => means[name] as number) as [number, number]
  const differences = differencesOf(name, evaluations).map(([, difference]) => difference)
  const difference = reranked - firstStage
  return {
    firstStage,
    reranked,
    ...tally(differences, options),
    difference,
    ...(firstStage > 0 && { relative: difference / firstStage }),
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
  return { mean: mean(values), median: at(0.5), p95: at(0.95) }
}
