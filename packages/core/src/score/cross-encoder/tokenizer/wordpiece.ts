import {
  type BertNormaliserOptions,
  normalise,
  propertiesOf,
  Property,
  propertyRanges,
  splitPieces,
} from './characters.js'
import { PieceEncoder, readWordPieceFile, type WordPieceFile } from './wordpiece-file.js'

/** A token that is looked for in the raw text, before anything else is done to it. */
export interface AddedToken {
  readonly content: string
  readonly id: number
  /** Only where no word character stands beside it. */
  readonly singleWord: boolean
}

/** Looks for added tokens in one text, from left to right; of several at one place the longest is meant. */
export class AddedTokenSearch {
  readonly #tokens: readonly AddedToken[]
  readonly #text: string
  /** A match that was refused uses up its text all the same. */
  #from = 0

  /** `tokens`: longest first. */
  constructor(tokens: readonly AddedToken[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  /** The token that starts at `place`. Places are asked for in order. */
  at(place: number): AddedToken | undefined {
    if (place < this.#from) return undefined
    const token = this.#tokens.find(({ content }) => this.#text.startsWith(content, place))
    if (token === undefined || !token.singleWord) return token
    const end = place + token.content.length
    if (this.#standsAlone(place, end)) return token
    this.#from = end
    return undefined
  }

  #standsAlone(start: number, end: number): boolean {
    const before = this.#text.slice(Math.max(0, start - 2), start)
    return !endsWithWord.test(before) && !startsWithWord.test(this.#text.slice(end, end + 2))
  }
}

// `\w` of the Rust crate `regex`.
const endsWithWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const startsWithWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

/** The cache is emptied at this many words or numbers and code units: a few megabytes at most. */
const MAX_WORDS = 50_000
const MAX_SIZE = 600_000

/** Remembers the ids of words as they stand in the text. Bounded; emptied when full. */
export class WordCache {
  readonly #compute: (word: string) => readonly number[]
  readonly #known = new Map<string, readonly number[]>()
  #size = 0

  constructor(compute: (word: string) => readonly number[]) {
    this.#compute = compute
  }

  get(word: string): readonly number[] {
    return this.#known.get(word) ?? this.#keep(word)
  }

  #keep(word: string): readonly number[] {
    const ids = this.#compute(word)
    const size = word.length + ids.length
    if (this.#known.size >= MAX_WORDS || this.#size + size > MAX_SIZE) {
      this.#known.clear()
      this.#size = 0
    }
    this.#size += size
    // A slice holds on to the text it was cut from; joining and cutting again makes a small text of its own.
    this.#known.set(` ${word}`.slice(1), ids)
    return ids
  }
}

/** Code units normalised at a time. */
const STRETCH = 512

/**
 * The pieces of a long word one after the other, so that whoever has enough of them can stop: a text in a script without
 * spaces may be a single word of a million characters. A piece longer than `maxLength` code points comes out cut, but
 * still too long.
 */
export function* longWordPieces(word: string, options: BertNormaliserOptions, maxLength: number): Generator<string> {
  const tooLong = 2 * maxLength + 1
  let open = ''
  for (let at = 0; at < word.length;) {
    // How much longer a piece is than too long does not matter, only where the next one starts.
    if (open.length >= tooLong) at = nextPlace(word, at, (bits) => (bits & Property.parting) !== 0)
    // Marks move past what is removed before, so a cut there would part marks that change places.
    const end = nextPlace(word, at + STRETCH, (bits) => (bits & (Property.moving | Property.control)) === 0)
    // The `x` keeps the last piece open: it may go on in the next stretch.
    const pieces = splitPieces(`${open}${normalise(word.slice(at, end), options)}x`)
    open = (pieces.pop() as string).slice(0, -1).slice(0, tooLong)
    yield* pieces
    at = end
  }
  if (open !== '') yield open
}

/** The first code point at or after `from` whose properties are wanted, or the end. */
function nextPlace(word: string, from: number, isWanted: (bits: number) => boolean): number {
  for (let at = from; at < word.length; at++) {
    const point = word.codePointAt(at) as number
    const isLowHalf = point >= 0xdc00 && point < 0xe000
    if (!isLowHalf && isWanted(propertiesOf(point))) return at
  }
  return word.length
}

/** How the scanner treats one UTF-16 code unit. */
export const Unit = {
  /** Belongs to a word. */
  letter: 0,
  /** Separates words and yields nothing. */
  blank: 1,
  /** A word of its own, whatever stands beside it. */
  single: 2,
  /** The bits of the above. */
  kind: 3,
  /** Added to one of the above: an added token may start here. */
  mayStartAdded: 4,
} as const

/**
 * What each UTF-16 code unit means to the scanner. `starts` are the texts of the added tokens.
 *
 * Cutting at a blank or a single before anything is normalised is exact: none of them decomposes into letters, and
 * none takes part when marks are put in order.
 */
export function unitTable(options: BertNormaliserOptions, starts: readonly string[]): Uint8Array {
  const table = new Uint8Array(0x10000)
  for (const { first, last, bits } of propertyRanges) table.fill(unitOf(bits, options), first, last + 1)
  for (const start of starts) {
    const first = start.charCodeAt(0)
    table[first] = (table[first] as number) | Unit.mayStartAdded
  }
  return table
}

function unitOf(bits: number, options: BertNormaliserOptions): number {
  // What is removed does not part the letters around it.
  if (options.cleanText && (bits & Property.control) !== 0) return Unit.letter
  if ((bits & Property.space) !== 0) return Unit.blank
  if (options.handleChineseChars && (bits & Property.ideograph) !== 0) return Unit.single
  return (bits & (Property.punctuation | Property.decomposing)) === Property.punctuation ? Unit.single : Unit.letter
}

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
