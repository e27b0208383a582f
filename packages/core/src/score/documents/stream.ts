import { invalidArgument, RerankError } from '../../base/errors.js'
import {
  endOf,
  FIRST_BYTES,
  HEADER_BYTES,
  headOf,
  keyOf,
  nameLength,
  type Place,
  readBody,
  readHeader,
  recordOf,
} from './format.js'
import { type DocumentVectors, isArrayOf, isDocumentVectors } from './vectors.js'

/**
 * Writes stored documents as pieces of bytes, one document a piece, for a file or an object store:
 * `pipeline(Readable.from(writeDocuments(store, scorer.documentsId)), createWriteStream(path))`.
 *
 * @param documents text and vectors of each document, for example a `Map`
 * @param documentsId `documentsId` of the scorer that made them
 */
export function* writeDocuments(
  documents: Iterable<readonly [text: string, vectors: DocumentVectors]>,
  documentsId: string,
): Generator<Uint8Array> {
  if (typeof (documents as Partial<typeof documents> | undefined)?.[Symbol.iterator] !== 'function')
    throw invalidArgument('documents', documents, 'pass pairs of a text and its vectors, for example a Map')
  const head = headOf(checkedId(documentsId))
  yield head
  let at = head.length
  const places: Place[] = []
  for (const pair of documents as Iterable<unknown>) {
    const [text, vectors] = checkedPair(pair)
    const key = keyOf(text)
    const record = recordOf(text, vectors, key)
    places.push({ key, at, bytes: record.length })
    at += record.length
    yield record
  }
  yield endOf(places, at)
}

function checkedId(documentsId: unknown): string {
  if (typeof documentsId === 'string') return documentsId
  throw invalidArgument('documentsId', documentsId, 'pass the documentsId of the scorer')
}

function checkedPair(pair: unknown): readonly [text: string, vectors: DocumentVectors] {
  const [text, vectors] = Array.isArray(pair) ? (pair as [unknown, unknown]) : []
  if (typeof text === 'string' && isDocumentVectors(vectors)) return [text, vectors]
  const fix = 'pass pairs of a text and its vectors, as encodeDocuments gives them'
  throw invalidArgument('a pair of documents', pair, fix)
}

/**
 * Reads what {@link writeDocuments} or `encodeDocumentsToFile` wrote, into a new map. A file need not be read to be used:
 * scorers take its path as their `store`.
 *
 * @param chunks the bytes, in pieces of any size, for example `createReadStream(path)`
 * @param documentsId `documentsId` of the scorer that is to use them
 * @throws RerankError `'invalid-argument'` when another scorer made them, `'model-files'` when the file is cut off or is
 * none of these files.
 */
export async function readDocuments(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  documentsId: string,
): Promise<Map<string, DocumentVectors>> {
  if (typeof chunks !== 'object' || chunks === null || !(Symbol.asyncIterator in chunks || Symbol.iterator in chunks)) {
    throw invalidArgument('chunks', chunks, 'pass the bytes in pieces, for example createReadStream(path)')
  }
  checkedId(documentsId)
  const bytes = new ByteReader(chunks)
  const length = nameLength(await bytes.upTo(FIRST_BYTES))
  if (length === undefined) throw damaged(0, 'it does not begin as one')
  const madeBy = (await bytes.need(length)).toString()
  if (madeBy !== documentsId) {
    throw invalidArgument('documentsId', documentsId, `the vectors were made by ${madeBy}; encode the documents again`)
  }
  const documents = new Map<string, DocumentVectors>()
  for (;;) {
    const at = bytes.at
    const header = readHeader(await bytes.need(HEADER_BYTES))
    if (header === undefined) throw damaged(at, 'no document begins there')
    const body = await bytes.need(header.bodyBytes)
    if (header.kind === 'index') return documents
    const [text, vectors] = readBody(header, body)
    documents.set(text, vectors)
  }
}

/** Takes bytes from pieces of any size. */
class ByteReader {
  readonly #chunks: AsyncIterator<Uint8Array> | Iterator<Uint8Array>
  #rest: Buffer = Buffer.alloc(0)
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

  /** So many bytes, or what there is before the end. */
  async upTo(length: number): Promise<Buffer> {
    const parts = [this.#rest]
    let have = this.#rest.length
    while (have < length) {
      const { value, done } = await this.#chunks.next()
      if (done === true) break
      if (!isArrayOf('Uint8Array', value)) throw notBytes('a piece of chunks', value)
      const { buffer, byteOffset, byteLength } = value as unknown as Uint8Array<ArrayBuffer>
      parts.push(Buffer.from(buffer, byteOffset, byteLength))
      have += byteLength
    }
    const all = parts.length === 1 ? this.#rest : Buffer.concat(parts)
    this.#rest = all.subarray(length)
    const taken = all.subarray(0, length)
    this.at += taken.length
    return taken
  }

  async need(length: number): Promise<Buffer> {
    const bytes = await this.upTo(length)
    if (bytes.length < length) throw damaged(this.at, 'it is cut off')
    return bytes
  }
}

function notBytes(name: string, value: unknown): RerankError {
  return invalidArgument(name, value, 'pass pieces of bytes (Uint8Array), for example a read stream')
}

function damaged(at: number, what: string): RerankError {
  return new RerankError('model-files', `No file of document vectors from byte ${at} on, ${what}: write it again.`)
}
