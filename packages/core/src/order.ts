import type { Scorer } from './types.js'
import { RerankError, show } from './errors.js'

/**
 * Holds a scorer to its contract: as many numbers as texts, all finite.
 *
 * @throws RerankError `'scorer'` when it is broken.
 */
export function checkNumbers(numbers: unknown, count: number, scorer: Scorer): asserts numbers is readonly number[] {
  if (!Array.isArray(numbers) && !ArrayBuffer.isView(numbers)) {
    throw brokenContract(scorer, `answered with ${show(numbers)} where an array of ${count} numbers was due`)
  }
  const given = numbers as readonly unknown[]
  if (given.length !== count) throw brokenContract(scorer, `gave ${given.length} scores for ${count} texts`)
  for (let at = 0; at < count; at++) {
    if (!Number.isFinite(given[at])) throw brokenContract(scorer, `gave ${show(given[at])} as the score of text ${at}`)
  }
}

/**
 * The numbers as probabilities, or nothing when the scorer has none.
 *
 * @throws RerankError `'scorer'` when `toProbability` leaves 0..1.
 */
export function probabilities(numbers: readonly number[], scorer: Scorer): number[] | undefined {
  if (scorer.toProbability === undefined) return undefined
  return Array.from(numbers, (number) => {
    const probability = scorer.toProbability?.(number)
    if (typeof probability === 'number' && probability >= 0 && probability <= 1) return probability
    throw brokenContract(scorer, `maps the score ${number} to the probability ${show(probability)}, outside 0..1`)
  })
}

/** Positions from the highest key to the lowest. Equal keys keep the order in which they were found. */
export function orderByDescending(keys: readonly number[]): number[] {
  // The default sort of the language is stable; comparing instead of subtracting is safe for huge keys.
  const descending = (a: number, b: number): number => {
    const [left, right] = [keys[a] as number, keys[b] as number]
    return left === right ? 0 : left > right ? -1 : 1
  }
  return Array.from(keys, (_, at) => at).sort(descending)
}

function brokenContract(scorer: Scorer, what: string): RerankError {
  return new RerankError(
    'scorer',
    `The scorer ${scorer.id} ${what}: a scorer gives one finite number per text, in order.`,
  )
}
