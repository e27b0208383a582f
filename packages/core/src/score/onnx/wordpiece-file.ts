import type { BertNormaliserOptions } from './bert-normaliser.js'

/** A token that is looked for in the raw text, before anything else is done to it. */
export interface AddedToken {
  readonly content: string
  readonly id: number
  /** Only where no word character stands beside it. */
  readonly singleWord: boolean
}

/** What a tokenizer.json says, as far as WordPiece needs it. */
export interface WordPieceFile {
  readonly normaliser: BertNormaliserOptions
  readonly vocabulary: ReadonlyMap<string, number>
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
  const normaliser = readNormaliser(tokenizerJson['normalizer'])
  const preTokenizer = tokenizerJson['pre_tokenizer']
  const model = tokenizerJson['model']
  if (normaliser === undefined || !isObject(preTokenizer) || preTokenizer['type'] !== 'BertPreTokenizer')
    return undefined
  if (!isObject(model) || model['type'] !== 'WordPiece' || !isObject(model['vocab'])) return undefined
  const vocabulary = new Map(Object.entries(model['vocab'])) as Map<string, number>
  for (const id of vocabulary.values()) if (!isIndex(id)) return undefined
  const unknownId = vocabulary.get(model['unk_token'] as string)
  const continuingPrefix = model['continuing_subword_prefix']
  const maxWordLength = model['max_input_chars_per_word']
  const addedTokens = readAddedTokens(tokenizerJson['added_tokens'], vocabulary)
  if (unknownId === undefined || typeof continuingPrefix !== 'string' || !isIndex(maxWordLength)) return undefined
  if (addedTokens === undefined) return undefined
  return { normaliser, vocabulary, unknownId, continuingPrefix, maxWordLength, addedTokens }
}

function readNormaliser(value: unknown): BertNormaliserOptions | undefined {
  if (!isObject(value) || value['type'] !== 'BertNormalizer') return undefined
  const { clean_text: cleanText, handle_chinese_chars: handleChineseChars, lowercase } = value
  if (typeof cleanText !== 'boolean' || typeof handleChineseChars !== 'boolean' || typeof lowercase !== 'boolean') {
    return undefined
  }
  // Left out or null means: as `lowercase`.
  const stripAccents = value['strip_accents'] ?? lowercase
  return typeof stripAccents === 'boolean' ? { cleanText, handleChineseChars, stripAccents, lowercase } : undefined
}

function readAddedTokens(value: unknown, vocabulary: ReadonlyMap<string, number>): AddedToken[] | undefined {
  if (value !== undefined && !Array.isArray(value)) return undefined
  const tokens: AddedToken[] = []
  for (const entry of (value ?? []) as unknown[]) {
    if (!isObject(entry)) return undefined
    const { content, id, normalized, single_word: singleWord } = entry
    // White space around a token never yields a token here, so lstrip and rstrip change nothing; inside it they would.
    if (typeof content !== 'string' || content === '' || /\s/.test(content) || !isIndex(id)) return undefined
    if (normalized !== false || (vocabulary.get(content) ?? id) !== id) return undefined
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
