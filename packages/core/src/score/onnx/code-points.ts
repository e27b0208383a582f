import { packedLower, packedSets } from './code-points-data.js'

/**
 * What the reference tokeniser (the Rust crate `tokenizers`) does with a code point. The crate's Unicode tables differ
 * from those of the JavaScript engine, and engines differ from each other, so none of this is asked of the engine.
 */
export const Property = {
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
  /** Changed or moved by canonical decomposition (NFD). */
  decomposing: 32,
} as const

const REPLACEMENT = 0xfffd
/** Code points below this are looked up in a table; above it are only tags, variation selectors and private use. */
const TABLE_SIZE = 0x30000

type Range = readonly [first: number, last: number, bit: number]

function unpackRanges(packed: string, bit: number): Range[] {
  const numbers = packed.split(' ').map((digits) => Number.parseInt(digits, 36))
  const ranges: Range[] = []
  let next = 0
  for (let i = 0; i + 1 < numbers.length; i += 2) {
    const first = next + (numbers[i] as number)
    const last = first + (numbers[i + 1] as number)
    ranges.push([first, last, bit])
    next = last + 1
  }
  return ranges
}

const allRanges = Object.entries(Property).flatMap(([name, bit]) => unpackRanges(packedSets[name] as string, bit))
const highRanges = allRanges.filter(([first]) => first >= TABLE_SIZE)

const table = new Uint8Array(TABLE_SIZE)
for (const [first, last, bit] of allRanges) {
  for (let point = first; point <= last && point < TABLE_SIZE; point++) table[point] = (table[point] as number) | bit
}
// A UTF-8 encoder writes U+FFFD for a lone surrogate; so does the road every text takes to the reference.
table.fill(table[REPLACEMENT] as number, 0xd800, 0xe000)

/** The {@link Property} bits of a code point. A lone surrogate has those of U+FFFD. */
export function propertiesOf(point: number): number {
  if (point < TABLE_SIZE) return table[point] as number
  let bits = 0
  for (const [first, last, bit] of highRanges) if (point >= first && point <= last) bits |= bit
  return bits
}

const lower = new Map<number, string>([[0x130, 'i\u0307']])
const runs = packedLower.split(' ').map((digits) => Number.parseInt(digits, 36))
for (let i = 0, next = 0; i + 3 < runs.length; i += 4) {
  const [first, length, step, change] = runs.slice(i, i + 4) as [number, number, number, number]
  next = first + length
  for (let point = first; point <= next; point += step) lower.set(point, String.fromCodePoint(point + change))
}

/** Lower case of one code point, whatever stands around it (so a final sigma is `σ`, as in Rust). */
export function lowerCaseOf(point: number): string {
  return lower.get(point) ?? textOf(point)
}

/** A code point as text; a lone surrogate becomes U+FFFD. */
export function textOf(point: number): string {
  return point >= 0xd800 && point < 0xe000 ? '\ufffd' : String.fromCodePoint(point)
}
