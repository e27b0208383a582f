import type { Judgements } from '../types.js'

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
