import type { TextNote } from '../types.js'

/**
 * What is kept for one pair: the score alone, or with what the scorer noted about the text. Plain data, so that it may
 * be written as JSON.
 */
export type CachedScore = number | ({ readonly score: number } & TextNote)

/**
 * Where scores are kept: a `Map`, an `LRUCache`, or anything over a network that has these two methods. The keys are
 * digests of 43 characters, which tell nothing of the texts.
 */
export interface ScoreCache {
  /** The entry, or nothing. Whatever is no {@link CachedScore} counts as nothing. */
  get(key: string): unknown
  /** Keeps an entry. What it returns is not looked at, except that a rejection is swallowed and counted. */
  set(key: string, entry: CachedScore): unknown
}

/** Whether a cache gave back what may have been put into it. */
export function isCachedScore(entry: unknown): entry is CachedScore {
  if (typeof entry === 'number') return Number.isFinite(entry)
  if (typeof entry !== 'object' || entry === null) return false
  const { score, truncated, bestSpan } = entry as Partial<Record<string, unknown>>
  if (!Number.isFinite(score) || (truncated !== undefined && typeof truncated !== 'boolean')) return false
  return bestSpan === undefined || isSpan(bestSpan)
}

function isSpan(value: unknown): boolean {
  const { start, end } = (value ?? {}) as { start?: unknown; end?: unknown }
  return Number.isInteger(start) && Number.isInteger(end) && (start as number) <= (end as number)
}
