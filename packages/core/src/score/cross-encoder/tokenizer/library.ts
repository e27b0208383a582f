import { graphemesOf } from '../../../base/words.js'
import { compose, idsOfAdded } from './characters.js'
import { type AddedToken, addedTokensOf, type Json, stepsOf } from './pipeline.js'

/** The part of `@huggingface/tokenizers` that is used here; its own types cannot be read by TypeScript's `nodenext`. */
interface Library {
  readonly Tokenizer: new (tokenizerJson: object, configJson: object) => LibraryTokenizer
  readonly Unigram: new (...rest: never[]) => LibraryModel & { tokenize(word: string): string[] }
}
interface LibraryTokenizer {
  /** Cuts a text into words. */
  readonly pre_tokenizer: ((text: string) => string[]) | null
  readonly model: LibraryModel
}
interface LibraryModel {
  readonly tokens_to_ids: ReadonlyMap<string, number>
  readonly unk_token_id: number | undefined
  /** Cuts words into tokens. */
  (words: readonly string[]): string[]
}

/**
 * All ids of a text, without special tokens, by `@huggingface/tokenizers`: for a parsed tokenizer.json of which
 * `unknownToLibrary` has nothing to say. Finding added tokens, normalizing and adding a space in front are done here, since
 * the library does them otherwise than Python; what it does is to cut words and spell them.
 */
export async function createLibraryEncoder(tokenizerJson: Json): Promise<(text: string) => number[]> {
  const library = (await import('@huggingface/tokenizers')) as unknown as Library
  const complete = { decoder: null, ...tokenizerJson, normalizer: null, post_processor: null, added_tokens: [] }
  const file = { ...complete, pre_tokenizer: rewordPreTokenizer(tokenizerJson['pre_tokenizer']) }
  const { pre_tokenizer: cut, model } = new library.Tokenizer(file, {})
  // Of many words it makes one list, and joins unknown pieces across them, in square time: each is spelled by itself.
  const idsOfWord = wordSpeller(model, model instanceof library.Unigram ? (word) => model.tokenize(word) : undefined)
  const startsWithSpace = stepsOf(tokenizerJson['pre_tokenizer'])[0]?.['add_prefix_space'] === true
  const normalize = normalizerOf(tokenizerJson['normalizer'])
  const listed = addedTokensOf(tokenizerJson)
  const ids = idsOfAdded(
    listed.map(({ content }) => content),
    model.tokens_to_ids,
  )
  const added = listed.map((token, at) => ({ ...token, id: ids[at] as number }))
  const inText = new AddedTokens(added.filter(({ normalized }) => normalized !== true))
  const normalized = added.filter((token) => token.normalized === true)
  const inNormalized = new AddedTokens(normalized.map((one) => ({ ...one, content: normalize(one.content) })))
  const idsOf = (text: string): number[] => {
    const spaced = startsWithSpace && !text.startsWith(' ') ? ` ${text}` : text
    return (cut === null ? [spaced] : cut(spaced)).flatMap(idsOfWord)
  }
  return (text) =>
    inText
      .split(text.replace(LONE_SURROGATES, '\ufffd'))
      .flatMap((part) => (typeof part === 'number' ? part : inNormalized.split(normalize(part))))
      .flatMap((part) => (typeof part === 'number' ? part : idsOf(part)))
}

const LONE_SURROGATES = /\p{Cs}/gu

/** Words remembered, and the longest of them: as many as a page of any language holds, several times over. */
const MOST_WORDS = 20_000
const LONGEST_WORD = 32

/** A word has the same ids wherever it stands. `joining`: cuts a word into pieces of which unknown ones in a row are one. */
function wordSpeller(model: LibraryModel, joining?: (word: string) => string[]): (word: string) => readonly number[] {
  const unknown = model.unk_token_id as number
  const idOf = (piece: string): number => model.tokens_to_ids.get(piece) ?? unknown
  const spell = (word: string): number[] => {
    if (joining === undefined) return model([word]).map(idOf)
    return joining(word)
      .map(idOf)
      .filter((id, at, ids) => id !== unknown || ids[at - 1] !== unknown)
  }
  const known = new Map<string, readonly number[]>()
  return (word) => {
    const found = known.get(word)
    if (found !== undefined) return found
    const ids = spell(word)
    if (word.length <= LONGEST_WORD && known.size < MOST_WORDS) known.set(word, ids)
    return ids
  }
}

/** Cuts a text at added tokens as Python does: of several at one place the longest is meant. */
class AddedTokens {
  readonly #tokens: ReadonlyMap<string, AddedToken>
  readonly #pattern: RegExp | undefined

  constructor(tokens: readonly AddedToken[]) {
    this.#tokens = new Map(tokens.filter(({ content }) => content !== '').map((token) => [token.content, token]))
    const longestFirst = [...this.#tokens.keys()].sort((one, other) => other.length - one.length)
    const choices = longestFirst.map((content) => content.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&')).join('|')
    this.#pattern = choices === '' ? undefined : new RegExp(choices, 'g')
  }

  /** The stretches of a text in order: an added token's id, or what stands between two. */
  split(text: string): (number | string)[] {
    if (this.#pattern === undefined) return text === '' ? [] : [text]
    const parts: (number | string)[] = []
    let end = 0
    for (const { 0: content, index } of text.matchAll(this.#pattern)) {
      const token = this.#tokens.get(content) as AddedToken
      let [start, stop] = [index, index + content.length]
      if (token.single_word === true && !standsAlone(text, start, stop)) continue
      while (token.lstrip === true && start > end && WHITE_SPACE.test(text[start - 1] as string)) start--
      while (token.rstrip === true && stop < text.length && WHITE_SPACE.test(text[stop] as string)) stop++
      if (start > end) parts.push(text.slice(end, start))
      parts.push(token.id)
      end = stop
    }
    if (end < text.length) parts.push(text.slice(end))
    return parts
  }
}

// `\w` of the Rust crate `regex`.
const endsWithWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const startsWithWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u

function standsAlone(text: string, start: number, end: number): boolean {
  return !endsWithWord.test(text.slice(Math.max(0, start - 2), start)) && !startsWithWord.test(text.slice(end, end + 2))
}

/** A step of a tokenizer that changes text. */
type Normalize = (text: string) => string

function normalizerOf(normalizer: unknown): Normalize {
  const steps = stepsOf(normalizer).map(normalizerStep)
  return (text) => steps.reduce((value, step) => step(value), text)
}

/** The library does these otherwise than Python, or in square time. */
function normalizerStep(json: Json): Normalize {
  switch (json['type']) {
    case 'NFC':
      return compose
    case 'Precompiled':
      return precompiledNormalizer(json['precompiled_charsmap'] as string)
    case 'Strip':
      return (text) => strip(text, json['strip_left'] === true, json['strip_right'] === true)
    case 'Lowercase':
      // One character after the other: a capital sigma becomes the same letter wherever it stands.
      return (text) => (text.includes('Σ') ? Array.from(text, (one) => one.toLowerCase()).join('') : text.toLowerCase())
    case 'Replace':
      return replacer(((json['pattern'] ?? {}) as Json)['Regex'] as string, (json['content'] ?? '') as string)
    default:
      throw new Error(`the normalizer ${String(json['type'])} is not known`)
  }
}

/** By Unicode's White_Space, as in Rust: JavaScript's `\s` has U+FEFF too, and U+0085 not. */
function replacer(pattern: string, content: string): Normalize {
  const regex = new RegExp(pattern.replaceAll(String.raw`\s`, String.raw`\p{White_Space}`), 'gu')
  return (text) => text.replace(regex, () => content)
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

const split = (regex: string, more: Json = {}): Json => ({
  type: 'Split',
  pattern: { Regex: regex },
  behavior: 'Isolated',
  invert: false,
  ...more,
})

/**
 * A tokenizer.json's `pre_tokenizer` in other words, which mean the same to Python and which the library reads exactly. Its
 * own forms of these steps use JavaScript's `\s`, and leave the words of Metaspace in one piece, where pieces that reach
 * from one into the next could be found.
 */
function rewordPreTokenizer(preTokenizer: unknown): unknown {
  const steps = stepsOf(preTokenizer).flatMap((json): Json[] => {
    switch (json['type']) {
      case 'ByteLevel': {
        const bytes = { ...json, add_prefix_space: false, use_regex: false }
        return json['use_regex'] === false ? [bytes] : [split(BYTE_LEVEL), bytes]
      }
      case 'WhitespaceSplit':
        return [split(String.raw`\S+`, { behavior: 'Removed', invert: true })]
      case 'Metaspace':
        return metaspace(json)
      default:
        return [json]
    }
  })
  return steps.length === 0 ? null : { type: 'Sequence', pretokenizers: steps }
}

function metaspace(json: Json): Json[] {
  const isLegacy = json['prepend_scheme'] === undefined && json['add_prefix_space'] === false
  return [isLegacy ? { ...json, prepend_scheme: 'never' } : json, split('\u2581?[^\u2581]+|\u2581')]
}

/**
 * The normalizer `Precompiled` of a tokenizer.json: SentencePiece's table of what each character becomes, as the Rust crate
 * `tokenizers` reads it. The library `@huggingface/tokenizers` takes NFKC in its place, which differs for marks, for
 * spaces and for whatever a model's own table says.
 */
function precompiledNormalizer(base64: string): (text: string) => string {
  const table = new CharacterTable(base64)
  return (text) => normalizeBy(table, text)
}

/**
 * Where a grapheme of several characters may be short enough to be looked up whole: marks, modifiers, joiners, the two
 * letters that count as marks, signs that stand before a letter, and a line end of two characters.
 */
const MAY_COMBINE =
  /\r\n|\u200d|[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{111c2}\u{111c3}]/u
/** Only graphemes shorter than this, in UTF-8, are looked up whole. */
const WHOLE_GRAPHEME_BYTES = 6

function normalizeBy(table: CharacterTable, text: string): string {
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
