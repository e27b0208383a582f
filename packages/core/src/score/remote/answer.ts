import { show } from '../../base/errors.js'
import { answerError, type ProviderNames } from './http.js'
import type { Bill } from './scorer.js'

/** An answer as a provider's file reads it: where the rows are, and under which name their scores. */
export interface Answer {
  /** Due to be an array of objects with an `index`. */
  readonly rows: unknown
  readonly scoreKey: string
  readonly bill?: Bill
}

/**
 * One number per text, put in place by `index`, whatever order the rows came in.
 *
 * @throws ProviderError unless every text has exactly one row with a finite score.
 */
export function readScores({ rows, scoreKey }: Answer, texts: number, names: ProviderNames): number[] {
  if (!Array.isArray(rows)) throw answerError(names, `${show(rows)} stands where the list of scores was due`)
  const scores = new Array<number | undefined>(texts).fill(undefined)
  for (const row of rows as unknown[]) {
    const { index, [scoreKey]: score } = (row ?? {}) as Record<string, unknown>
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= texts) {
      throw answerError(names, `it has a score for index ${show(index)}, and ${texts} texts were sent`)
    }
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw answerError(names, `the ${scoreKey} of text ${String(index)} is ${show(score)}, not a finite number`)
    }
    if (scores[index as number] !== undefined) throw answerError(names, `it has two scores for text ${String(index)}`)
    scores[index as number] = score
  }
  const missing = scores.flatMap((score, at) => (score === undefined ? [at] : []))
  if (missing.length > 0) throw answerError(names, missingTexts(missing, texts))
  return scores as number[]
}

function missingTexts(missing: readonly number[], texts: number): string {
  const few = missing.slice(0, 5).join(', ')
  return `${missing.length} of ${texts} texts have no score (${few}${missing.length > 5 ? ', …' : ''})`
}

/** The value under a path of names, or nothing. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value)
}
