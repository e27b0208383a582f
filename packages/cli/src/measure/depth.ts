import type { Blend } from '@secondpass/core'
import { type DepthAdvice, type DepthQuery, type MetricName, type Qrels, adviseDepth } from '@secondpass/core/eval'
import { CliError } from '../errors.js'
import type { Loaded } from '../scorer/load.js'
import type { Scored } from './scored.js'

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

/** How the scores were mixed; nobody can repeat a mix that is hidden in a reranker. */
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
