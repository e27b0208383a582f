import { RerankError } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { floatOf } from '../session/tensors.js'
import { isObject } from './small-files.js'

/** The tensors of one file, found but not yet read. */
export interface Tensors {
  /** Where the file is, for errors. */
  readonly file: string
  readonly entries: ReadonlyMap<string, Entry>
}

interface Entry {
  readonly type: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

/** The header of such a file names a handful of tensors. */
const LONGEST_HEADER = 1 << 20

/**
 * Finds the tensors of a safetensors file: eight bytes with the length of the header, the header in JSON, the numbers.
 *
 * @throws RerankError `'model-files'` for a file that is not of this form.
 */
export function readTensors(file: string, content: Uint8Array): Tensors {
  const view = new DataView(content.buffer, content.byteOffset, content.byteLength)
  const length = content.length < 8 ? Infinity : view.getUint32(0, true) + 2 ** 32 * view.getUint32(4, true)
  if (length > LONGEST_HEADER || 8 + length > content.length) throw damaged(file, 'its header is cut off')
  const numbers = content.subarray(8 + length)
  const { __metadata__: _, ...header } = parseHeader(file, content.subarray(8, 8 + length))
  return {
    file,
    entries: new Map(Object.entries(header).map(([name, entry]) => [name, entryOf(file, entry, numbers)])),
  }
}

function parseHeader(file: string, bytes: Uint8Array): Json {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
    if (isObject(header)) return header
  } catch {
    // Said below.
  }
  throw damaged(file, 'its header is no JSON object')
}

const BYTES: Readonly<Record<string, number>> = { F64: 8, F32: 4, F16: 2, BF16: 2 }
/** What some files hold beside weights, such as the numbers of the positions. */
const OTHER_BYTES: Readonly<Record<string, number>> = { I64: 8, I32: 4, I16: 2, I8: 1, U8: 1, BOOL: 1 }

function entryOf(file: string, entry: unknown, numbers: Uint8Array): Entry {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Json
  const size = BYTES[String(dtype)] ?? OTHER_BYTES[String(dtype)]
  if (size === undefined) throw damaged(file, `it holds numbers of the type ${JSON.stringify(dtype)}`)
  const [start, end] = Array.isArray(offsets) ? (offsets as number[]) : []
  const isShape = Array.isArray(shape) && shape.every((dim) => Number.isSafeInteger(dim) && (dim as number) >= 0)
  const count = isShape ? (shape as number[]).reduce((product, dim) => product * dim, 1) : -1
  const isThere = Number.isSafeInteger(start) && Number.isSafeInteger(end) && (start as number) >= 0
  if (!isThere || (end as number) > numbers.length || (end as number) - (start as number) !== count * size) {
    throw damaged(file, 'a tensor reaches beyond its end')
  }
  return { type: String(dtype), shape: shape as number[], bytes: numbers.subarray(start, end) }
}

/**
 * The numbers of one tensor.
 *
 * @throws RerankError `'model-files'` when there is none of this name and shape, or a number is not finite.
 */
export function tensorOf({ file, entries }: Tensors, name: string, shape: readonly number[]): Float32Array {
  const entry = entries.get(name)
  if (entry === undefined) throw damaged(file, `it has no tensor ${name}`)
  if (entry.shape.join() !== shape.join()) {
    throw damaged(file, `${name} is [${entry.shape.join(', ')}], and config.json says [${shape.join(', ')}]`)
  }
  if (BYTES[entry.type] === undefined) throw damaged(file, `${name} holds numbers of the type ${entry.type}`)
  const numbers = floatsOf(entry)
  if (!numbers.every(Number.isFinite)) throw damaged(file, `${name} holds a number that is not finite`)
  return numbers
}

function floatsOf({ type, bytes }: Entry): Float32Array {
  // Most weights by far. A copy begins where floats may.
  if (type === 'F32' && IS_LITTLE_ENDIAN) return new Float32Array(new Uint8Array(bytes).buffer)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const size = BYTES[type] as number
  const at: Readonly<Record<string, (place: number) => number>> = {
    F64: (place) => view.getFloat64(place, true),
    F32: (place) => view.getFloat32(place, true),
    F16: (place) => floatOf(view.getUint16(place, true)),
    // The upper half of a float.
    BF16: (place) => upperHalf(view.getUint16(place, true)),
  }
  return Float32Array.from({ length: bytes.length / size }, (_, index) =>
    (at[type] as (place: number) => number)(index * size),
  )
}

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

const one = new DataView(new ArrayBuffer(4))

function upperHalf(bits: number): number {
  one.setUint32(0, bits << 16)
  return one.getFloat32(0)
}

function damaged(file: string, reason: string): RerankError {
  return new RerankError(
    'model-files',
    `${file} cannot be used, ${reason}: restore the file from the model it came with.`,
  )
}
