import { tagOf } from '../../base/errors.js'

/**
 * How the numbers of document vectors are kept. `'float32'`: as computed. `'float16'`: half the room, rounded to 11 bits.
 * `'int8'`: a quarter, each vector rounded to 255 steps of its own largest number.
 */
export type VectorPrecision = 'float32' | 'float16' | 'int8'

/** What a model made of one document ahead of time, as it is kept: a row for each token. */
export interface DocumentVectors {
  /** Of a late-interaction model; `'packed'` for rows of bytes that a cross-encoder has rounded and packed itself. */
  readonly precision: VectorPrecision | 'packed'
  /** How many rows; 0 for a document that a cross-encoder cannot keep because it is too long. */
  readonly rows: number
  /** Numbers of one row. */
  readonly dimensions: number
  /** `rows * dimensions` numbers: floats, the bits of half floats, steps, or bytes. */
  readonly data: Float32Array | Uint16Array | Int8Array | Uint8Array
  /** For `'int8'`: the size of one step, for each row. */
  readonly steps?: Float32Array | undefined
  /** For `'packed'`: the tokens of the document, without control tokens. */
  readonly ids?: Int32Array | undefined
  /** The end of the text was not read. */
  readonly truncated: boolean
}

/** In the order of their numbers in a file. */
export const PRECISIONS = ['float32', 'float16', 'int8', 'packed'] as const
export const ARRAYS: {
  readonly float32: Float32ArrayConstructor
  readonly float16: Uint16ArrayConstructor
  readonly int8: Int8ArrayConstructor
  readonly packed: Uint8ArrayConstructor
} = { float32: Float32Array, float16: Uint16Array, int8: Int8Array, packed: Uint8Array }

/** Whether a store gave back what may have been put into it: numbers that fit their shape. */
export function isDocumentVectors(value: unknown): value is DocumentVectors {
  const { precision, rows, dimensions, data, steps, ids } = (value ?? {}) as Partial<
    Record<keyof DocumentVectors, unknown>
  >
  if (!PRECISIONS.includes(precision as 'packed') || !isCount(rows) || !isCount(dimensions)) return false
  if (!isArrayOf(ARRAYS[precision as 'packed'].name, data) || data.length !== rows * dimensions) return false
  if (precision === 'packed') return isArrayOf('Int32Array', ids)
  return precision !== 'int8' || (isArrayOf('Float32Array', steps) && steps.length === rows)
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0
}

/** Whether a value is a typed array, by its name: a store may be of another realm, as under Jest. A Buffer is one of bytes. */
export function isArrayOf(kind: string, value: unknown): value is { readonly length: number } {
  return tagOf(value) === `[object ${kind}]`
}
