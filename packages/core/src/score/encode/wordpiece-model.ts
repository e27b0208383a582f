import type { WordPieceFile } from './wordpiece-file.js'

/** From this many code units on, it is worth knowing how long the longest entry of the vocabulary is. */
const LONG_PIECE = 24

/** Spells pieces (stretches of normalised text without white space or punctuation) with the vocabulary of a model. */
export class PieceEncoder {
  readonly #file: WordPieceFile
  #longestEntry: number | undefined

  constructor(file: WordPieceFile) {
    this.#file = file
  }

  /** Greedy longest match from the left; the unknown token for a piece that is too long or cannot be spelled. */
  encode(piece: string): number[] {
    const { continuingPrefix, maxWordLength, unknownId } = this.#file
    if (isLonger(piece, maxWordLength)) return [unknownId]
    const ids: number[] = []
    for (let start = 0; start < piece.length;) {
      const prefix = start === 0 ? '' : continuingPrefix
      const found = this.#longest(prefix + piece.slice(start), prefix.length)
      if (found === undefined) return [unknownId]
      ids.push(found.id)
      start += found.length
    }
    return ids
  }

  /** The longest start of `text` in the vocabulary that is longer than its prefix; its length without the prefix. */
  #longest(text: string, prefixLength: number): { id: number; length: number } | undefined {
    const { vocabulary } = this.#file
    const limit = text.length > LONG_PIECE ? Math.min(text.length, this.#longestInVocabulary()) : text.length
    for (let end = limit; end > prefixLength; end--) {
      const id: unknown = vocabulary[text.slice(0, end)]
      // Not every name that an object answers to is its own: `constructor` is no entry.
      if (typeof id === 'number') return { id, length: end - prefixLength }
    }
    return undefined
  }

  #longestInVocabulary(): number {
    if (this.#longestEntry === undefined) {
      this.#longestEntry = 0
      for (const token in this.#file.vocabulary) this.#longestEntry = Math.max(this.#longestEntry, token.length)
    }
    return this.#longestEntry
  }
}

/** Whether a text has more code points than `limit`. */
function isLonger(text: string, limit: number): boolean {
  if (text.length <= limit) return false
  if (text.length > 2 * limit) return true
  let points = 0
  for (const _ of text) points++
  return points > limit
}
