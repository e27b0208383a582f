import { invalidArgument } from '../../errors.js'

/** How much of a long text is read; the same for every scorer that reads pairs of tokens. */
export interface ReadingOptions {
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'windows'`: the text is read in
   * overlapping windows, its score is that of the best one, the result says in `bestSpan` where that stands, the report
   * counts `windows`; each window costs a run. `'error'`: the call rejects.
   */
  readonly longText?: 'truncate' | 'windows' | 'error'
  /**
   * How many tokens a window shares with the next, from 0. Default 64, and at most half a window. No effect unless
   * `longText` is `'windows'`.
   */
  readonly windowOverlap?: number
}

const LONG_TEXT: readonly unknown[] = ['truncate', 'windows', 'error']

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkReadingOptions({ maxLength, longText, windowOverlap }: ReadingOptions): void {
  if (maxLength !== undefined && !isWholeFrom(5, maxLength)) {
    throw invalidArgument('maxLength', maxLength, 'pass a whole number of tokens from 5, or leave it out')
  }
  if (longText !== undefined && !LONG_TEXT.includes(longText)) {
    throw invalidArgument('longText', longText, "pass 'truncate', 'windows' or 'error'")
  }
  if (windowOverlap !== undefined && !isWholeFrom(0, windowOverlap)) {
    throw invalidArgument('windowOverlap', windowOverlap, 'pass a whole number of tokens from 0')
  }
}

/** Whether a value is a whole number of at least `least`. */
export function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}
