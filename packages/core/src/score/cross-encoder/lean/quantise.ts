import type { Matrix } from './weights.js'

/*
 * What is kept exact and what is rounded: the choices and the numbers of training/export/recipe.py.
 */

/**
 * AVX2 multiplies unsigned by signed bytes and adds two products in 16 bits: 2 * 255 * 64 = 32640 fits, 2 * 255 * 127
 * does not and is silently cut to 32767. Weights within ±64 give the same integers on every processor.
 */
const EXACT_LIMIT = 64
const FULL_LIMIT = 127

/** Channels that stay floats: of a layer's normalised input, and of what attention gathered; and hidden units. */
export const OUTLIERS = { hidden: 8, context: 8, intermediate: 32 } as const

/** Whole numbers, and what they are multiplied with. */
export interface Rounded {
  readonly numbers: Int8Array
  readonly scale: Float32Array
}

/** A matrix in bytes within ±64, with a scale for each column. */
export function roundColumns({ rows, columns, values }: Matrix): Rounded {
  const scale = new Float32Array(columns)
  for (let at = 0; at < values.length; at++) {
    const column = at % columns
    scale[column] = Math.max(scale[column] as number, Math.abs(values[at] as number))
  }
  for (let column = 0; column < columns; column++) scale[column] = scaleFor(scale[column] as number, EXACT_LIMIT)
  const numbers = new Int8Array(rows * columns)
  for (let at = 0; at < values.length; at++) {
    numbers[at] = roundHalfToEven((values[at] as number) / (scale[at % columns] as number), EXACT_LIMIT)
  }
  return { numbers, scale }
}

/** A table in bytes with a scale for each row. Rows are looked up, never multiplied as bytes. */
export function roundRows({ rows, columns, values }: Matrix): Rounded {
  const scale = new Float32Array(rows)
  const numbers = new Int8Array(rows * columns)
  for (let row = 0; row < rows; row++) {
    const start = row * columns
    let widest = 0
    for (let at = start; at < start + columns; at++) widest = Math.max(widest, Math.abs(values[at] as number))
    scale[row] = scaleFor(widest, FULL_LIMIT)
    for (let at = start; at < start + columns; at++) {
      numbers[at] = roundHalfToEven((values[at] as number) / (scale[row] as number), FULL_LIMIT)
    }
  }
  return { numbers, scale }
}

function scaleFor(widest: number, limit: number): number {
  return Math.fround(Math.max(widest, 1e-12) / limit)
}

/** As numpy rounds: a half goes to the even neighbour. */
function roundHalfToEven(value: number, limit: number): number {
  const floor = Math.floor(value)
  const rest = value - floor
  const rounded = rest > 0.5 || (rest === 0.5 && floor % 2 !== 0) ? floor + 1 : floor
  return Math.min(limit, Math.max(-limit, rounded))
}

/** The numbers of the widest channels, in ascending order; at most half of them. */
export function widestChannels(widest: Float32Array | undefined, count: number): readonly number[] {
  if (widest === undefined) return []
  const order = Array.from(widest.keys()).sort(
    (one, other) => (widest[other] as number) - (widest[one] as number) || one - other,
  )
  return order.slice(0, Math.min(count, Math.floor(widest.length / 2))).sort((one, other) => one - other)
}
