import { normalise, splitPieces } from './bert-normaliser.js'
import type { BertNormaliserOptions } from './bert-normaliser.js'
import { Property, propertiesOf } from './code-points.js'

/** Code units normalised at a time. */
const STRETCH = 512

/**
 * The pieces of a long word one after the other, so that whoever has enough of them can stop: a text in a script without
 * spaces may be a single word of a million characters. A piece longer than `maxLength` code points comes out cut, but
 * still too long.
 */
export function* longWordPieces(word: string, options: BertNormaliserOptions, maxLength: number): Generator<string> {
  const tooLong = 2 * maxLength + 1
  let open = ''
  for (let at = 0; at < word.length;) {
    // How much longer a piece is than too long does not matter, only where the next one starts.
    if (open.length >= tooLong) at = nextPlace(word, at, (bits) => (bits & Property.parting) !== 0)
    // Marks move past what is removed before, so a cut there would part marks that change places.
    const end = nextPlace(word, at + STRETCH, (bits) => (bits & (Property.moving | Property.control)) === 0)
    // The `x` keeps the last piece open: it may go on in the next stretch.
    const pieces = splitPieces(`${open}${normalise(word.slice(at, end), options)}x`)
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
