import type { BertNormaliserOptions } from './bert-normaliser.js'
import type { AddedToken } from './wordpiece-added.js'

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
