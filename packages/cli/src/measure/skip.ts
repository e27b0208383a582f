import type { Ranking } from '@secondpass/core'
import {
  type CalibrationQuery,
  type Qrels,
  type SkipCalibrationResult,
  calibrateSkip,
  calibrationQuery,
} from '@secondpass/core/eval'
import { CliError } from '../errors.js'
import type { Scored } from './scored.js'

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
