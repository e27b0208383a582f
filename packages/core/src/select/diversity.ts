import { ShingleReader, jaccard } from './shingles.js'

/** Against many results that say the same: see {@link DiversityPicker} for how. */
export interface Diversity {
  /**
   * A result at least this similar to one that is already in the answer is left out, above 0 and at most 1. Similarity
   * is the Jaccard similarity of the sets of three words in a row, from 0 for no common triple to 1 for the same words.
   * Default 0.8: in a text of 50 words, one changed word leaves 0.88 and two leave 0.78. `1` leaves out copies only.
   */
  readonly threshold?: number | undefined
  /**
   * How much relevance counts against novelty, 0 to 1. Default 1: the order is not touched. Below it, the next result is
   * always the one with the largest `lambda * relevance - (1 - lambda) * similarity`, the similarity being that to the
   * most similar result before it: maximal marginal relevance (Carbonell & Goldstein 1998). Relevance is the place in the
   * list, from 1 for the first down to `1 / n` for the last of `n`, because the scores of blended, unscored and differently
   * scored candidates have no common scale. `rank` then counts this order.
   */
  readonly lambda?: number | undefined
}

/** See {@link Diversity}. */
const diversityDefaults: { readonly threshold: number; readonly lambda: number } = { threshold: 0.8, lambda: 1 }

/** A candidate that has not been offered yet. */
interface Waiting {
  readonly position: number
  readonly shingles: Uint32Array
  /** To the most similar text that was kept. */
  similarity: number
}

/**
 * Offers the positions of a ranked list one by one, best first; the caller says which of them are kept. What is kept is
 * held against all that follow, so each text is compared once with each kept one.
 */
export class DiversityPicker {
  /** How many were left out so far because they were too similar to one that was kept. */
  nearDuplicates = 0
  readonly #threshold: number
  readonly #lambda: number
  readonly #count: number
  #waiting: Waiting[]
  #offered: Waiting | undefined

  constructor(texts: readonly string[], { threshold, lambda }: Diversity) {
    const reader = new ShingleReader()
    this.#threshold = threshold ?? diversityDefaults.threshold
    this.#lambda = lambda ?? diversityDefaults.lambda
    this.#count = texts.length
    this.#waiting = texts.map((text, position) => ({ position, shingles: reader.read(text), similarity: 0 }))
  }

  /** The next position, or nothing when there is none left. */
  next(): number | undefined {
    const best = this.#waiting.reduce<Waiting | undefined>(
      // Of equal ones the earlier: a later one must be better.
      (leader, waiting) => (leader === undefined || this.#worth(waiting) > this.#worth(leader) ? waiting : leader),
      undefined,
    )
    this.#offered = best
    this.#waiting = this.#waiting.filter((waiting) => waiting !== best)
    return best?.position
  }

  /** The position offered last becomes part of the answer. */
  keep(): void {
    const kept = this.#offered
    if (kept === undefined) return
    for (const waiting of this.#waiting) {
      waiting.similarity = Math.max(waiting.similarity, jaccard(kept.shingles, waiting.shingles))
    }
    const others = this.#waiting.filter(({ similarity }) => similarity < this.#threshold)
    this.nearDuplicates += this.#waiting.length - others.length
    this.#waiting = others
  }

  #worth({ position, similarity }: Waiting): number {
    const relevance = 1 - position / this.#count
    return this.#lambda * relevance - (1 - this.#lambda) * similarity
  }
}
