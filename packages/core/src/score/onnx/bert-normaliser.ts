import { lowerCaseOf, Property, propertiesOf, textOf } from './code-points.js'

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
 * What it does to a text is what it does to the parts, as long as no part starts with a {@link Property.decomposing}
 * code point that is not preceded by a boundary (white space, ideograph, punctuation).
 */
export function normalise(text: string, options: BertNormaliserOptions): string {
  let out = ''
  // Only code points known to decompose or to have a place in the order of marks are given to the engine's NFD: those
  // are old, and Unicode promises never to change them. To the reference all others are starters that stay as they are.
  let decomposing = ''
  for (let i = 0; i < text.length; i++) {
    const point = text.codePointAt(i) as number
    if (point > 0xffff) i++
    const bits = propertiesOf(point)
    if (options.cleanText && (bits & Property.control) !== 0) continue
    const padded = options.handleChineseChars && (bits & Property.ideograph) !== 0
    if (options.stripAccents && (bits & Property.decomposing) !== 0 && !padded) {
      decomposing += textOf(point)
      continue
    }
    if (decomposing !== '') {
      out += stripped(decomposing, options)
      decomposing = ''
    }
    if (padded) out += ` ${options.stripAccents ? textOf(point).normalize('NFD') : textOf(point)} `
    else if (options.cleanText && (bits & Property.space) !== 0) out += ' '
    else if (options.stripAccents && (bits & Property.mark) !== 0) continue
    else out += options.lowercase ? lowerCaseOf(point) : textOf(point)
  }
  return decomposing === '' ? out : out + stripped(decomposing, options)
}

function stripped(text: string, options: BertNormaliserOptions): string {
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
  let start = -1
  for (let i = 0; i < normalised.length; i++) {
    const point = normalised.codePointAt(i) as number
    const width = point > 0xffff ? 2 : 1
    const boundary = (propertiesOf(point) & (Property.space | Property.punctuation)) !== 0
    if (boundary && start >= 0) pieces.push(normalised.slice(start, i))
    if (boundary) start = -1
    else if (start < 0) start = i
    if ((propertiesOf(point) & Property.punctuation) !== 0) pieces.push(normalised.slice(i, i + width))
    i += width - 1
  }
  if (start >= 0) pieces.push(normalised.slice(start))
  return pieces
}
