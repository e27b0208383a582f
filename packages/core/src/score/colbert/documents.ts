import { invalidArgument, RerankError, tagOf } from '../../base/errors.js'
import { floatOf } from '../cross-encoder/session/tensors.js'

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

/** Whether a store gave back what may have been put into it: numbers that fit their shape. */
export function isDocumentVectors(value: unknown): value is DocumentVectors {
  const { precision, rows, dimensions, data, steps } = (value ?? {}) as Partial<Record<keyof DocumentVectors, unknown>>
  const kind = { float32: 'Float32Array', float16: 'Uint16Array', int8: 'Int8Array' }[precision as VectorPrecision]
  if (kind === undefined || !isArrayOf(kind, data) || !Number.isInteger(rows) || !Number.isInteger(dimensions)) {
    return false
  }
  const hasSteps = precision !== 'int8' || (isArrayOf('Float32Array', steps) && steps.length === rows)
  return hasSteps && data.length === (rows as number) * (dimensions as number)
}

/** Whether a value is a typed array, by its name: a store may be of another realm, as under Jest. A Buffer is one of bytes. */
function isArrayOf(kind: string, value: unknown): value is { readonly length: number } {
  return tagOf(value) === `[object ${kind}]`
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
  halves ??= Float32Array.from({ length: 0x10000 }, (_, half) => floatOf(half))
  return halves
}

/**
 * A file of document vectors, little-endian: `SPVECS01`, the length of the scorer's id in bytes (uint32) and the id; then
 * for each document a header of four uint32 (bytes of the text, rows, dimensions, precision with 16 added when the text
 * was truncated), the text in UTF-8, the numbers, and for int8 the steps. Nothing is aligned.
 */
const MAGIC = 'SPVECS01'
const PRECISIONS: readonly VectorPrecision[] = ['float32', 'float16', 'int8']
const TRUNCATED = 16
const HEADER_BYTES = 16

/**
 * Writes stored documents as pieces of bytes, one document a piece, for a file or an object store:
 * `pipeline(Readable.from(writeDocuments(store, scorer.id)), createWriteStream(path))`.
 *
 * @param documents text and vectors of each document, for example a `Map`
 * @param scorerId `id` of the scorer that made them
 */
export function* writeDocuments(
  documents: Iterable<readonly [text: string, vectors: DocumentVectors]>,
  scorerId: string,
): Generator<Uint8Array> {
  if (typeof (documents as Partial<typeof documents> | undefined)?.[Symbol.iterator] !== 'function')
    throw invalidArgument('documents', documents, 'pass pairs of a text and its vectors, for example a Map')
  const id = new TextEncoder().encode(checkedId(scorerId))
  yield joined([new TextEncoder().encode(MAGIC), numbers([id.length]), id])
  for (const pair of documents as Iterable<unknown>) {
    const [text, vectors] = checkedPair(pair)
    const { precision, rows, dimensions, data, steps, truncated } = vectors
    const key = new TextEncoder().encode(text)
    const kind = PRECISIONS.indexOf(precision) + (truncated ? TRUNCATED : 0)
    const parts = [numbers([key.length, rows, dimensions, kind]), key, bytesOf(data)]
    yield joined(steps === undefined ? parts : [...parts, bytesOf(steps)])
  }
}

function checkedId(scorerId: unknown): string {
  if (typeof scorerId === 'string') return scorerId
  throw invalidArgument('scorerId', scorerId, 'pass the id of the scorer')
}

function checkedPair(pair: unknown): readonly [text: string, vectors: DocumentVectors] {
  const fix = 'pass pairs of a text and its vectors, as encodeDocuments gives them'
  if (!Array.isArray(pair)) throw invalidArgument('a pair of documents', pair, fix)
  const [text, vectors] = pair as [unknown, Partial<DocumentVectors> | null | undefined]
  const { precision, rows, dimensions, data, steps } = vectors ?? {}
  const isRight =
    typeof text === 'string' &&
    PRECISIONS.includes(precision as VectorPrecision) &&
    [rows, dimensions].every((count) => Number.isInteger(count) && (count as number) >= 0) &&
    ArrayBuffer.isView(data) &&
    (steps === undefined || ArrayBuffer.isView(steps))
  if (!isRight) throw invalidArgument('a pair of documents', pair, fix)
  return [text, vectors as DocumentVectors]
}

/**
 * Reads what {@link writeDocuments} wrote, into a new map.
 *
 * @param chunks the bytes, in pieces of any size, for example `createReadStream(path)`
 * @param scorerId `id` of the scorer that is to use them
 * @throws RerankError `'invalid-argument'` when another scorer made them, `'model-files'` when the file is cut off or is
 * none of these files.
 */
export async function readDocuments(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  scorerId: string,
): Promise<Map<string, DocumentVectors>> {
  if (typeof chunks !== 'object' || chunks === null || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks)) {
    throw invalidArgument('chunks', chunks, 'pass the bytes in pieces, for example createReadStream(path)')
  }
  checkedId(scorerId)
  const bytes = new ByteReader(chunks)
  const start = await bytes.take(MAGIC.length)
  if (start === undefined || textOf(start) !== MAGIC) throw damaged(0, 'it does not begin as one')
  const [idBytes] = numbersOf(await bytes.need(4))
  const id = textOf(await bytes.need(idBytes as number))
  if (id !== scorerId) {
    throw invalidArgument('scorerId', scorerId, `the vectors were made by ${id}; encode the documents again`)
  }
  const documents = new Map<string, DocumentVectors>()
  for (;;) {
    const header = await bytes.take(HEADER_BYTES)
    if (header === undefined) return documents
    const [text, vectors] = await readDocument(bytes, numbersOf(header))
    documents.set(text, vectors)
  }
}

async function readDocument(bytes: ByteReader, header: readonly number[]): Promise<[string, DocumentVectors]> {
  const [keyBytes, rows, dimensions, kind] = header as [number, number, number, number]
  const precision = PRECISIONS[kind & ~TRUNCATED]
  if (precision === undefined) throw damaged(bytes.at, `there is no precision ${kind}`)
  const text = textOf(await bytes.need(keyBytes))
  const size = { float32: 4, float16: 2, int8: 1 }[precision]
  const { buffer } = (await bytes.need(rows * dimensions * size)).slice()
  const data = { float32: Float32Array, float16: Uint16Array, int8: Int8Array }[precision]
  const shape = { precision, rows, dimensions, truncated: (kind & TRUNCATED) !== 0, data: new data(buffer) }
  if (precision !== 'int8') return [text, shape]
  return [text, { ...shape, steps: new Float32Array((await bytes.need(rows * 4)).slice().buffer) }]
}

/** Takes bytes from pieces of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #rest: Uint8Array = new Uint8Array()
  /** How many bytes were taken. */
  at = 0

  constructor(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>) {
    const { [Symbol.asyncIterator]: later, [Symbol.iterator]: now } = Object(chunks ?? {}) as Record<symbol, unknown>
    if (typeof later !== 'function' && typeof now !== 'function') throw notBytes('chunks', chunks)
    this.#chunks =
      typeof later === 'function'
        ? (chunks as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
        : (chunks as Iterable<Uint8Array>)[Symbol.iterator]()
  }

  /** So many bytes, or nothing at the end. */
  async take(length: number): Promise<Uint8Array | undefined> {
    const parts = [this.#rest]
    let have = this.#rest.length
    while (have < length) {
      const { value, done } = await this.#chunks.next()
      if (done === true) break
      if (!isArrayOf('Uint8Array', value)) throw notBytes('a piece of chunks', value)
      parts.push(value as Uint8Array)
      have += (value as Uint8Array).length
    }
    const all = parts.length === 1 ? this.#rest : joined(parts)
    if (all.length === 0 && length > 0) return undefined
    if (all.length < length) throw damaged(this.at, 'it is cut off')
    this.#rest = all.subarray(length)
    this.at += length
    return all.subarray(0, length)
  }

  async need(length: number): Promise<Uint8Array> {
    const bytes = await this.take(length)
    if (bytes === undefined) throw damaged(this.at, 'it is cut off')
    return bytes
  }
}

function notBytes(name: string, value: unknown): RerankError {
  return invalidArgument(name, value, 'pass pieces of bytes (Uint8Array), for example a read stream')
}

function damaged(at: number, what: string): RerankError {
  return new RerankError('model-files', `No file of document vectors from byte ${at} on, ${what}: write it again.`)
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
const bytesOf = (data: Float32Array | Uint16Array | Int8Array): Uint8Array =>
  new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
const numbers = (values: readonly number[]): Uint8Array => bytesOf(Uint32Array.from(values) as unknown as Uint16Array)
const numbersOf = (bytes: Uint8Array): number[] => [...new Uint32Array(bytes.slice().buffer)]

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
