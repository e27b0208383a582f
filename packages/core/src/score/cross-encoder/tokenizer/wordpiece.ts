import { type BertNormalizerOptions, longWordPieces, normalize, splitPieces, Unit, unitTable } from './characters.js'
import { refuseEndlessWork } from './guard.js'
import type { Json, TokenEncoder } from './library.js'

/**
 * The encoder for a parsed tokenizer.json: our own WordPiece where it reproduces the file exactly, otherwise
 * `@huggingface/tokenizers`, loaded on first use.
 */
export async function createTextEncoder(tokenizerJson: unknown, tokenizerConfigJson?: unknown): Promise<TokenEncoder> {
  const own = createWordPiece(tokenizerJson)
  if (own !== undefined) return own
  refuseEndlessWork(tokenizerJson)
  const { createLibraryEncoder } = await import('./library.js')
  return createLibraryEncoder(tokenizerJson, tokenizerConfigJson)
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
    this.#units = unitTable(file.normalizer, starts)
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
    const { normalizer, maxWordLength } = this.#file
    for (const piece of longWordPieces(word, normalizer, maxWordLength)) {
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
    const { normalizer, maxWordLength, unknownId } = this.#file
    if (!plainWord.test(word)) {
      return splitPieces(normalize(word, normalizer)).flatMap((piece) => this.#pieces.encode(piece))
    }
    if (word.length > maxWordLength) return [unknownId]
    return this.#pieces.encode(normalizer.lowercase ? word.toLowerCase() : word)
  }
}

/** Looks for added tokens in one text, from left to right; of several at one place the longest is meant. */
class AddedTokenSearch {
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

/** From this many code units on, it is worth knowing how long the longest entry of the vocabulary is. */
const LONG_PIECE = 24

/** Spells pieces (stretches of normalized text without white space or punctuation) with the vocabulary of a model. */
class PieceEncoder {
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
      const found = this.#longest(piece, start, prefix)
      if (found === undefined) return [unknownId]
      ids.push(found.id)
      start += found.length
    }
    return ids
  }

  /** The longest part of `piece` from `start` on that is in the vocabulary with its prefix. */
  #longest(piece: string, start: number, prefix: string): { id: number; length: number } | undefined {
    const { vocabulary } = this.#file
    const rest = piece.length - start
    const isLong = prefix.length + rest > LONG_PIECE
    const limit = isLong ? Math.min(rest, this.#longestInVocabulary() - prefix.length) : rest
    // Cut off once: a piece may be as long as the file allows, and the rest of it is of no use here.
    const text = prefix + piece.slice(start, start + limit)
    for (let length = limit; length > 0; length--) {
      const id: unknown = vocabulary[text.slice(0, prefix.length + length)]
      // Not every name that an object answers to is its own: `constructor` is no entry.
      if (typeof id === 'number') return { id, length }
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

/** What a tokenizer.json says, as far as WordPiece needs it. */
interface WordPieceFile {
  readonly normalizer: BertNormalizerOptions
  /** As parsed: making a Map of 30,000 entries would cost more than a first query needs to look up. */
  readonly vocabulary: Readonly<Record<string, number>>
  readonly unknownId: number
  readonly continuingPrefix: string
  /** Longer words become the unknown token; counted in code points. */
  readonly maxWordLength: number
  /** Longest first. */
  readonly addedTokens: readonly AddedToken[]
}

/** A token that is looked for in the raw text, before anything else is done to it. */
interface AddedToken {
  readonly content: string
  readonly id: number
  /** Only where no word character stands beside it. */
  readonly singleWord: boolean
}

/**
 * Reads a parsed tokenizer.json. `undefined` when it asks for anything this library does not reproduce exactly: another
 * pipeline than BertNormalizer, BertPreTokenizer, WordPiece, or added tokens that are matched in normalized text.
 */
function readWordPieceFile(tokenizerJson: unknown): WordPieceFile | undefined {
  if (!isObject(tokenizerJson)) return undefined
  const { pre_tokenizer: preTokenizer, model, added_tokens: added } = tokenizerJson
  if (!isObject(preTokenizer) || preTokenizer['type'] !== 'BertPreTokenizer') return undefined
  const normalizer = readNormalizer(tokenizerJson['normalizer'])
  const spelling = readModel(model)
  if (normalizer === undefined || spelling === undefined) return undefined
  const addedTokens = readAddedTokens(added ?? [], spelling.vocabulary)
  return addedTokens && { normalizer, ...spelling, addedTokens }
}

function readNormalizer(value: unknown): BertNormalizerOptions | undefined {
  if (!isObject(value) || value['type'] !== 'BertNormalizer') return undefined
  const { clean_text: cleanText, handle_chinese_chars: handleChineseChars, lowercase } = value
  // Left out or null means: as `lowercase`.
  const stripAccents = value['strip_accents'] ?? lowercase
  const options = { cleanText, handleChineseChars, stripAccents, lowercase }
  const complete = Object.values(options).every((option) => typeof option === 'boolean')
  return complete ? (options as BertNormalizerOptions) : undefined
}

function readModel(value: unknown): Omit<WordPieceFile, 'normalizer' | 'addedTokens'> | undefined {
  if (!isObject(value) || value['type'] !== 'WordPiece' || !isObject(value['vocab'])) return undefined
  const vocabulary = value['vocab'] as Record<string, number>
  const { continuing_subword_prefix: continuingPrefix, max_input_chars_per_word: maxWordLength } = value
  const unknownId = vocabulary[String(value['unk_token'])]
  if (typeof continuingPrefix !== 'string' || !isIndex(maxWordLength) || !isIndex(unknownId)) return undefined
  return { vocabulary, unknownId, continuingPrefix, maxWordLength }
}

function readAddedTokens(entries: unknown, vocabulary: Readonly<Record<string, number>>): AddedToken[] | undefined {
  if (!Array.isArray(entries)) return undefined
  const tokens: AddedToken[] = []
  for (const entry of entries as unknown[]) {
    if (!isObject(entry)) return undefined
    const { content, id, normalized, single_word: singleWord } = entry
    // White space around a token never yields a token here, so lstrip and rstrip change nothing; inside it they would.
    if (typeof content !== 'string' || content === '' || /\s/.test(content) || !isIndex(id)) return undefined
    if (normalized !== false || (Object.hasOwn(vocabulary, content) && vocabulary[content] !== id)) return undefined
    tokens.push({ content, id, singleWord: singleWord === true })
  }
  return tokens.sort((one, other) => other.content.length - one.content.length)
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function isIndex(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0
}
