import { type Blend, type Scorer, createReranker } from '@secondpass/core'
import {
  type DepthAdvice,
  type DepthPoint,
  type MetricName,
  type Qrels,
  evaluate,
  runFromLists,
} from '@secondpass/core/eval'
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
 * How deep to rerank: the scores that are there already are put in order again at each depth, by the library itself, so
 * that a mix with first-stage scores is the mix that this depth would give.
 *
 * @throws CliError when a candidate has no score.
 */
export async function depthOf(scored: readonly Scored[], qrels: Qrels, options: DepthOptions): Promise<DepthAdvice> {
  const judged = scored.filter(({ queryId }) => qrels.has(queryId))
  judged.forEach(checkComplete)
  const msPerText = meanOf(judged.map(({ durationMs, ids }) => durationMs / Math.max(1, ids.length)))
  const curve: DepthPoint[] = []
  for (const depth of depthsOf(judged, options.depths)) {
    const lists = await Promise.all(
      judged.map(async (query) => [query.queryId, await orderAt(query, depth, options.blend)] as const),
    )
    const { means } = evaluate(runFromLists(lists), qrels, { metrics: [options.metric], queries: 'intersection' })
    const texts = meanOf(judged.map(({ ids }) => Math.min(depth, ids.length)))
    curve.push({ depth, value: means[options.metric] as number, cost: texts * msPerText })
  }
  return { curve, ...adviceOn(curve, options) }
}

/** From 0 on, rising; what is deeper than the longest list is that list. */
function depthsOf(scored: readonly Scored[], depths: readonly number[]): number[] {
  const longest = scored.reduce((most, { ids }) => Math.max(most, ids.length), 0)
  return [...new Set([0, ...depths.map((depth) => Math.min(depth, longest))])].sort((a, b) => a - b)
}

async function orderAt(query: Scored, depth: number, blend: Blend | false): Promise<string[]> {
  if (depth === 0) return [...query.ids]
  const scores = query.scores as readonly number[]
  const scorer: Scorer = { id: 'known', scope: 'pair', score: async (_query, texts) => scores.slice(0, texts.length) }
  const candidates = query.ids.map((id, at) => ({ id, text: '', score: query.firstStage[at] ?? undefined }))
  const reranker = createReranker({ scorer, depth, blend: query.blended ? blend : false, telemetry: false })
  const { results } = await reranker.rerank(query.query, candidates)
  return results.map(({ candidate }) => candidate.id)
}

function adviceOn(
  curve: readonly DepthPoint[],
  { share, metric }: DepthOptions,
): Pick<DepthAdvice, 'depth' | 'sentence'> {
  const best = Math.max(...curve.map(({ value }) => value))
  // The curve holds the best itself, so one is always found.
  const { depth, value, cost } = curve.find((point) => point.value >= share * best) as DepthPoint
  const reached = `${value.toFixed(3)} of the best ${best.toFixed(3)} in ${metric}`
  const sentence =
    depth === 0
      ? `The first stage alone reaches ${reached}: do not rerank.`
      : `Depth ${depth} reaches ${reached}, in about ${cost.toFixed(0)} ms for each query.`
  return { depth, sentence }
}

/** How the scores were mixed; nobody can repeat a mix that is hidden in a reranker. */
export function blendOf(
  { blend }: Loaded,
  scored: readonly Pick<Scored, 'blended'>[],
): Exclude<Loaded['blend'], undefined> {
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
