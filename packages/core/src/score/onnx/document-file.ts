import { RerankError, invalidArgument } from '../../errors.js'
import type { DocumentVectors, VectorPrecision } from './document-vectors.js'

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
  const id = new TextEncoder().encode(scorerId)
  yield joined([new TextEncoder().encode(MAGIC), numbers([id.length]), id])
  for (const [text, { precision, rows, dimensions, data, steps, truncated }] of documents) {
    const key = new TextEncoder().encode(text)
    const kind = PRECISIONS.indexOf(precision) + (truncated ? TRUNCATED : 0)
    const parts = [numbers([key.length, rows, dimensions, kind]), key, bytesOf(data)]
    yield joined(steps === undefined ? parts : [...parts, bytesOf(steps)])
  }
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
    documents.set(...(await readDocument(bytes, numbersOf(header))))
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
    this.#chunks = Symbol.asyncIterator in chunks ? chunks[Symbol.asyncIterator]() : chunks[Symbol.iterator]()
  }

  /** So many bytes, or nothing at the end. */
  async take(length: number): Promise<Uint8Array | undefined> {
    const parts = [this.#rest]
    let have = this.#rest.length
    while (have < length) {
      const { value, done } = await this.#chunks.next()
      if (done === true) break
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
