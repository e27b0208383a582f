import { TokenBudget, type TokenCounter } from './budget.js'
import { type Diversity, DiversityPicker } from './diversity.js'

/** What may stand in an answer. */
export interface Selection {
  /** How many at most, `Infinity` for all. */
  readonly topN: number
  /** Tokens of all texts together at most, `Infinity` for no limit. */
  readonly maxTokens: number
  /** Needed when `maxTokens` is finite. */
  readonly countTokens: TokenCounter | undefined
  readonly diversity: Diversity | undefined
  readonly signal?: AbortSignal | undefined
}

/** The chosen part of a ranked list, and why the rest is not in it. What `topN` cut off is not counted. */
export interface Selected<T> {
  readonly kept: readonly T[]
  readonly overBudget: number
  readonly nearDuplicates: number
}

/**
 * Chooses from a ranked list, best first, until `topN` are chosen or none is left. A text that does not fit what is left
 * of the budget is passed over, and a later, shorter one may still fit: one long text must not empty the answer. What was
 * passed over makes no other text a near-duplicate.
 */
export async function select<T extends { readonly text: string }>(
  ranked: readonly T[],
  selection: Selection,
): Promise<Selected<T>> {
  const { topN, maxTokens, countTokens, diversity } = selection
  const picker = diversity === undefined ? inOrder(ranked.length) : new DiversityPicker(texts(ranked), diversity)
  const budget =
    countTokens === undefined || maxTokens === Infinity ? undefined : new TokenBudget(maxTokens, countTokens)
  const kept: T[] = []
  let overBudget = 0
  while (kept.length < topN) {
    const position = picker.next()
    if (position === undefined) break
    const entry = ranked[position] as T
    if (budget !== undefined && !(await budget.take(entry.text))) {
      overBudget++
    } else {
      kept.push(entry)
      picker.keep()
    }
    selection.signal?.throwIfAborted()
  }
  return { kept, overBudget, nearDuplicates: picker.nearDuplicates }
}

function texts(ranked: readonly { readonly text: string }[]): string[] {
  return ranked.map(({ text }) => text)
}

/** Offers every position in turn. */
function inOrder(count: number): Pick<DiversityPicker, 'next' | 'keep' | 'nearDuplicates'> {
  let position = 0
  return { nearDuplicates: 0, next: () => (position < count ? position++ : undefined), keep: () => {} }
}
