import type { BertNormaliserOptions } from './bert-normaliser.js'
import { Property, propertyRanges } from './code-points.js'

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
 * Cutting at a blank or a single before anything is normalised is exact: none of them decomposes into letters, and
 * none takes part when marks are put in order.
 */
export function unitTable(options: BertNormaliserOptions, starts: readonly string[]): Uint8Array {
  const table = new Uint8Array(0x10000)
  for (const { first, last, bits } of propertyRanges) table.fill(unitOf(bits, options), first, last + 1)
  for (const start of starts) {
    const first = start.charCodeAt(0)
    table[first] = (table[first] as number) | Unit.mayStartAdded
  }
  return table
}

function unitOf(bits: number, options: BertNormaliserOptions): number {
  // What is removed does not part the letters around it.
  if (options.cleanText && (bits & Property.control) !== 0) return Unit.letter
  if ((bits & Property.space) !== 0) return Unit.blank
  if (options.handleChineseChars && (bits & Property.ideograph) !== 0) return Unit.single
  return (bits & (Property.punctuation | Property.decomposing)) === Property.punctuation ? Unit.single : Unit.letter
}
