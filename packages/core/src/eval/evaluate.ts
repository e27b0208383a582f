import { type Check, checkItems, must, oneOf, type OptionTable, readOptions, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { mean } from './bootstrap.js'
import { type MetricName, metricOf } from './metrics.js'
import { checkScoresByQuery, type Qrels, rankByScore, type RankOptions, rankTable, type Run } from './run.js'

/** Options of {@link evaluate}. */
export interface EvaluateOptions extends RankOptions {
  /** What to measure. Default `['nDCG@10', 'MRR@10', 'MAP', 'recall@100', 'judged@10']`. */
  readonly metrics?: readonly MetricName[] | undefined
  /**
   * Over which queries the mean goes. `'all'` (default): all queries of the judgements; one that is missing from the run
   * counts 0, as in ir_measures and `trec_eval -c`. `'intersection'`: those in both, as in trec_eval without `-c`, which
   * rewards a search that gives up on hard queries.
   */
  readonly queries?: 'all' | 'intersection' | undefined
}

/** What {@link evaluate} found. */
export interface Evaluation {
  /** Mean of each metric, by name. */
  readonly means: Readonly<Record<string, number>>
  /** Values by query id, then by metric name; in the order of the judgements. */
  readonly perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>
  /** How many queries the means are over. */
  readonly queries: number
  /** What a person should know before believing the numbers; empty when there is nothing. */
  readonly warnings: readonly string[]
}

/** What is measured unless told otherwise. */
export const defaultMetrics: readonly MetricName[] = ['nDCG@10', 'MRR@10', 'MAP', 'recall@100', 'judged@10']

/** Names of metrics; {@link metricOf} says whether there is such a metric. */
export const metricNames: Check<readonly MetricName[]> = must(
  Array.isArray,
  "pass an array of names, as in ['nDCG@10']",
)

const EVALUATE = {
  metrics: withDefault(metricNames, defaultMetrics),
  queries: withDefault(oneOf('all', 'intersection'), 'all'),
  ...rankTable,
} satisfies OptionTable<EvaluateOptions>

/**
 * Measures one run against judgements, with the definitions of trec_eval.
 *
 * A query whose judgements hold nothing relevant counts 0 in every metric but judged@k. Queries of the run without
 * judgements are left out.
 *
 * @throws RerankError `'invalid-argument'` when the judgements are empty, or share no query id with the run.
 */
export function evaluate(run: Run, qrels: Qrels, options: EvaluateOptions = {}): Evaluation {
  const { metrics, queries, ...how } = readOptions(EVALUATE, options)
  checkItems('metrics', metrics, (name) => typeof name === 'string', 'pass names of metrics')
  const measures = metrics.map((name) => [name, metricOf(name)] as const)
  checkOverlap(run, qrels)
  const perQuery = new Map<string, Readonly<Record<string, number>>>()
  for (const [queryId, judgements] of qrels) {
    const scores = run.get(queryId)
    if (scores === undefined && queries === 'intersection') continue
    const ranked = rankByScore(scores ?? new Map(), how)
    perQuery.set(queryId, Object.fromEntries(measures.map(([name, measure]) => [name, measure(ranked, judgements)])))
  }
  return { means: meansOf(metrics, perQuery), perQuery, queries: perQuery.size, warnings: warningsOf(run, qrels) }
}

/** The mean of a metric over the queries measured. */
function meansOf(metrics: readonly string[], perQuery: Evaluation['perQuery']): Record<string, number> {
  const rows = [...perQuery.values()]
  return Object.fromEntries(metrics.map((name) => [name, mean(rows.map((row) => row[name] as number))]))
}

/** Throws when a run and judgements have nothing to do with each other. */
export function checkOverlap(run: Run, qrels: Qrels, name = 'run'): void {
  checkScoresByQuery(name, run)
  checkScoresByQuery('qrels', qrels)
  if (qrels.size === 0) throw invalidArgument('qrels', 'empty', 'pass judgements of at least one query')
  const shared = [...qrels.keys()].filter((queryId) => run.has(queryId)).length
  if (shared > 0) return
  const [wanted, given] = [qrels.keys().next().value, run.keys().next().value]
  const example =
    given === undefined ? 'the run is empty' : `the judgements name "${wanted}" where the run names "${given}"`
  throw invalidArgument(name, `of ${run.size} queries`, `0 of ${qrels.size} query ids appear in the run; ${example}`)
}

function warningsOf(run: Run, qrels: Qrels): string[] {
  const warnings: string[] = []
  let [missing, found, judgedCount] = [0, 0, 0]
  for (const [queryId, judgements] of qrels) {
    const scores = run.get(queryId)
    if (scores === undefined) missing++
    for (const id of scores?.keys() ?? []) {
      found++
      judgedCount += judgements.has(id) ? 1 : 0
    }
  }
  if (missing > 0) warnings.push(`${qrels.size - missing} of ${qrels.size} query ids appear in the run.`)
  if (judgedCount === 0)
    warnings.push(`None of the ${found} documents in the run is judged: do the document ids match?`)
  return warnings
}
