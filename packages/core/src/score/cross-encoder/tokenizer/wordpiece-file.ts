import type { BertNormaliserOptions } from './characters.js'
import type { AddedToken } from './wordpiece.js'

/** What a tokenizer.json says, as far as WordPiece needs it. */
export interface WordPieceFile {
  readonly normaliser: BertNormaliserOptions
  /** As parsed: making a Map of 30,000 entries would cost more than a first query needs to look up. */
  readonly vocabulary: Readonly<Record<string, number>>
  readonly unknownId: number
  readonly continuingPrefix: string
  /** Longer words become the unknown token; counted in code points. */
  readonly maxWordLength: number
  /** Longest first. */
  readonly addedTokens: readonly AddedToken[]
}

type Json = Record<string, unknown>

/**
 * Reads a parsed tokenizer.json. `undefined` when it asks for anything this library does not reproduce exactly: another
 * pipeline than BertNormalizer, BertPreTokenizer, WordPiece, or added tokens that are matched in normalised text.
 */
export function readWordPieceFile(tokenizerJson: unknown): WordPieceFile | undefined {
  if (!isObject(tokenizerJson)) return undefined
  const { normalizer, pre_tokenizer: preTokenizer, model, added_tokens: added } = tokenizerJson
  if (!isObject(preTokenizer) || preTokenizer['type'] !== 'BertPreTokenizer') return undefined
  const normaliser = readNormaliser(normalizer)
  const spelling = readModel(model)
  if (normaliser === undefined || spelling === undefined) return undefined
  const addedTokens = readAddedTokens(added ?? [], spelling.vocabulary)
  return addedTokens && { normaliser, ...spelling, addedTokens }
}

function readNormaliser(value: unknown): BertNormaliserOptions | undefined {
  if (!isObject(value) || value['type'] !== 'BertNormalizer') return undefined
  const { clean_text: cleanText, handle_chinese_chars: handleChineseChars, lowercase } = value
  // Left out or null means: as `lowercase`.
  const stripAccents = value['strip_accents'] ?? lowercase
  const options = { cleanText, handleChineseChars, stripAccents, lowercase }
  const complete = Object.values(options).every((option) => typeof option === 'boolean')
  return complete ? (options as BertNormaliserOptions) : undefined
}

function readModel(value: unknown): Omit<WordPieceFile, 'normaliser' | 'addedTokens'> | undefined {
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
