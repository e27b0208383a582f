import type { Judgements } from '../types.js'
import { isRelevant } from './precision-recall.js'

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
