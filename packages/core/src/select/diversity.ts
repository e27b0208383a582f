import { between, type Defaulted, must, readOptions, withDefault } from '../base/check.js'
import { wordsOf } from '../base/words.js'

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

/** The options of {@link Diversity}. */
export const diversityTable: { readonly threshold: Defaulted<number>; readonly lambda: Defaulted<number> } = {
  threshold: withDefault(
    must<number>(
      (value) => typeof value === 'number' && value > 0 && value <= 1,
      'pass a number above 0 and at most 1',
    ),
    0.8,
  ),
  lambda: withDefault(between(0, 1), 1),
}

/** A candidate that has not been offered yet. */
interface Waiting {
  readonly position: number
  readonly text: string
  /** Made when it is first looked at: most of a long list never is. */
  shingles?: Uint32Array
  /** To the most similar of the kept ones it was compared with, which are the first so many. */
  similarity: number
  compared: number
}

/**
 * Offers the positions of a ranked list one by one, best first; the caller says which of them are kept. What is kept is
 * held against all that follow; each text is compared once at most with each kept one.
 */
export class DiversityPicker {
  /** How many were left out so far because they were too similar to one that was kept. */
  nearDuplicates = 0
  readonly #threshold: number
  readonly #lambda: number
  readonly #count: number
  readonly #reader = new ShingleReader()
  readonly #waiting: Set<Waiting>
  readonly #kept: Uint32Array[] = []
  #offered: Waiting | undefined

  constructor(texts: readonly string[], diversity: Diversity) {
    const { threshold, lambda } = readOptions(diversityTable, diversity, 'diversity')
    this.#threshold = threshold
    this.#lambda = lambda
    this.#count = texts.length
    this.#waiting = new Set(texts.map((text, position) => ({ position, text, similarity: 0, compared: 0 })))
  }

  /** The next position, or nothing when there is none left. */
  next(): number | undefined {
    let best: { readonly waiting: Waiting; readonly worth: number } | undefined
    for (const waiting of this.#waiting) {
      // Relevance falls along the list, so from here on nothing can be worth more, and of equal ones the earlier wins.
      const most = this.#lambda * this.#relevanceOf(waiting)
      if (best !== undefined && most <= best.worth) break
      const similarity = this.#similarityOf(waiting)
      if (similarity >= this.#threshold) {
        this.#waiting.delete(waiting)
        this.nearDuplicates++
        continue
      }
      const worth = most - (1 - this.#lambda) * similarity
      if (best === undefined || worth > best.worth) best = { waiting, worth }
    }
    this.#offered = best?.waiting
    if (best !== undefined) this.#waiting.delete(best.waiting)
    return best?.waiting.position
  }

  /** The position offered last becomes part of the answer. */
  keep(): void {
    if (this.#offered !== undefined) this.#kept.push(this.#shinglesOf(this.#offered))
  }

  #relevanceOf({ position }: Waiting): number {
    return 1 - position / this.#count
  }

  #similarityOf(waiting: Waiting): number {
    const shingles = this.#shinglesOf(waiting)
    for (; waiting.compared < this.#kept.length; waiting.compared++) {
      const similarity = jaccard(this.#kept[waiting.compared] as Uint32Array, shingles)
      waiting.similarity = Math.max(waiting.similarity, similarity)
    }
    return waiting.similarity
  }

  #shinglesOf(waiting: Waiting): Uint32Array {
    return (waiting.shingles ??= this.#reader.read(waiting.text))
  }
}

/** How many words in a row make a shingle. Three keep word order, and still see a copy in which a few words differ. */
const WORDS = 3

/**
 * Turns texts into sets of word shingles that can be compared. A shingle has one number for all texts given to the same
 * reader, so that two sets are compared by merging two sorted lists.
 */
export class ShingleReader {
  readonly #numbers = new Map<string, number>()

  /** The numbers of the text's shingles, each once, ascending. Case, width of letters and punctuation do not count. */
  read(text: string): Uint32Array {
    const words = wordsOf(text)
    // A text without words is its own shingle: equal only to itself.
    if (words.length === 0) return Uint32Array.of(this.#numberOf(text.trim()))
    const count = Math.max(1, words.length - WORDS + 1)
    const shingles = Array.from({ length: count }, (_, at) => words.slice(at, at + WORDS).join(' '))
    return Uint32Array.from(new Set(shingles.map((shingle) => this.#numberOf(shingle)))).sort()
  }

  #numberOf(shingle: string): number {
    const known = this.#numbers.get(shingle)
    if (known !== undefined) return known
    this.#numbers.set(shingle, this.#numbers.size)
    return this.#numbers.size - 1
  }
}

/** Jaccard similarity of two sets given as ascending numbers: what they share over what they hold together; 0..1. */
export function jaccard(left: Uint32Array, right: Uint32Array): number {
  let [l, r, shared] = [0, 0, 0]
  while (l < left.length && r < right.length) {
    const difference = (left[l] as number) - (right[r] as number)
    if (difference === 0) shared++
    if (difference <= 0) l++
    if (difference >= 0) r++
  }
  const together = left.length + right.length - shared
  return together === 0 ? 0 : shared / together
}
