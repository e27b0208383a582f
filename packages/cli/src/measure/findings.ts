import type { Blend, Ranking } from '@secondpass/core'
import {
  type CalibrationQuery,
  type DepthAdvice,
  type DepthQuery,
  type Lift,
  type MetricName,
  type Qrels,
  type Run,
  type SkipCalibrationResult,
  adviseDepth,
  calibrateSkip,
  calibrationQuery,
  measureLift,
  runFromLists,
} from '@secondpass/core/eval'
import { CliError } from '../errors.js'
import type { Loaded } from '../scorer/load.js'
import type { Scored } from './journal.js'

/** Both orders of the scored queries. */
export interface Runs {
  readonly firstStage: Run
  readonly reranked: Run
}

/** The orders as runs: scores by place, so that ties cannot reorder them. */
export function runsOf(scored: readonly Scored[]): Runs {
  return {
    firstStage: runFromLists(scored.map(({ queryId, ids }) => [queryId, ids])),
    reranked: runFromLists(
      scored.map(({ queryId, ids, order }) => [queryId, order.map((place) => ids[place] as string)]),
    ),
  }
}

/** Before against after, over the judged queries that were scored. */
export function liftOf(
  scored: readonly Scored[],
  qrels: Qrels,
  options: { readonly metrics: readonly MetricName[]; readonly confidence: number },
): Lift {
  refuseUnjudged(qrels)
  return measureLift({ ...runsOf(scored), qrels, ...options, durationsMs: scored.map(({ durationMs }) => durationMs) })
}

/** @throws CliError when nothing is judged. */
export function refuseUnjudged(qrels: Qrels): void {
  if (qrels.size > 0) return
  throw new CliError('no query is judged: add "judgements" to the lines of --input, or use --beir with qrels')
}

/** Options of {@link depthOf}. */
export interface DepthOptions {
  readonly depths: readonly number[]
  readonly metric: MetricName
  /** The share of the best value that the advised depth must reach. */
  readonly share: number
  /** How the scores were mixed with those of the first stage. */
  readonly blend: Blend | false
}

/**
 * How deep to rerank, from scores that are there already.
 *
 * @throws CliError when a candidate has no score.
 */
export function depthOf(scored: readonly Scored[], qrels: Qrels, options: DepthOptions): DepthAdvice {
  const judged = scored.filter(({ queryId }) => qrels.has(queryId))
  judged.forEach(checkComplete)
  const { metric, share, blend } = options
  return adviseDepth(judged.map(asDepthQuery), qrels, {
    depths: depthsOf(judged, options.depths),
    metric,
    share,
    costPerText: meanOf(judged.map(({ durationMs, ids }) => durationMs / Math.max(1, ids.length))),
    costUnit: 'ms',
    ...(blend !== false && { blend }),
  })
}

/** What is deeper than the longest list is that list. */
function depthsOf(scored: readonly Scored[], depths: readonly number[]): number[] {
  const longest = scored.reduce((most, { ids }) => Math.max(most, ids.length), 1)
  return depths.map((depth) => Math.min(depth, longest))
}

function asDepthQuery({ queryId, ids, scores, blended, firstStage }: Scored): DepthQuery {
  return {
    queryId,
    ids,
    scores: scores as readonly number[],
    // A query that was not mixed when it was scored is not mixed now.
    ...(blended && { firstStageScores: firstStage.map((score) => score ?? undefined) }),
  }
}

/** How the scores were mixed; a mix that is hidden in a reranker cannot be repeated. */
export function blendOf(loaded: Loaded, scored: readonly Pick<Scored, 'blended'>[]): Blend | false {
  const blend = loaded.blend()
  if (blend !== undefined) return blend
  if (!scored.some(({ blended }) => blended)) return false
  throw new CliError('the reranker mixes scores in a way only it knows: export its scorer, and give --blend')
}

function checkComplete({ queryId, scores }: Scored): void {
  const missing = scores.indexOf(null)
  if (missing < 0) return
  throw new CliError(
    `query "${queryId}" has no score for candidate ${missing}: the curve needs one for each (no skip policy, no limit)`,
  )
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}

/** How the answers were mixed with the order of the first stage, in words, with the share of the model. */
export function blendWords(scored: readonly Pick<Scored, 'blended' | 'blendWeight'>[]): string | undefined {
  if (scored.every(({ blended }) => !blended)) return 'by the model alone'
  const weights = scored.flatMap(({ blendWeight }) => blendWeight ?? [])
  // A state that was begun before shares were kept has none.
  if (weights.length === 0) return undefined
  const [first] = weights
  if (weights.length === scored.length && weights.every((weight) => weight === first))
    return `blended, share of the model ${first}`
  const counts = new Map<number, number>()
  for (const weight of weights) counts.set(weight, (counts.get(weight) ?? 0) + 1)
  const parts = Array.from(counts, ([weight, count]) => `${weight} in ${count}`)
  const alone = scored.length - weights.length
  return `blended, share of the model ${parts.join(', ')}${alone === 0 ? '' : `, by the model alone in ${alone}`} queries`
}

/** Options of {@link skipOf}. */
export interface SkipOptions {
  readonly maxLoss: number
  readonly confidence: number
  readonly scorerId: string
  readonly retriever: string
  readonly corpus: string
}

/**
 * When may it be skipped? By the judgements, or by the reranker's own order where there are none.
 *
 * @throws CliError when nothing says what skipping would have cost.
 */
export function skipOf(
  scored: readonly Scored[],
  qrels: Qrels | undefined,
  options: SkipOptions,
): SkipCalibrationResult {
  const known = qrels === undefined ? scored : scored.filter(({ queryId }) => qrels.has(queryId))
  const sample = known.filter(({ ids }) => ids.length > 0).map((query) => sampled(query, qrels))
  if (sample.length === 0) throw new CliError('no query has candidates: nothing can be calibrated')
  return calibrateSkip(sample, { ...options })
}

/** Id of the scorer that answered: what a calibration holds for. */
export function scorerIdOf(scored: readonly Scored[]): string | undefined {
  return scored.find(({ scorerId }) => scorerId !== undefined)?.scorerId
}

/** Whether any query has first-stage scores, which the policies of a file go by. */
export function hasFirstStageScores(scored: readonly Scored[]): boolean {
  return scored.some(({ firstStage }) => firstStage.length > 0 && firstStage.every((score) => score !== null))
}

function sampled(
  { queryId, query, ids, firstStage, order, outcome }: Scored,
  qrels: Qrels | undefined,
): CalibrationQuery {
  if (outcome !== 'ranked')
    throw new CliError(`query "${queryId}" was not ranked (${outcome}): calibrate without a skip policy`)
  const candidates = ids.map((id, at) => ({ id, text: '', score: firstStage[at] ?? undefined }))
  // Of a ranking only the order and the outcome are read.
  const ranking = {
    results: order.map((index, at) => ({ candidate: candidates[index], index, rank: at + 1 })),
    report: { stages: [{ outcome }] },
  } as unknown as Ranking<(typeof candidates)[number]>
  return calibrationQuery({ query, candidates, ranking, judgements: qrels?.get(queryId) })
}
