import type { Judgements } from '../types.js'

/**
 * The share of the documents in the first `k` places that were judged at all, whatever the grade; of those retrieved,
 * when fewer than `k` were. Below about 0.8 a comparison says more about who was judged than about who is better (Judged@k
 * of ir_measures; Voorhees 2022). 0 for an empty list.
 */
export function judged(ranked: readonly string[], judgements: Judgements, k: number): number {
  const top = ranked.slice(0, k)
  return top.length === 0 ? 0 : top.filter((id) => judgements.has(id)).length / top.length
}
