import type { Judgements } from '../types.js'

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
