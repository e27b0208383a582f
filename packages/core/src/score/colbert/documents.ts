import { floatOf } from '../cross-encoder/session/tensors.js'
import type { DocumentVectors, VectorPrecision } from '../documents/vectors.js'

/** Vectors of tokens, one row each, rows one after the other. */
export interface TokenVectors {
  /** How many tokens. */
  readonly rows: number
  /** Numbers of one vector. */
  readonly dimensions: number
  /** `rows * dimensions` numbers. */
  readonly data: Float32Array
}

/** Query rows that are multiplied while one document row is at hand. */
const BLOCK = 4

/**
 * Late interaction as ColBERT defines it (Khattab and Zaharia 2020, equation 3): for each query vector the largest dot
 * product with any document vector, added up over the query.
 *
 * The largest of a list begins at minus infinity. Where it begins at 0, or where padding of zeros takes part, a query
 * vector that points away from the whole document counts 0 instead of its true negative number.
 *
 * @returns a finite number; minus infinity for a document without vectors, 0 for a query without any.
 */
export function maxSim(query: TokenVectors, document: TokenVectors): number {
  let sum = 0
  for (let row = 0; row < query.rows; row += BLOCK) {
    const rows = Math.min(BLOCK, query.rows - row)
    const best = bestOfBlock(blockOf(query, row, rows), document)
    for (let at = 0; at < rows; at++) sum += best[at] as number
  }
  return sum
}

/** Four rows as doubles, the missing ones zero: numbers that need no widening in the inner loop. */
function blockOf({ data, dimensions }: TokenVectors, row: number, rows: number): Float64Array {
  const block = new Float64Array(BLOCK * dimensions)
  block.set(data.subarray(row * dimensions, (row + rows) * dimensions))
  return block
}

/** The largest dot product of each of four rows with any row of the document. */
function bestOfBlock(block: Float64Array, { data, rows, dimensions }: TokenVectors): readonly number[] {
  const [second, third, fourth] = [dimensions, 2 * dimensions, 3 * dimensions]
  let [best0, best1, best2, best3] = [-Infinity, -Infinity, -Infinity, -Infinity]
  for (let row = 0, at = 0; row < rows; row++) {
    let [dot0, dot1, dot2, dot3] = [0, 0, 0, 0]
    for (let i = 0; i < dimensions; i++, at++) {
      const value = data[at] as number
      dot0 += value * (block[i] as number)
      dot1 += value * (block[second + i] as number)
      dot2 += value * (block[third + i] as number)
      dot3 += value * (block[fourth + i] as number)
    }
    if (dot0 > best0) best0 = dot0
    if (dot1 > best1) best1 = dot1
    if (dot2 > best2) best2 = dot2
    if (dot3 > best3) best3 = dot3
  }
  return [best0, best1, best2, best3]
}

/** Rounds vectors to a precision. The numbers given are not changed. */
export function packVectors(
  { rows, dimensions, data }: TokenVectors,
  { precision, truncated }: { readonly precision: VectorPrecision; readonly truncated: boolean },
): DocumentVectors {
  const shape = { precision, rows, dimensions, truncated }
  if (precision === 'float32') return { ...shape, data: Float32Array.from(data) }
  if (precision === 'float16') return { ...shape, data: Uint16Array.from(data, toHalf) }
  const steps = Float32Array.from({ length: rows }, (_, row) => {
    let largest = 0
    for (let at = row * dimensions; at < (row + 1) * dimensions; at++) {
      largest = Math.max(largest, Math.abs(data[at] as number))
    }
    return largest / 127
  })
  const packed = Int8Array.from(data, (value, at) => {
    const step = steps[Math.floor(at / dimensions)] as number
    return step === 0 ? 0 : Math.round(value / step)
  })
  return { ...shape, data: packed, steps }
}

/** The vectors as numbers again; what rounding took away stays away. */
export function unpackVectors({ precision, rows, dimensions, data, steps }: DocumentVectors): TokenVectors {
  if (precision === 'float32') return { rows, dimensions, data: data as Float32Array }
  // Plain loops: `from` with a function takes ten times as long.
  const unpacked = new Float32Array(data.length)
  if (precision === 'float16') {
    const halves = halfTable()
    for (let at = 0; at < data.length; at++) unpacked[at] = halves[data[at] as number] as number
    return { rows, dimensions, data: unpacked }
  }
  for (let row = 0, at = 0; row < rows; row++) {
    const step = steps?.[row] as number
    for (const end = at + dimensions; at < end; at++) unpacked[at] = (data[at] as number) * step
  }
  return { rows, dimensions, data: unpacked }
}

const float = new Float32Array(1)
const bits = new Uint32Array(float.buffer)

/** The bits of the nearest half float (IEEE 754 binary16), ties to even. For finite numbers; too large ones become infinite. */
function toHalf(value: number): number {
  float[0] = value
  const word = bits[0] as number
  const sign = (word >>> 16) & 0x8000
  const magnitude = word & 0x7fffffff
  if (magnitude >= 0x47800000) return sign | 0x7c00
  // Below the smallest normal half: a whole number of steps of 2^-24. Adding 0.5 lets the float unit round to one.
  if (magnitude < 0x38800000) {
    float[0] = Math.abs(value) + 0.5
    return sign | ((bits[0] as number) - 0x3f000000)
  }
  const odd = (magnitude >>> 13) & 1
  return sign | ((magnitude - 0x38000000 + 0xfff + odd) >>> 13)
}

let halves: Float32Array | undefined

/** The number of each of the 65,536 half floats: looking up is many times faster than taking bits apart. */
function halfTable(): Float32Array {
  halves ??= Float32Array.from({ length: 0x10000 }, (_, half) => floatOf(half))
  return halves
}
