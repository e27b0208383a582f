import type { DocumentInterface } from '@langchain/core/documents'
import { withMetadata } from './documents.js'

/** What a store's numbers are: higher is better, or lower is better. */
export type Direction = 'similarity' | 'distance'

/** What a store's numbers mean, and where in a document's metadata they go. */
export interface FirstStage {
  /** `undefined` when it is not known. */
  readonly direction: Direction | undefined
  /** For the score, higher is better. */
  readonly firstStageScoreKey: string
  /** For the store's own number where that is not the score. */
  readonly storeScoreKey: string
}

/**
 * Tells similarities from distances: stores return either under the same method name, but always the best match first,
 * so falling numbers are similarities and rising ones distances. One number, all equal, or no clear direction tells
 * nothing.
 */
export function directionOf(numbers: readonly number[]): Direction | undefined {
  if (!numbers.every((number) => Number.isFinite(number))) return undefined
  const steps = numbers.slice(1).map((number, position) => number - (numbers[position] as number))
  const rises = steps.some((step) => step > 0)
  const falls = steps.some((step) => step < 0)
  if (rises === falls) return undefined
  return falls ? 'similarity' : 'distance'
}

/**
 * A copy of a found document with the first-stage numbers in its metadata. Without a known direction there is no score,
 * and whatever stood under its key is taken out, so that no skip policy goes by a number of unknown meaning.
 */
export function withFirstStage(
  document: DocumentInterface,
  number: number,
  { direction, firstStageScoreKey, storeScoreKey }: FirstStage,
): DocumentInterface {
  const known = direction !== undefined && Number.isFinite(number)
  const score = known ? (direction === 'similarity' ? number : 0 - number) : undefined
  return withMetadata(document, {
    [firstStageScoreKey]: score,
    ...(direction !== 'similarity' && { [storeScoreKey]: number }),
  })
}
