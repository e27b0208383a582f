import type { TokenVectors } from './maxsim.js'

/**
 * How the numbers of document vectors are kept. `'float32'`: as computed. `'float16'`: half the room, rounded to 11 bits.
 * `'int8'`: a quarter, each vector rounded to 255 steps of its own largest number.
 */
export type VectorPrecision = 'float32' | 'float16' | 'int8'

/** The vectors of one document, as they are kept. */
export interface DocumentVectors {
  readonly precision: VectorPrecision
  /** How many tokens. */
  readonly rows: number
  /** Numbers of one vector. */
  readonly dimensions: number
  /** `rows * dimensions` numbers: floats, the bits of half floats, or steps. */
  readonly data: Float32Array | Uint16Array | Int8Array
  /** For `'int8'`: the size of one step, for each row. */
  readonly steps?: Float32Array | undefined
  /** The end of the text was not read. */
  readonly truncated: boolean
}

/** Rounds vectors to a precision. The numbers given are not changed. */
export function packVectors(
  { rows, dimensions, data }: TokenVectors,
  { precision, truncated }: Pick<DocumentVectors, 'precision' | 'truncated'>,
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
  halves ??= Float32Array.from({ length: 0x10000 }, (_, half) => {
    const sign = half & 0x8000 ? -1 : 1
    const exponent = (half >>> 10) & 0x1f
    const fraction = half & 0x3ff
    if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
  })
  return halves
}
