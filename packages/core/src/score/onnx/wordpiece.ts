import { normalise, splitPieces } from './bert-normaliser.js'
import type { BertNormaliserOptions } from './bert-normaliser.js'
import { Property, propertiesOf } from './code-points.js'
import { readWordPieceFile } from './wordpiece-file.js'
import type { AddedToken, WordPieceFile } from './wordpiece-file.js'
import { createPieceEncoder } from './wordpiece-model.js'

/** Turns text into token ids, without the special tokens that stand around a text. */
export interface TokenEncoder {
  /**
   * Ids of `text`. With `maxTokens` (an integer of 1 or more) the first `maxTokens` of them, and no more of the text is
   * read than they need.
   */
  encode(text: string, maxTokens?: number): number[]
}

/** How the scanner treats one UTF-16 code unit. */
const Unit = {
  /** ASCII letters and digits. */
  plain: 0,
  /** Belongs to a word, but the word has to be normalised. */
  complex: 1,
  /** Separates words and yields nothing. */
  blank: 2,
  /** A word of its own. */
  single: 3,
  /** Added: an added token may start here. */
  mayStartAdded: 4,
} as const

/** Words longer than this many code units are not kept: they are rare, and a cache of them would be large. */
const LONGEST_CACHED = 48
/** Clear the cache at this many words or code units: a few megabytes at most. */
const MAX_CACHED_WORDS = 50_000
const MAX_CACHED_UNITS = 600_000

/**
 * A WordPiece encoder equal to the reference (the Rust crate `tokenizers`) token for token, or `undefined` when the
 * tokenizer.json asks for a pipeline that is not reproduced here. Lone surrogates count as U+FFFD.
 */
export function createWordPiece(tokenizerJson: unknown): TokenEncoder | undefined {
  const file = readWordPieceFile(tokenizerJson)
  return file && new WordPiece(file)
}

class WordPiece implements TokenEncoder {
  readonly #units: Uint8Array
  readonly #options: BertNormaliserOptions
  readonly #addedTokens: readonly AddedToken[]
  readonly #encodePiece: (piece: string) => number[]
  readonly #maxWordLength: number
  readonly #unknownId: number
  readonly #cache = new Map<string, number[]>()
  #cachedUnits = 0

  constructor(file: WordPieceFile) {
    this.#options = file.normaliser
    this.#addedTokens = file.addedTokens
    this.#units = unitTable(file)
    this.#encodePiece = createPieceEncoder(file)
    this.#maxWordLength = file.maxWordLength
    this.#unknownId = file.unknownId
  }

  encode(text: string, maxTokens: number = Infinity): number[] {
    const units = this.#units
    const ids: number[] = []
    let start = 0
    let seen = 0
    /** Added tokens are not looked for before this place: a match that `single_word` refused still uses up its text. */
    let searchFrom = 0
    for (let i = 0; i <= text.length; i++) {
      const unit = i < text.length ? (units[text.charCodeAt(i)] as number) : Unit.blank
      if (unit <= Unit.complex) {
        seen |= unit
        continue
      }
      let added: AddedToken | undefined
      if ((unit & Unit.mayStartAdded) !== 0 && i >= searchFrom) {
        added = this.#addedTokens.find((token) => text.startsWith(token.content, i))
        if (added !== undefined) searchFrom = i + added.content.length
        if (added?.singleWord && !standsAlone(text, i, searchFrom)) added = undefined
      }
      const kind = unit & 3
      if (added === undefined && kind <= Unit.complex) {
        seen |= kind
        continue
      }
      if (i > start) this.#encodeWord(text, start, i, seen === Unit.plain, ids)
      if (ids.length >= maxTokens) break
      seen = 0
      start = i + 1
      if (added !== undefined) {
        ids.push(added.id)
        start = searchFrom
        i = start - 1
      } else if (kind === Unit.single) {
        this.#encodeWord(text, i, i + 1, text.charCodeAt(i) < 0x80, ids)
      }
      if (ids.length >= maxTokens) break
    }
    if (ids.length > maxTokens) ids.length = maxTokens
    return ids
  }

  #encodeWord(text: string, start: number, end: number, plain: boolean, ids: number[]): void {
    if (end - start > LONGEST_CACHED) {
      if (plain && end - start > this.#maxWordLength) ids.push(this.#unknownId)
      else this.#append(this.#compute(text.slice(start, end), plain), ids)
      return
    }
    const word = text.slice(start, end)
    let known = this.#cache.get(word)
    if (known === undefined) {
      known = this.#compute(word, plain)
      this.#keep(word, known)
    }
    this.#append(known, ids)
  }

  #append(more: readonly number[], ids: number[]): void {
    for (let i = 0; i < more.length; i++) ids.push(more[i] as number)
  }

  #compute(word: string, plain: boolean): number[] {
    if (plain) return this.#encodePiece(this.#options.lowercase ? word.toLowerCase() : word)
    return splitPieces(normalise(word, this.#options)).flatMap(this.#encodePiece)
  }

  #keep(word: string, ids: number[]): void {
    this.#cachedUnits += word.length + ids.length
    if (this.#cache.size >= MAX_CACHED_WORDS || this.#cachedUnits > MAX_CACHED_UNITS) {
      this.#cache.clear()
      this.#cachedUnits = word.length + ids.length
    }
    // A slice holds on to the text it was cut from; joining and cutting again makes a copy of its own.
    this.#cache.set(` ${word}`.slice(1), ids)
  }
}

/** What each UTF-16 code unit means to the scanner under this file's options. */
function unitTable(file: WordPieceFile): Uint8Array {
  const table = new Uint8Array(0x10000)
  for (let code = 0; code < table.length; code++) table[code] = unitOf(code, file.normaliser)
  for (const { content } of file.addedTokens) {
    const first = content.charCodeAt(0)
    table[first] = (table[first] as number) | Unit.mayStartAdded
  }
  return table
}

function unitOf(code: number, options: BertNormaliserOptions): number {
  const bits = propertiesOf(code)
  if (options.cleanText && (bits & Property.control) !== 0) return Unit.complex
  if ((bits & Property.space) !== 0) return Unit.blank
  // Halves of astral characters have the bits of U+FFFD, which is none of what follows.
  if (options.handleChineseChars && (bits & Property.ideograph) !== 0) return Unit.single
  if ((bits & Property.punctuation) !== 0 && (bits & Property.decomposing) === 0) return Unit.single
  return code < 0x80 && bits === 0 ? Unit.plain : Unit.complex
}

const endsWithWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const startsWithWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

function standsAlone(text: string, start: number, end: number): boolean {
  return !endsWithWord.test(text.slice(Math.max(0, start - 2), start)) && !startsWithWord.test(text.slice(end, end + 2))
}
