import { normalise, splitPieces } from './bert-normaliser.js'
import { AddedTokenSearch } from './wordpiece-added.js'
import { WordCache } from './wordpiece-cache.js'
import { readWordPieceFile } from './wordpiece-file.js'
import type { WordPieceFile } from './wordpiece-file.js'
import { longWordPieces } from './wordpiece-long.js'
import { PieceEncoder } from './wordpiece-model.js'
import { Unit, unitTable } from './wordpiece-units.js'

/** Turns text into token ids, without the special tokens that stand around a text. */
export interface TokenEncoder {
  /**
   * Ids of `text`. With `maxTokens` (an integer of 1 or more) the first `maxTokens` of them, and no more of the text is
   * read than they need.
   */
  encode(text: string, maxTokens?: number): number[]
}

/**
 * A WordPiece encoder equal to the reference (the Rust crate `tokenizers`) token for token, or `undefined` when the
 * tokenizer.json asks for a pipeline that is not reproduced here. Lone surrogates count as U+FFFD.
 */
export function createWordPiece(tokenizerJson: unknown): TokenEncoder | undefined {
  const file = readWordPieceFile(tokenizerJson)
  return file && new WordPiece(file)
}

/** One text on its way through the scanner. */
interface Scan {
  readonly text: string
  readonly added: AddedTokenSearch
  readonly ids: number[]
  readonly maxTokens: number
}

const plainWord = /^[A-Za-z0-9]+$/
/** Words longer than this many code units are not cached: they are rare, and a cache of them would be large. */
const LONG_WORD = 64

class WordPiece implements TokenEncoder {
  readonly #file: WordPieceFile
  readonly #units: Uint8Array
  readonly #pieces: PieceEncoder
  readonly #words: WordCache

  constructor(file: WordPieceFile) {
    const starts = file.addedTokens.map(({ content }) => content)
    this.#file = file
    this.#units = unitTable(file.normaliser, starts)
    this.#pieces = new PieceEncoder(file)
    this.#words = new WordCache((word) => this.#encodeWord(word))
  }

  encode(text: string, maxTokens: number = Infinity): number[] {
    const ids: number[] = []
    const scan: Scan = { text, added: new AddedTokenSearch(this.#file.addedTokens, text), ids, maxTokens }
    for (let at = 0; at < text.length && ids.length < maxTokens;) at = this.#step(scan, at)
    if (ids.length > maxTokens) ids.length = maxTokens
    return ids
  }

  /** Encodes what stands at `at`: a blank, an added token or a word. Returns where it ends. */
  #step(scan: Scan, at: number): number {
    const { text, ids } = scan
    const unit = this.#unitAt(text, at)
    const token = (unit & Unit.mayStartAdded) === 0 ? undefined : scan.added.at(at)
    if (token !== undefined) {
      ids.push(token.id)
      return at + token.content.length
    }
    const kind = unit & Unit.kind
    if (kind === Unit.blank) return at + 1
    const end = kind === Unit.single ? at + 1 : this.#wordEnd(scan, at + 1)
    const word = text.slice(at, end)
    if (word.length > LONG_WORD) this.#addLongWord(scan, word)
    else this.#add(scan, this.#words.get(word))
    return end
  }

  #add({ ids }: Scan, more: readonly number[]): void {
    for (let i = 0; i < more.length; i++) ids.push(more[i] as number)
  }

  #addLongWord(scan: Scan, word: string): void {
    if (plainWord.test(word)) return this.#add(scan, this.#encodeWord(word))
    const { normaliser, maxWordLength } = this.#file
    for (const piece of longWordPieces(word, normaliser, maxWordLength)) {
      this.#add(scan, this.#pieces.encode(piece))
      if (scan.ids.length >= scan.maxTokens) return
    }
  }

  #wordEnd({ text, added }: Scan, from: number): number {
    for (let end = from; end < text.length; end++) {
      const unit = this.#unitAt(text, end)
      if (unit === Unit.letter) continue
      if ((unit & Unit.kind) !== Unit.letter || added.at(end) !== undefined) return end
    }
    return text.length
  }

  #unitAt(text: string, at: number): number {
    return this.#units[text.charCodeAt(at)] as number
  }

  #encodeWord(word: string): number[] {
    const { normaliser, maxWordLength, unknownId } = this.#file
    if (!plainWord.test(word)) {
      return splitPieces(normalise(word, normaliser)).flatMap((piece) => this.#pieces.encode(piece))
    }
    if (word.length > maxWordLength) return [unknownId]
    return this.#pieces.encode(normaliser.lowercase ? word.toLowerCase() : word)
  }
}
