import { invalidArgument } from '../base/errors.js'
import type { Judgements } from './run.js'

/**
 * The share of the first `k` places that hold a relevant document: relevant in the first k, divided by k even when fewer
 * were retrieved. As trec_eval's `P_k`.
 */
export function precision(ranked: readonly string[], judgements: Judgements, k: number): number {
  return countRelevant(ranked, judgements, k) / k
}

/**
 * The share of all relevant documents that stand in the first `k` places (default: anywhere in the list): what no later
 * stage can bring back. As trec_eval's `recall_k`; 0 when nothing is relevant.
 */
export function recall(ranked: readonly string[], judgements: Judgements, k: number = Infinity): number {
  const relevant = relevantCount(judgements)
  return relevant === 0 ? 0 : countRelevant(ranked, judgements, k) / relevant
}

/** 1 when a relevant document stands in the first `k` places, 0 otherwise. As trec_eval's `success_k`. */
export function success(ranked: readonly string[], judgements: Judgements, k: number): number {
  return countRelevant(ranked, judgements, k) > 0 ? 1 : 0
}

/**
 * Average precision: the precision at the place of each relevant document found in the first `k` places (default: all),
 * added up and divided by the number of ALL relevant documents. Its mean over queries is MAP. As trec_eval's `map` and
 * `map_cut`; 0 when nothing is relevant.
 */
export function averagePrecision(ranked: readonly string[], judgements: Judgements, k: number = Infinity): number {
  let [found, sum] = [0, 0]
  for (const [at, id] of ranked.slice(0, k).entries()) {
    if (!isRelevant(judgements, id)) continue
    found++
    sum += found / (at + 1)
  }
  return found === 0 ? 0 : sum / relevantCount(judgements)
}

export function isRelevant(judgements: Judgements, id: string): boolean {
  return (judgements.get(id) ?? 0) > 0
}

function countRelevant(ranked: readonly string[], judgements: Judgements, k: number): number {
  return ranked.slice(0, k).filter((id) => isRelevant(judgements, id)).length
}

function relevantCount(judgements: Judgements): number {
  let count = 0
  for (const grade of judgements.values()) count += grade > 0 ? 1 : 0
  return count
}

/**
 * The share of the documents in the first `k` places that were judged at all, whatever the grade; of those retrieved,
 * when fewer than `k` were. Below about 0.8 a comparison says more about who was judged than about who is better (Judged@k
 * of ir_measures; Voorhees 2022). 0 for an empty list.
 */
export function judged(ranked: readonly string[], judgements: Judgements, k: number): number {
  const top = ranked.slice(0, k)
  return top.length === 0 ? 0 : top.filter((id) => judgements.has(id)).length / top.length
}

/** Options of {@link ndcg}. */
export interface NdcgOptions {
  /** How many places from the top count, 1 or more. Default: all. */
  readonly k?: number | undefined
  /**
   * What a grade is worth: `'linear'` (default) the grade itself, as in trec_eval; `'exponential'` 2^grade − 1 (Burges et
   * al. 2005), as in gdeval and much of learning to rank, which makes the highest grades weigh more.
   */
  readonly gain?: 'linear' | 'exponential' | undefined
}

/**
 * Normalised discounted cumulative gain (Järvelin and Kekäläinen 2002): 1 when no order could be better.
 *
 *     DCG@k  = sum over the places r = 1..k of gain(grade at r) / log2(r + 1)
 *     nDCG@k = DCG@k / (DCG@k of all judged documents, best grade first)
 *
 * As trec_eval's `ndcg` and `ndcg_cut`: a document that is not judged, or has a grade of 0 or less, gains nothing; the
 * ideal counts documents that were not retrieved; 0 when nothing is relevant, and for an empty list.
 */
export function ndcg(ranked: readonly string[], judgements: Judgements, options: NdcgOptions = {}): number {
  const { k = Infinity, gain = 'linear' } = options
  const worth = gain === 'linear' ? (grade: number): number => grade : (grade: number): number => 2 ** grade - 1
  const grades = ranked.slice(0, k).map((id) => judgements.get(id) ?? 0)
  const best = [...judgements.values()].sort((a, b) => b - a).slice(0, k)
  const ideal = discountedGain(best, worth)
  return ideal > 0 ? discountedGain(grades, worth) / ideal : 0
}

function discountedGain(grades: readonly number[], worth: (grade: number) => number): number {
  return grades.reduce((sum, grade, at) => sum + (grade > 0 ? worth(grade) / Math.log2(at + 2) : 0), 0)
}

/**
 * 1 divided by the place of the first relevant document, 0 when none stands in the first `k` places (default: all). Its
 * mean over queries is MRR (Voorhees 1999). As trec_eval's `recip_rank`, which knows no `k`; MRR@10 is MS MARCO's.
 */
export function reciprocalRank(ranked: readonly string[], judgements: Judgements, k: number = Infinity): number {
  const rank = firstRelevantRank(ranked, judgements)
  return rank === undefined || rank > k ? 0 : 1 / rank
}

/** The 1-based place of the first relevant document, or nothing when there is none. */
export function firstRelevantRank(ranked: readonly string[], judgements: Judgements): number | undefined {
  const at = ranked.findIndex((id) => isRelevant(judgements, id))
  return at < 0 ? undefined : at + 1
}

/** Metrics that look at the whole list, or at its first k places when `@k` follows. */
type WholeListName = 'nDCG' | 'nDCG-exp' | 'MRR' | 'MAP' | 'recall'

/** Metrics that need a k. */
type CutName = 'precision' | 'success' | 'judged'

/** A metric by name, for example `'nDCG@10'`, `'nDCG-exp@10'` (exponential gain), `'MAP'`, `'recall@100'`. */
export type MetricName = WholeListName | `${WholeListName | CutName}@${number}`

/** The value of a metric for one query, given its documents best first. */
export type Metric = (ranked: readonly string[], judgements: Judgements) => number

const families: Readonly<Record<WholeListName | CutName, (k: number) => Metric>> = {
  nDCG: (k) => (ranked, judgements) => ndcg(ranked, judgements, { k }),
  'nDCG-exp': (k) => (ranked, judgements) => ndcg(ranked, judgements, { k, gain: 'exponential' }),
  MRR: (k) => (ranked, judgements) => reciprocalRank(ranked, judgements, k),
  MAP: (k) => (ranked, judgements) => averagePrecision(ranked, judgements, k),
  recall: (k) => (ranked, judgements) => recall(ranked, judgements, k),
  precision: (k) => (ranked, judgements) => precision(ranked, judgements, k),
  success: (k) => (ranked, judgements) => success(ranked, judgements, k),
  judged: (k) => (ranked, judgements) => judged(ranked, judgements, k),
}

const needsCut: readonly string[] = ['precision', 'success', 'judged'] satisfies CutName[]

/** A longer name has more digits than a number holds. */
const LONGEST_NAME = 40

/**
 * The metric of a name.
 *
 * @throws RerankError `'invalid-argument'` when there is no such metric.
 */
export function metricOf(name: MetricName): Metric {
  const [, family = '', cut] =
    typeof name === 'string' && name.length <= LONGEST_NAME ? (/^([A-Za-z-]+)(?:@([1-9]\d*))?$/.exec(name) ?? []) : []
  if (!Object.hasOwn(families, family)) {
    throw invalidArgument(
      'metric',
      name,
      `pass one of ${Object.keys(families).join(', ')}, followed by @ and a whole number`,
    )
  }
  if (cut === undefined && needsCut.includes(family)) {
    throw invalidArgument('metric', name, `say how many places count, for example ${family}@10`)
  }
  return families[family as keyof typeof families](cut === undefined ? Infinity : Number(cut))
}
