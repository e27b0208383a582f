import { type Lift, type MetricName, type Qrels, type Run, measureLift, runFromLists } from '@secondpass/core/eval'
import { CliError } from '../errors.js'
import type { Scored } from './scored.js'

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

/** A run as a TREC file: `query-id Q0 document-id rank score tag`, with scores by place. */
export function* trecLines(run: Run, tag: string): Generator<string> {
  for (const [queryId, scores] of run) {
    let rank = 0
    for (const id of scores.keys()) {
      rank += 1
      yield `${queryId} Q0 ${id} ${rank} ${scores.size - rank + 1} ${tag}`
    }
  }
}
