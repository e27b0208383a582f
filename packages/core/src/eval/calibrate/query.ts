import { checkItems, finite, isObject, whole } from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import type { Candidate, Ranking } from '../../types.js'
import { reaches, type Signal, type SignalPool } from '../../skip/policy.js'
import { mean } from '../bootstrap.js'
import { ndcg } from '../metrics.js'
import { type Judgements, rankByScore } from '../run.js'

/**
 * One query of a sample: what a policy would have seen, and what skipping would have cost. Queries of the same words are
 * the same query asked again, and count as one.
 */
export interface CalibrationQuery extends SignalPool {
  /** The metric of the reranked order less that of the first stage, -1 to 1; below 0 when reranking did harm. */
  readonly loss: number
  /** What counted as right. Default `'labels'`. */
  readonly truth?: 'labels' | 'reranker' | undefined
}

/** What {@link calibrationQuery} reads. */
export interface SampledCall<C extends Candidate = Candidate> {
  readonly query: string
  /** As they were given to `rerank`, best first. */
  readonly candidates: readonly C[]
  /** What `rerank` answered without a skip policy, `topN` at least `k`. */
  readonly ranking: Ranking<C>
  /** Grades by the `id` of a candidate. Default: none, and the reranker's own order counts as right. */
  readonly judgements?: Judgements | undefined
}

/**
 * A query of a sample for {@link calibrateSkip}, from one call of `rerank`: the loss is one of nDCG@k.
 *
 * Without judgements, the reranker's first k are graded k, k-1, … 1, and everything else 0. Every swap then counts as a loss,
 * also one between two equally bad candidates, so the loss is overstated and the skip rate comes out low.
 *
 * @param k how many places count, 1 or more. Default 10.
 * @throws RerankError `'invalid-argument'` when the reranker did not rank, or too few results came back, or an `id` is missing.
 */
export function calibrationQuery(call: SampledCall, k: number = 10): CalibrationQuery {
  whole(1)('k', k)
  checkCall(call)
  const { query, candidates, ranking, judgements } = call
  const order = ranking.results.map(({ index }) => String(index))
  if (!ranking.report.stages.some(({ outcome }) => outcome === 'ranked') && candidates.length > 0) {
    throw invalidArgument('ranking', ranking.report.stages[0]?.outcome, 'rerank without a skip policy or deadline')
  }
  if (order.length < Math.min(k, candidates.length)) {
    throw invalidArgument(
      'ranking',
      `${order.length} results`,
      `${k} are needed: rerank with topN ${k} and no minScore`,
    )
  }
  const grades = judgements === undefined ? ownGrades(order, k) : gradesByIndex(candidates, judgements)
  const before = candidates.map((_, index) => String(index))
  const loss = ndcg(order, grades, { k }) - ndcg(before, grades, { k })
  return { query, candidates, loss, truth: judgements === undefined ? 'reranker' : 'labels' }
}

function checkCall(call: unknown): void {
  const { query, candidates, ranking, judgements } = (isObject(call) ? call : {}) as Partial<SampledCall>
  if (typeof query !== 'string') throw invalidArgument('query', query, 'pass a string')
  checkItems('candidates', candidates, isObject, 'pass what was given to rerank')
  checkRanking('ranking', ranking)
  if (judgements !== undefined) rankByScore(judgements)
}

/** No list is longer; a larger number would be an array of as many places. */
const MOST_CANDIDATES = 10_000_000

/** Throws unless this is what `rerank` answers with, as far as it is read here. */
export function checkRanking(name: string, ranking: unknown): void {
  const { results, report } = (isObject(ranking) ? ranking : {}) as { results?: unknown; report?: unknown }
  const isResult = (one: unknown): boolean => isObject(one) && Number.isSafeInteger(one['index'])
  checkItems(`${name}.results`, results, isResult, 'pass what rerank answered')
  const { stages, candidates, durationMs } = (isObject(report) ? report : {}) as Readonly<Record<string, unknown>>
  if (durationMs !== undefined) finite(`${name}.report.durationMs`, durationMs)
  checkItems(`${name}.report.stages`, stages, isObject, 'pass what rerank answered')
  if (candidates !== undefined) whole(0, MOST_CANDIDATES)(`${name}.report.candidates`, candidates)
}

function ownGrades(order: readonly string[], k: number): Judgements {
  return new Map(order.slice(0, k).map((index, at) => [index, k - at]))
}

/** Judgements of what was retrieved by index, those of everything else under names of their own: the ideal counts them. */
function gradesByIndex(candidates: readonly Candidate[], judgements: Judgements): Judgements {
  const grades = new Map<string, number>()
  const found = new Set<string>()
  for (const [index, { id }] of candidates.entries()) {
    if (id === undefined)
      throw invalidArgument(`candidates[${index}].id`, id, 'judgements need the id of each candidate')
    // The second copy of a document earns nothing.
    if (!found.has(id)) grades.set(String(index), judgements.get(id) ?? 0)
    found.add(id)
  }
  for (const [id, grade] of judgements) if (!found.has(id)) grades.set(`not found: ${id}`, grade)
  return grades
}

/** What skipping from one threshold on means for a set of queries. */
export interface CurvePoint {
  readonly threshold: number
  /** Share of the queries that is skipped. */
  readonly skipRate: number
  /** Mean loss over all queries, those not skipped counting 0. */
  readonly loss: number
}

/** A query with the value of one signal. */
export interface Measured {
  /** Which query it is: the same for one that was asked again. */
  readonly group: number
  /** Missing when the pool does not hold the signal. */
  readonly value: number | undefined
  readonly loss: number
}

/** The value of a signal for each query. */
export function measureAll(queries: readonly CalibrationQuery[], signal: Signal): Measured[] {
  return groupsOf(queries).flatMap((asked, group) =>
    asked.map((query) => ({ group, value: signal.measure(query), loss: query.loss })),
  )
}

/**
 * The queries of a sample, each with every time that it was asked. A bound of a mean counts independent draws, and the
 * same question asked five times is one of them, not five: counted apart, a promise at 90 % is broken far more often.
 * Case and spaces make no other question.
 */
export function groupsOf(queries: readonly CalibrationQuery[]): CalibrationQuery[][] {
  const groups = new Map<string, CalibrationQuery[]>()
  for (const query of queries) {
    const words = query.query.trim().toLowerCase().replace(/\s+/g, ' ')
    const group = groups.get(words)
    if (group === undefined) groups.set(words, [query])
    else group.push(query)
  }
  return [...groups.values()]
}

/** The loss of each query under a threshold: the mean over the times that it was asked. */
export function lossesAt(measured: readonly Measured[], threshold: number): number[] {
  return meansOf(measured, ({ value, loss }) => (reaches(value, threshold) ? loss : 0))
}

function meansOf(measured: readonly Measured[], valueOf: (one: Measured) => number): number[] {
  const groups = new Map<number, number[]>()
  for (const one of measured) {
    const values = groups.get(one.group)
    if (values === undefined) groups.set(one.group, [valueOf(one)])
    else values.push(valueOf(one))
  }
  return Array.from(groups.values(), mean)
}

/** Thresholds that skip about 5 %, 10 %, … 100 % of the queries that have the signal, fewest first. */
export function thresholdsOf(measured: readonly Measured[], signal: Signal): number[] {
  const values = measured.flatMap(({ value }) => value ?? []).sort((a, b) => b - a)
  const picks = Array.from({ length: 20 }, (_, at) => values[Math.ceil(((at + 1) / 20) * values.length) - 1])
  const distinct = [...new Set(picks)].filter((value) => value !== undefined)
  return distinct.filter((value) => signal.policy === undefined || signal.policy(value) !== undefined)
}

/** The coverage-loss curve of a set of queries. */
export function curveOf(measured: readonly Measured[], thresholds: readonly number[]): CurvePoint[] {
  return thresholds.map((threshold) => ({
    threshold,
    skipRate: mean(meansOf(measured, ({ value }) => (reaches(value, threshold) ? 1 : 0))),
    loss: mean(lossesAt(measured, threshold)),
  }))
}
