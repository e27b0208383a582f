import { graphemesOf, normalizeText, orderMarks } from '../../../base/words.js'

/** A JSON object, parsed. */
export type Json = Readonly<Record<string, unknown>>

/** Turns text into token ids, without the special tokens that stand around a text. */
export interface TokenEncoder {
  /**
   * Ids of `text`. With `maxTokens` (an integer of 1 or more) the first `maxTokens` of them, and no more of the text is
   * read than they need.
   */
  encode(text: string, maxTokens?: number): number[]
}

/** The part of `@huggingface/tokenizers` that is used here; its own types cannot be read by TypeScript's `nodenext`. */
interface Library {
  readonly Tokenizer: new (tokenizerJson: object, configJson: object) => LibraryTokenizer
  readonly Normalizer: new (json: object) => LibraryNormalizer
  readonly SequenceNormalizer: new (json: object) => LibraryNormalizer
  readonly Unigram: new (...rest: never[]) => Unigram
}
interface LibraryTokenizer {
  normalizer: LibraryNormalizer | null
  readonly model: unknown
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
}
interface LibraryNormalizer {
  normalize(text: string): string
}
interface Unigram {
  encode(words: readonly string[]): string[]
  tokenize(word: string): string[]
}

/** Code units read for each token asked for, at first; far above what text in any script needs. */
const UNITS_PER_TOKEN = 32

/** The encoder for a tokenizer.json that our own WordPiece does not reproduce. */
export async function createLibraryEncoder(tokenizerJson: unknown, configJson: unknown): Promise<TokenEncoder> {
  const encodeAll = await createLibraryTokenizer(tokenizerJson, configJson)
  return {
    encode(text, maxTokens = Infinity) {
      // A long text is read in ever longer stretches that end behind a word, until there are tokens to spare.
      for (let units = maxTokens * UNITS_PER_TOKEN; units < text.length; units *= 2) {
        const end = wordEnd(text, units)
        const ids = end > 0 ? encodeAll(text.slice(0, end)) : []
        if (ids.length > maxTokens) return ids.slice(0, maxTokens)
      }
      const ids = encodeAll(text)
      return ids.length > maxTokens ? ids.slice(0, maxTokens) : ids
    },
  }
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u

/** The last place up to `from` where white space follows a letter or digit: there, every tokenizer starts anew. 0: none. */
function wordEnd(text: string, from: number): number {
  for (let end = from; end > 0; end--) {
    if (WHITE_SPACE.test(text[end] as string) && LETTER_OR_DIGIT.test(text[end - 1] as string)) return end
  }
  return 0
}

/** All ids of a text, without special tokens. */
type EncodeAll = (text: string) => number[]

/**
 * The tokenizer of `@huggingface/tokenizers` for a parsed tokenizer.json, brought closer to the reference (the Rust crate
 * `tokenizers`) where the two differ: see `normalizerSteps` and `rewordPreTokenizer`.
 */
async function createLibraryTokenizer(tokenizerJson: unknown, configJson: unknown): Promise<EncodeAll> {
  const library = (await import('@huggingface/tokenizers')) as unknown as Library
  const json = tokenizerJson as Json
  const complete = { normalizer: null, decoder: null, post_processor: null, added_tokens: [], ...json }
  const file = { ...complete, pre_tokenizer: rewordPreTokenizer(json['pre_tokenizer']) }
  const tokenizer = new library.Tokenizer(file, (configJson ?? {}) as object)
  tokenizer.normalizer = exactNormalizer(library, json['normalizer']) ?? tokenizer.normalizer
  if (tokenizer.model instanceof library.Unigram) wordByWord(tokenizer.model)
  fuseUnknown(tokenizer.model as FusingModel)
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids
}

/** `undefined` when there is nothing to do. */
function exactNormalizer(library: Library, json: unknown): LibraryNormalizer | undefined {
  const steps = normalizerSteps(json)
  if (steps.length === 0) return undefined
  const functions = steps.map(({ json: step, exact }): Normalize => {
    if (exact !== undefined) return exact
    const one = new library.SequenceNormalizer({ type: 'Sequence', normalizers: [step] })
    // Some decompose texts by the way.
    return (text) => one.normalize(orderMarks(text, 'NFC'))
  })
  class Exact extends library.Normalizer {
    override normalize(text: string): string {
      return functions.reduce((value, step) => step(value), text)
    }
  }
  return new Exact({ type: 'Sequence' })
}

/** Words remembered, and the longest of them: as many as a page of any language holds, several times over. */
const MOST_WORDS = 20_000
const LONGEST_WORD = 32

/**
 * The library cuts every word anew, and passes its pieces on as arguments, which fails for words of a hundred thousand
 * pieces. A word has the same pieces wherever it stands.
 */
function wordByWord(model: Unigram): void {
  const known = new Map<string, string[]>()
  const piecesOf = (word: string): string[] => {
    const found = known.get(word)
    if (found !== undefined) return found
    const pieces = model.tokenize(word)
    if (word.length <= LONGEST_WORD && known.size < MOST_WORDS) known.set(word, pieces)
    return pieces
  }
  model.encode = (words) => words.flatMap(piecesOf)
}

interface FusingModel {
  fuse_unk: boolean
  encode(words: readonly string[]): string[]
  readonly tokens_to_ids: ReadonlyMap<string, number>
  readonly unk_token_id: number | undefined
}

/**
 * The library joins unknown pieces in a row into one, and looks up what it has so far at each of them, which takes square
 * time. They are the unknown token whatever they are joined to, so that the first stands for all.
 */
function fuseUnknown(model: FusingModel): void {
  if (!model.fuse_unk) return
  model.fuse_unk = false
  const encode = model.encode.bind(model)
  const isUnknown = (piece: string | undefined): boolean =>
    piece !== undefined && (model.tokens_to_ids.get(piece) ?? model.unk_token_id) === model.unk_token_id
  model.encode = (words) => encode(words).filter((piece, at, pieces) => !isUnknown(piece) || !isUnknown(pieces[at - 1]))
}

/** A step of a tokenizer that changes text. */
type Normalize = (text: string) => string

/**
 * The steps of a tokenizer.json's `normalizer`, where this library does them as the reference does and
 * `@huggingface/tokenizers` does not quite; `undefined` for each other step. A `Sequence` is taken apart.
 */
function normalizerSteps(normalizer: unknown): { readonly json: Json; readonly exact: Normalize | undefined }[] {
  const json = (normalizer ?? {}) as Json
  if (json['type'] === 'Sequence') return ((json['normalizers'] ?? []) as unknown[]).flatMap(normalizerSteps)
  return json['type'] === undefined ? [] : [{ json, exact: exactStep(json) }]
}

function exactStep(json: Json): Normalize | undefined {
  switch (json['type']) {
    case 'Precompiled':
      return typeof json['precompiled_charsmap'] === 'string'
        ? precompiledNormalizer(json['precompiled_charsmap'])
        : undefined
    case 'Strip':
      return (text) => strip(text, json['strip_left'] === true, json['strip_right'] === true)
    case 'Lowercase':
      // One character after the other: a capital sigma becomes the same letter wherever it stands.
      return (text) => (text.includes('Σ') ? Array.from(text, (one) => one.toLowerCase()).join('') : text.toLowerCase())
    case 'NFC':
    case 'NFD':
    case 'NFKC':
    case 'NFKD': {
      const form = json['type']
      return (text) => normalizeText(text, form)
    }
    case 'StripAccents':
      return (text) => text.replace(/\p{Mn}/gu, '')
    case 'Prepend':
      return (text) => (text === '' ? '' : `${(json['prepend'] as string | undefined) ?? ''}${text}`)
    default:
      return undefined
  }
}

const WHITE_SPACE = /\p{White_Space}/u

/** By Unicode's White_Space: `trim` takes U+FEFF for white space too, and U+0085 for none. */
function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length]
  while (left && start < end && WHITE_SPACE.test(text[start] as string)) start++
  while (right && end > start && WHITE_SPACE.test(text[end - 1] as string)) end--
  return text.slice(start, end)
}

const BYTE_LEVEL = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
const PUNCTUATION = String.raw`[\p{P}\x21-\x2f\x3a-\x40\x5b-\x60\x7b-\x7e]`

const split = (regex: string, more: Json = {}): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
  ...more,
})

/**
 * A tokenizer.json's `pre_tokenizer` in other words, which mean the same to the reference and which
 * `@huggingface/tokenizers` reads exactly. Its own forms of these steps use JavaScript's `\s` and `\d`, which take U+FEFF
 * for white space, U+0085 for none, and only 0 to 9 for digits.
 */
function rewordPreTokenizer(preTokenizer: unknown): unknown {
  if (typeof preTokenizer !== 'object' || preTokenizer === null) return preTokenizer ?? null
  const json = preTokenizer as Json
  switch (json['type']) {
    case 'Sequence':
      return { ...json, pretokenizers: ((json['pretokenizers'] ?? []) as unknown[]).map(rewordPreTokenizer) }
    case 'ByteLevel':
      return byteLevel(json)
    case 'WhitespaceSplit':
      return split(String.raw`\S+`, { behavior: 'Removed', invert: true })
    case 'Digits':
      return split(json['individual_digits'] === true ? String.raw`\p{N}` : String.raw`\p{N}+`)
    case 'Punctuation':
      return json['behavior'] === undefined || json['behavior'] === 'Isolated' ? split(PUNCTUATION) : json
    case 'Metaspace':
      return metaspace(json)
    default:
      return json
  }
}

function byteLevel(json: Json): Json {
  const bytes = { ...json, add_prefix_space: false, use_regex: false }
  const steps: Json[] = [bytes]
  if (json['use_regex'] !== false) steps.unshift(split(BYTE_LEVEL))
  if (json['add_prefix_space'] === true) {
    steps.unshift({ type: 'Replace', pattern: { Regex: String.raw`\A(?! )` }, content: ' ' })
  }
  return steps.length === 1 ? bytes : { type: 'Sequence', pretokenizers: steps }
}

/** The library leaves the words in one piece, where pieces that reach from one into the next could be found. */
function metaspace(json: Json): Json {
  const isLegacy = json['prepend_scheme'] === undefined && json['add_prefix_space'] === false
  const step = isLegacy ? { ...json, prepend_scheme: 'never' } : json
  if (json['split'] === false) return step
  const sign = typeof json['replacement'] === 'string' ? json['replacement'] : '\u2581'
  const words = split(`${sign}?[^${sign}]+|${sign}`)
  return { type: 'Sequence', pretokenizers: [step, words] }
}

/**
 * The normalizer `Precompiled` of a tokenizer.json: SentencePiece's table of what each character becomes, as the Rust crate
 * `tokenizers` reads it. The library `@huggingface/tokenizers` takes NFKC in its place, which differs for marks, for
 * spaces and for whatever a model's own table says.
 */
function precompiledNormalizer(base64: string): (text: string) => string {
  const table = new CharacterTable(base64)
  return (text) => normalize(table, text)
}

/**
 * Where a grapheme of several characters may be short enough to be looked up whole: marks, modifiers, joiners, the two
 * letters that count as marks, signs that stand before a letter, and a line end of two characters.
 */
const MAY_COMBINE =
  /\r\n|\u200d|[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{111c2}\u{111c3}]/u
/** Only graphemes shorter than this, in UTF-8, are looked up whole. */
const WHOLE_GRAPHEME_BYTES = 6

function normalize(table: CharacterTable, text: string): string {
  if (!MAY_COMBINE.test(text)) return eachCharacter(table, text)
  let result = ''
  for (const segment of graphemesOf(text)) {
    const whole = segment.length < WHOLE_GRAPHEME_BYTES ? table.lookUp(segment, WHOLE_GRAPHEME_BYTES) : undefined
    result += whole ?? eachCharacter(table, segment)
  }
  return result
}

function eachCharacter(table: CharacterTable, text: string): string {
  let result = ''
  for (const character of text) result += table.lookUp(character) ?? character
  return result
}

/**
 * A double array (the trie of the Darts library) from UTF-8 to places in a list of texts that end with a zero byte.
 * Layout: four bytes that hold the size of the trie, the trie in 32-bit units, the list.
 */
class CharacterTable {
  readonly #units: Uint32Array
  readonly #texts: Uint8Array
  readonly #known = new Map<string, string | undefined>()

  constructor(base64: string) {
    const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
    const view = new DataView(bytes.buffer)
    const units = view.getUint32(0, true) >>> 2
    this.#units = Uint32Array.from({ length: units }, (_, at) => view.getUint32(4 + 4 * at, true))
    this.#texts = bytes.subarray(4 + 4 * units)
  }

  /** What the shortest beginning of `text` that is in the table becomes: the reference asks no more of the rest. */
  lookUp(text: string, bytesBelow: number = Infinity): string | undefined {
    if (this.#known.has(text)) return this.#known.get(text)
    const utf8 = encoder.encode(text)
    if (utf8.length >= bytesBelow) return undefined
    const place = this.#firstPrefix(utf8)
    const found = place === undefined ? undefined : this.#textAt(place)
    if (this.#known.size < MOST_KNOWN) this.#known.set(text, found)
    return found
  }

  #firstPrefix(utf8: Uint8Array): number | undefined {
    let node = offsetOf(this.#units[0] ?? 0)
    for (const byte of utf8) {
      if (byte === 0) return undefined
      node ^= byte
      const unit = this.#units[node] ?? 0
      if ((unit & LABEL) >>> 0 !== byte) return undefined
      node ^= offsetOf(unit)
      if ((unit & HAS_LEAF) !== 0) return (this.#units[node] ?? 0) & VALUE
    }
    return undefined
  }

  #textAt(place: number): string {
    const end = this.#texts.indexOf(0, place)
    return decoder.decode(this.#texts.subarray(place, end < 0 ? undefined : end))
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()
/** Characters remembered: more than any script in use has. */
const MOST_KNOWN = 50_000

// Parts of one unit of the double array.
const LABEL = 0x8000_00ff
const HAS_LEAF = 0x100
const VALUE = 0x7fff_ffff
const offsetOf = (unit: number): number => (unit >>> 10) << ((unit & 0x200) >>> 6)
