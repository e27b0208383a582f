/**
 * The normaliser `Precompiled` of a tokenizer.json: SentencePiece's table of what each character becomes, as the Rust crate
 * `tokenizers` reads it. The library `@huggingface/tokenizers` takes NFKC in its place, which differs for marks, for
 * spaces and for whatever a model's own table says.
 */
export function precompiledNormaliser(base64: string): (text: string) => string {
  const table = new CharacterTable(base64)
  return (text) => normalise(table, text)
}

const graphemes = new Intl.Segmenter('und', { granularity: 'grapheme' })
/**
 * Where a grapheme of several characters may be short enough to be looked up whole: marks, modifiers, joiners, the two
 * letters that count as marks, signs that stand before a letter, and a line end of two characters.
 */
const MAY_COMBINE =
  /\r\n|\u200d|[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u0e33\u0eb3\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u{110bd}\u{110cd}\u{111c2}\u{111c3}]/u
/** Only graphemes shorter than this, in UTF-8, are looked up whole. */
const WHOLE_GRAPHEME_BYTES = 6

function normalise(table: CharacterTable, text: string): string {
  if (!MAY_COMBINE.test(text)) return eachCharacter(table, text)
  let result = ''
  for (const { segment } of graphemes.segment(text)) {
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
