import {
  between,
  blend as blendCheck,
  type Check,
  checkItems,
  isFiniteNumber,
  isObject,
  must,
  type OptionTable,
  readOptions,
  whole,
  withDefault,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { orderHead } from '../order.js'
import type { Blend } from '../types.js'
import { evaluate } from './evaluate.js'
import { type MetricName, metricOf } from './metrics.js'
import { fromZero, type Qrels, runFromLists } from './run.js'

/** One query whose candidates were all scored. */
export interface DepthQuery {
  readonly queryId: string
  /** Document ids in the order of the first stage. */
  readonly ids: readonly string[]
  /** The scorer's number for each document; of a scorer of scope `'pair'`, whose numbers do not depend on the depth. */
  readonly scores: readonly number[]
  /** What the first stage gave each document, for a `blend`. Default: none, and nothing is mixed. */
  readonly firstStageScores?: readonly (number | undefined)[] | undefined
}

/** Options of {@link adviseDepth}. */
export interface DepthOptions {
  /** Which depths to try, whole numbers from 1. Default 10, 20, 50, 100, 200. */
  readonly depths?: readonly number[] | undefined
  /** What to measure. Default `'nDCG@10'`. */
  readonly metric?: MetricName | undefined
  /** The share of the best value that the advised depth must reach, 0 to 1. Default 0.99. */
  readonly share?: number | undefined
  /** What one scored text costs, in milliseconds or money. Default 1, so that the cost is a number of texts. */
  readonly costPerText?: number | undefined
  /** What the cost is counted in, for the sentence: `'ms'`, `'$'`. Default: nothing. */
  readonly costUnit?: string | undefined
  /**
   * As the reranker mixes the two: the `defaults.blend` of its scorer unless told otherwise. Both sides are normalized anew at
   * each depth, so the order at one depth is not the beginning of the order at another. Default: the scores alone.
   */
  readonly blend?: Blend | undefined
}

const depthList: Check<readonly number[]> = (name, value) => {
  must(Array.isArray, 'pass an array of whole numbers from 1')(name, value)
  for (const depth of value as unknown[]) whole(1)('a depth of depths', depth)
}

const metricName: Check<MetricName> = (_, value) => void metricOf(value as MetricName)

const DEPTH = {
  depths: withDefault(depthList, [10, 20, 50, 100, 200]),
  metric: withDefault(metricName, 'nDCG@10'),
  share: withDefault(between(0, 1), 0.99),
  costPerText: withDefault(fromZero, 1),
  costUnit: must<string>((value) => typeof value === 'string', 'pass what the cost is counted in, in words'),
  blend: blendCheck,
} satisfies OptionTable<DepthOptions>

/** What reranking to one depth gives and costs. */
export interface DepthPoint {
  /** 0 is the first stage alone. */
  readonly depth: number
  /** Mean of the metric over the queries given. */
  readonly value: number
  /** Mean cost of a query. */
  readonly cost: number
}

/** What {@link adviseDepth} found. */
export interface DepthAdvice {
  /** From depth 0 on, rising. */
  readonly curve: readonly DepthPoint[]
  /** The smallest depth that reaches the share of the best; 0 when the first stage alone does. */
  readonly depth: number
  readonly sentence: string
}

/**
 * How deep to rerank: the head of each depth is put in the order of the scores, the tail stays, as a stage does it.
 *
 * A depth beyond the length of a list is the whole list. The mean is over the given queries that are judged.
 *
 * @throws RerankError `'invalid-argument'` when an option is wrong, or ids and scores of a query differ in number.
 */
export function adviseDepth(queries: readonly DepthQuery[], qrels: Qrels, options: DepthOptions = {}): DepthAdvice {
  const { depths, metric, share, costPerText, costUnit, blend } = readOptions(DEPTH, options)
  checkItems('queries', queries, isObject, 'pass { queryId, ids, scores }')
  queries.forEach(checkQuery)
  const curve = [...new Set([0, ...depths])]
    .sort((a, b) => a - b)
    .map((depth) => {
      const run = runFromLists(queries.map((query) => [query.queryId, reorderHead(query, depth, blend)]))
      const { means } = evaluate(run, qrels, { metrics: [metric], queries: 'intersection' })
      const texts = queries.reduce((sum, { ids }) => sum + Math.min(depth, ids.length), 0) / queries.length
      return { depth, value: means[metric] as number, cost: texts * costPerText }
    })
  return { curve, ...advice(curve, { metric, share, costUnit }) }
}

function advice(
  curve: readonly DepthPoint[],
  { metric, share, costUnit }: { metric: string; share: number; costUnit: string | undefined },
): Pick<DepthAdvice, 'depth' | 'sentence'> {
  const best = curve.reduce((most, { value }) => Math.max(most, value), 0)
  // The curve holds the best itself, so one is always found.
  const { depth, value, cost } = curve.find((point) => point.value >= share * best) as DepthPoint
  const reached = `${value.toFixed(3)} of the best ${best.toFixed(3)} in ${metric}`
  const price = [Number(cost.toPrecision(3)), ...(costUnit === undefined ? [] : [costUnit])].join(' ')
  const sentence =
    depth === 0
      ? `The first stage alone reaches ${reached}: do not rerank.`
      : `Depth ${depth} reaches ${reached} at a cost of ${price} for each query.`
  return { depth, sentence }
}

/** What a stage of this depth makes of the list. */
function reorderHead({ ids, scores, firstStageScores = [] }: DepthQuery, depth: number, blend?: Blend): string[] {
  const numbers = scores.slice(0, depth)
  const { order } = orderHead({
    numbers,
    firstStage: numbers.map((_, at) => firstStageScores[at]),
    blend,
    inputScores: firstStageScores,
  })
  return [...order.map((at) => ids[at] as string), ...ids.slice(depth)]
}

function checkQuery({ queryId, ids, scores, firstStageScores }: DepthQuery, at: number): void {
  const name = `queries[${at}]`
  if (typeof queryId !== 'string') throw invalidArgument(`${name}.queryId`, queryId, 'pass a string')
  checkItems(`${name}.ids`, ids, (id) => typeof id === 'string', 'pass document ids')
  checkItems(`${name}.scores`, scores, isFiniteNumber, 'pass finite numbers')
  const isScore = (score: unknown): boolean => score === undefined || isFiniteNumber(score)
  if (firstStageScores !== undefined) checkItems(`${name}.firstStageScores`, firstStageScores, isScore, 'pass numbers')
  if (firstStageScores !== undefined && firstStageScores.length !== ids.length) {
    const given = `${firstStageScores.length} first-stage scores`
    throw invalidArgument(`query ${queryId}`, given, `it has ${ids.length} ids; pass one for each`)
  }
  if (ids.length !== scores.length) {
    throw invalidArgument(
      `query ${queryId}`,
      `${ids.length} ids`,
      `it has ${scores.length} scores; pass one for each id`,
    )
  }
}
