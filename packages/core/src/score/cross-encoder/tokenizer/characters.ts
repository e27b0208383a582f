import { normalizeText } from '../../../base/words.js'
import { packedLower, packedProperties } from './code-points-data.js'

/**
 * What the reference tokeniser (the Rust crate `tokenizers`) does with a code point. The crate's Unicode tables differ
 * from those of the JavaScript engine, and engines differ from each other, so none of this is asked of the engine.
 */
const Property = {
  /** Removed by `clean_text`: control, format and private-use characters, NUL, U+FFFD. */
  control: 1,
  /** White space. */
  space: 2,
  /** A piece of its own: category P, and all ASCII symbols. */
  punctuation: 4,
  /** Padded with spaces by `handle_chinese_chars`. */
  ideograph: 8,
  /** Removed by `strip_accents`, after decomposition. */
  mark: 16,
  /** Changed by canonical decomposition (NFD). */
  decomposing: 32,
  /** Canonical decomposition may change its place among its neighbours (or that of its first part). */
  moving: 64,
  /** May end a piece: white space, punctuation or ideograph, or decomposes into one. */
  parting: 128,
} as const

/** Code points from `first` to `last` that have the same {@link Property} bits, not 0. */
interface PropertyRange {
  readonly first: number
  readonly last: number
  readonly bits: number
}

/** Every range with properties, in order. */
const propertyRanges: readonly PropertyRange[] = unpackRanges()

function unpackRanges(): PropertyRange[] {
  const numbers = base36(packedProperties)
  const ranges: PropertyRange[] = []
  let next = 0
  for (let i = 0; i < numbers.length; i += 3) {
    const [gap, length, bits] = numbers.slice(i, i + 3) as [number, number, number]
    ranges.push({ first: next + gap, last: next + gap + length, bits })
    next += gap + length + 1
  }
  return ranges
}

function base36(packed: string): number[] {
  return packed.split(' ').map((digits) => Number.parseInt(digits, 36))
}

/** Code points below this are looked up in a table; above it are only tags, variation selectors and private use. */
const TABLE_SIZE = 0x30000
const table = new Uint8Array(TABLE_SIZE)
for (const { first, last, bits } of propertyRanges) table.fill(bits, first, last + 1)
const highRanges = propertyRanges.filter(({ first }) => first >= TABLE_SIZE)
// A UTF-8 encoder writes U+FFFD for a lone surrogate; so does the road every text takes to the reference.
table.fill(table[0xfffd] as number, 0xd800, 0xe000)

/** The {@link Property} bits of a code point. A lone surrogate has those of U+FFFD. */
function propertiesOf(point: number): number {
  if (point < TABLE_SIZE) return table[point] as number
  return highRanges.find(({ first, last }) => point >= first && point <= last)?.bits ?? 0
}

/** Made when the first letter beyond ASCII turns up. */
let lower: Map<number, string> | undefined

function unpackLower(): Map<number, string> {
  const map = new Map([[0x130, 'i\u0307']])
  const numbers = base36(packedLower)
  for (let i = 0; i < numbers.length; i += 4) {
    const [first, length, step, change] = numbers.slice(i, i + 4) as [number, number, number, number]
    for (let point = first; point <= first + length; point += step) map.set(point, String.fromCodePoint(point + change))
  }
  return map
}

/** Lower case of one code point, whatever stands around it (so a final sigma is `σ`, as in Rust). */
function lowerCaseOf(point: number): string {
  lower ??= unpackLower()
  return lower.get(point) ?? textOf(point)
}

/** A code point as text; a lone surrogate becomes U+FFFD. */
function textOf(point: number): string {
  return point >= 0xd800 && point < 0xe000 ? '\ufffd' : String.fromCodePoint(point)
}

/** The options of `BertNormalizer` in a tokenizer.json. */
export interface BertNormalizerOptions {
  /** Remove control characters, turn every white space into a blank. */
  readonly cleanText: boolean
  /** Put blanks around CJK ideographs. */
  readonly handleChineseChars: boolean
  /** Decompose and remove non-spacing marks. */
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

/**
 * Normalizes text as the reference's `BertNormalizer` does: clean, pad ideographs, decompose and strip, lower-case.
 * Texts that are cut before a code point that is neither {@link Property.moving} nor {@link Property.control} may be
 * normalized part by part.
 */
export function normalize(text: string, options: BertNormalizerOptions): string {
  let out = ''
  // Only code points known to decompose or to move are given to the engine's NFD: those are old, and Unicode promises
  // never to change them. All others are to the reference starters that stay as they are.
  let unordered = ''
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number
    if (point > 0xffff) i++
    const bits = propertiesOf(point)
    if (options.cleanText && (bits & Property.control) !== 0) continue
    const isPadded = options.handleChineseChars && (bits & Property.ideograph) !== 0
    if (options.stripAccents && (bits & (Property.decomposing | Property.moving)) !== 0 && !isPadded) {
      unordered += textOf(point)
      continue
    }
    if (unordered !== '') out += decomposed(unordered, options)
    unordered = ''
    out += isPadded ? ` ${decomposed(textOf(point), options)} ` : single(point, bits, options)
  }
  return unordered === '' ? out : out + decomposed(unordered, options)
}

/** A code point that neither decomposes nor moves. */
function single(point: number, bits: number, options: BertNormalizerOptions): string {
  if (options.cleanText && (bits & Property.space) !== 0) return ' '
  if (options.stripAccents && (bits & Property.mark) !== 0) return ''
  return options.lowercase ? lowerCaseOf(point) : textOf(point)
}

/** Without marks when they are stripped; as it is when not. */
function decomposed(text: string, options: BertNormalizerOptions): string {
  if (!options.stripAccents) return text
  let out = ''
  for (const char of normalizeText(text, 'NFD')) {
    const point = char.codePointAt(0) as number
    if ((propertiesOf(point) & Property.mark) === 0) out += options.lowercase ? lowerCaseOf(point) : char
  }
  return out
}

/** Below this, the reference and every engine agree about what decomposes and moves. */
const MAY_BE_YOUNGER = /[\u07fd-\uffff]/

/** Whether a code point is younger than the reference's Unicode, to which it is a starter that stays as it is. */
const youngerPoints = new Map<string, boolean>()

function isYounger(char: string): boolean {
  let isIt = youngerPoints.get(char)
  if (isIt === undefined) {
    const isKnown = (propertiesOf(char.codePointAt(0) as number) & (Property.decomposing | Property.moving)) !== 0
    // Every mark but this one itself moves in front of the one whose combining class is the highest.
    isIt = !isKnown && normalizeText(`\u0345${char}`, 'NFD') !== `\u0345${char}`
    youngerPoints.set(char, isIt)
  }
  return isIt
}

/** `text.normalize('NFC')` by the Unicode of the reference. */
export function compose(text: string): string {
  if (!MAY_BE_YOUNGER.test(text)) return normalizeText(text, 'NFC')
  let [out, stretch] = ['', '']
  for (const char of text) {
    if (!isYounger(char)) stretch += char
    else {
      out += composeOld(stretch) + char
      stretch = ''
    }
  }
  return out + composeOld(stretch)
}

/** The same without younger code points. What the engine composes to one was no pair to the reference: it is taken apart. */
function composeOld(text: string): string {
  let [out, apart] = ['', '']
  for (const char of normalizeText(text, 'NFC')) {
    const isMark = (propertiesOf(char.codePointAt(0) as number) & Property.moving) !== 0
    if (apart !== '' && !isMark) {
      out += normalizeText(apart, 'NFD')
      apart = ''
    }
    if (apart !== '' || isYounger(char)) apart += char
    else out += char
  }
  return out + normalizeText(apart, 'NFD')
}

/**
 * Splits normalized text as `BertPreTokenizer` does: white space separates and is dropped, each punctuation character
 * is a piece of its own.
 */
export function splitPieces(normalized: string): string[] {
  const pieces: string[] = []
  let start = 0
  for (let i = 0; i < normalized.length;) {
    const point = normalized.codePointAt(i) as number
    const end = i + (point > 0xffff ? 2 : 1)
    const bits = propertiesOf(point) & (Property.space | Property.punctuation)
    if (bits !== 0) {
      if (i > start) pieces.push(normalized.slice(start, i))
      if (bits === Property.punctuation) pieces.push(normalized.slice(i, end))
      start = end
    }
    i = end
  }
  if (start < normalized.length) pieces.push(normalized.slice(start))
  return pieces
}

/** Code units normalized at a time. */
const STRETCH = 512

/**
 * The pieces of a long word one after the other, so that whoever has enough of them can stop: a text in a script without
 * spaces may be a single word of a million characters. A piece longer than `maxLength` code points comes out cut, but
 * still too long.
 */
export function* longWordPieces(word: string, options: BertNormalizerOptions, maxLength: number): Generator<string> {
  const tooLong = 2 * maxLength + 1
  let open = ''
  for (let at = 0; at < word.length;) {
    // How much longer a piece is than too long does not matter, only where the next one starts.
    if (open.length >= tooLong) at = nextPlace(word, at, (bits) => (bits & Property.parting) !== 0)
    // Marks move past what is removed before, so a cut there would part marks that change places.
    const end = nextPlace(word, at + STRETCH, (bits) => (bits & (Property.moving | Property.control)) === 0)
    // The `x` keeps the last piece open: it may go on in the next stretch.
    const pieces = splitPieces(`${open}${normalize(word.slice(at, end), options)}x`)
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
 * Cutting at a blank or a single before anything is normalized is exact: none of them decomposes into letters, and
 * none takes part when marks are put in order.
 */
export function unitTable(options: BertNormalizerOptions, starts: readonly string[]): Uint8Array {
  const units = new Uint8Array(0x10000)
  for (const { first, last, bits } of propertyRanges) units.fill(unitOf(bits, options), first, last + 1)
  for (const start of starts) {
    const first = start.charCodeAt(0)
    units[first] = (units[first] as number) | Unit.mayStartAdded
  }
  return units
}

function unitOf(bits: number, options: BertNormalizerOptions): number {
  // What is removed does not part the letters around it.
  if (options.cleanText && (bits & Property.control) !== 0) return Unit.letter
  if ((bits & Property.space) !== 0) return Unit.blank
  if (options.handleChineseChars && (bits & Property.ideograph) !== 0) return Unit.single
  return (bits & (Property.punctuation | Property.decomposing)) === Property.punctuation ? Unit.single : Unit.letter
}

/** A vocabulary, to be asked for ids. */
interface Vocabulary {
  get(token: string): number | undefined
  readonly size: number
}

/**
 * The ids that Python gives to the added tokens of a file: those of the vocabulary, and behind it one after the other. What
 * the file says itself is not asked.
 */
export function idsOfAdded(contents: readonly string[], vocabulary: Vocabulary): readonly number[] {
  const given = new Map<string, number>()
  let highest = -1
  for (const content of contents) {
    if (given.has(content)) continue
    const id = vocabulary.get(content) ?? Math.max(vocabulary.size, highest + 1)
    given.set(content, id)
    highest = Math.max(highest, id)
  }
  return contents.map((content) => given.get(content) as number)
}
