import { wordsOf } from '../words.js'

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
