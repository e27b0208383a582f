import { Property, lowerCaseOf, propertiesOf, textOf } from './code-points.js'

/** The options of `BertNormalizer` in a tokenizer.json. */
export interface BertNormaliserOptions {
  /** Remove control characters, turn every white space into a blank. */
  readonly cleanText: boolean
  /** Put blanks around CJK ideographs. */
  readonly handleChineseChars: boolean
  /** Decompose and remove non-spacing marks. */
  readonly stripAccents: boolean
  readonly lowercase: boolean
}

/**
 * Normalises text as the reference's `BertNormalizer` does: clean, pad ideographs, decompose and strip, lower-case.
 * Texts that are cut before a code point that is neither {@link Property.moving} nor {@link Property.control} may be
 * normalised part by part.
 */
export function normalise(text: string, options: BertNormaliserOptions): string {
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
function single(point: number, bits: number, options: BertNormaliserOptions): string {
  if (options.cleanText && (bits & Property.space) !== 0) return ' '
  if (options.stripAccents && (bits & Property.mark) !== 0) return ''
  return options.lowercase ? lowerCaseOf(point) : textOf(point)
}

/** Without marks when they are stripped; as it is when not. */
function decomposed(text: string, options: BertNormaliserOptions): string {
  if (!options.stripAccents) return text
  let out = ''
  for (const char of text.normalize('NFD')) {
    const point = char.codePointAt(0) as number
    if ((propertiesOf(point) & Property.mark) === 0) out += options.lowercase ? lowerCaseOf(point) : char
  }
  return out
}

/**
 * Splits normalised text as `BertPreTokenizer` does: white space separates and is dropped, each punctuation character
 * is a piece of its own.
 */
export function splitPieces(normalised: string): string[] {
  const pieces: string[] = []
  let start = 0
  for (let i = 0; i < normalised.length;) {
    const point = normalised.codePointAt(i) as number
    const end = i + (point > 0xffff ? 2 : 1)
    const bits = propertiesOf(point) & (Property.space | Property.punctuation)
    if (bits !== 0) {
      if (i > start) pieces.push(normalised.slice(start, i))
      if (bits === Property.punctuation) pieces.push(normalised.slice(i, end))
      start = end
    }
    i = end
  }
  if (start < normalised.length) pieces.push(normalised.slice(start))
  return pieces
}
