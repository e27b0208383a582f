/** A JSON object, parsed. */
export type Json = Readonly<Record<string, unknown>>

/** Turns text into token ids, without the special tokens that stand around a text. */
export interface TokenEncoder {
  /**
   * Ids of `text`. With `maxTokens` (an integer of 1 or more) the first `maxTokens` of them, and of a long text no more is
   * read than they need, where the tokenizer allows that.
   */
  encode(text: string, maxTokens?: number): readonly number[] | Promise<readonly number[]>
  /** How many texts are worth asking for together. Default 1. */
  readonly together?: number | undefined
}

/** What can serve a tokenizer.json: our own WordPiece, the package `tokenizers` (Rust), or `@huggingface/tokenizers`. */
export type TokenizerKind = 'wordpiece' | 'rust' | 'javascript'

/** An encoder, and what it is. */
export interface ChosenEncoder extends TokenEncoder {
  readonly kind: TokenizerKind
}

/** A token that is looked for in the text itself. */
export interface AddedToken {
  readonly id: number
  readonly content: string
  readonly single_word?: boolean
  /** Takes the white space before it. */
  readonly lstrip?: boolean
  /** Takes the white space behind it. */
  readonly rstrip?: boolean
  /** Looked for in the normalized text, and its content normalized. */
  readonly normalized?: boolean
}

/** The added tokens of a parsed tokenizer.json. */
export function addedTokensOf(json: Json): readonly AddedToken[] {
  return (json['added_tokens'] ?? []) as readonly AddedToken[]
}

/** The steps of a `normalizer` or `pre_tokenizer`, in order: a `Sequence` is taken apart. */
export function stepsOf(part: unknown): readonly Json[] {
  const json = (part ?? {}) as Json
  const inner = json['normalizers'] ?? json['pretokenizers']
  if (json['type'] === 'Sequence') return ((inner ?? []) as unknown[]).flatMap(stepsOf)
  return json['type'] === undefined ? [] : [json]
}

/** Patterns by which byte-level tokenizers cut words, as published: GPT-2, GPT-4 and Llama 3, Qwen 2 and 3, GPT-4o. */
const WORD_PATTERNS: ReadonlySet<unknown> = new Set([
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
  String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
])

/** Patterns of `Replace` that only turn white space into a space or SentencePiece's sign for one. */
const SPACE_PATTERNS: ReadonlySet<unknown> = new Set([' {2,}', String.raw`\s{2,}|[\n\r\t]`])

/** The pattern of a step, as a regular expression or as the text itself. */
function patternOf(step: Json): { readonly regex?: string; readonly text?: string } {
  const pattern = (step['pattern'] ?? {}) as Json
  return { regex: pattern['Regex'] as string, text: pattern['String'] as string }
}

/**
 * Whether a text may be cut where a space follows a letter or digit: the ids of what stands before are then the first of
 * the whole text's. Said only of steps that are known to see to that.
 */
export function cutsBetweenWords(json: Json): boolean {
  // A token that holds such a place itself would be cut in two.
  if (addedTokensOf(json).some(({ content }) => /[\p{L}\p{N}]\p{White_Space}/u.test(content))) return false
  const [normalizers, splitters] = [stepsOf(json['normalizer']), stepsOf(json['pre_tokenizer'])]
  return normalizers.every(keepsSpaces) && splitters.every(isKnownSplitter) && splitters.some(cutsAtSpaces)
}

const LOCAL_NORMALIZERS: ReadonlySet<unknown> = new Set(
  'NFC NFD NFKC NFKD Lowercase StripAccents BertNormalizer Nmt Precompiled Strip Prepend'.split(' '),
)

function keepsSpaces(step: Json): boolean {
  if (step['type'] !== 'Replace') return LOCAL_NORMALIZERS.has(step['type'])
  const { regex, text } = patternOf(step)
  return SPACE_PATTERNS.has(regex) || (text !== undefined && !/\s/.test(text))
}

const SPLITTERS: ReadonlySet<unknown> = new Set(
  'BertPreTokenizer Whitespace WhitespaceSplit Metaspace ByteLevel Digits Punctuation'.split(' '),
)

function isKnownSplitter(step: Json): boolean {
  if (step['type'] === 'Split') return WORD_PATTERNS.has(patternOf(step).regex) && isIsolated(step)
  // These two write something else for a space, behind which the others would not find it.
  return SPLITTERS.has(step['type']) && step['split'] !== false
}

function isIsolated(step: Json): boolean {
  return step['behavior'] === 'Isolated' && step['invert'] !== true
}

function cutsAtSpaces(step: Json, at: number, steps: readonly Json[]): boolean {
  // Metaspace and ByteLevel write something else for a space, which later steps do not find.
  const isHidden = steps.slice(0, at).some(({ type }) => type === 'Metaspace' || type === 'ByteLevel')
  const isPlain = step['type'] !== 'Digits' && step['type'] !== 'Punctuation'
  return isPlain && !isHidden && !(step['type'] === 'ByteLevel' && step['use_regex'] === false)
}

/**
 * What of a tokenizer.json `@huggingface/tokenizers`, with what library.ts adds to it, is not known to read as Python
 * does; nothing when it reads all of it so. A list of what was tried, not of what is broken.
 */
export function unknownToLibrary(json: Json): string | undefined {
  const named = (kind: string) => (step: Json) => `${kind} ${JSON.stringify(withoutTables(step))}`
  return (
    stepsOf(json['normalizer']).filter(isOtherNormalizer).map(named('the normalizer'))[0] ??
    stepsOf(json['pre_tokenizer']).filter(isOtherSplitter).map(named('the pre_tokenizer'))[0] ??
    otherModel(json)
  )
}

/** A character map may be megabytes. */
function withoutTables(step: Json): Json {
  return Object.fromEntries(Object.entries(step).filter(([key]) => key !== 'precompiled_charsmap'))
}

function isOtherNormalizer(step: Json): boolean {
  switch (step['type']) {
    case 'NFC':
    case 'Precompiled':
    case 'Strip':
    case 'Lowercase':
      return false
    case 'Replace':
      return !SPACE_PATTERNS.has(patternOf(step).regex)
    default:
      return true
  }
}

function isOtherSplitter(step: Json, at: number): boolean {
  switch (step['type']) {
    case 'ByteLevel':
      return step['add_prefix_space'] === true && at > 0
    case 'Split':
      return !WORD_PATTERNS.has(patternOf(step).regex) || !isIsolated(step)
    case 'WhitespaceSplit':
      return false
    case 'Metaspace':
      return step['split'] === false || step['prepend_scheme'] === 'first' || step['replacement'] !== '\u2581'
    default:
      return true
  }
}

function otherModel(json: Json): string | undefined {
  const model = (json['model'] ?? {}) as Json
  const set = (name: string): boolean => ![undefined, null, '', false].includes(model[name] as null)
  const option = ['byte_fallback', 'continuing_subword_prefix', 'end_of_word_suffix', 'fuse_unk'].find(set)
  if (option !== undefined) return `model.${option} ${JSON.stringify(model[option])}`
  if (model['type'] === 'Unigram' && typeof model['unk_id'] === 'number') return undefined
  if (model['type'] === 'BPE' && stepsOf(json['pre_tokenizer']).some(({ type }) => type === 'ByteLevel')) {
    return undefined
  }
  return `the model ${JSON.stringify(model['type'])} with this pre_tokenizer`
}
