import { createHash } from 'node:crypto'
import { constants, gunzipSync, gzipSync } from 'node:zlib'
import { RerankError } from '../../base/errors.js'
import { ARRAYS, PRECISIONS, type DocumentVectors } from './vectors.js'

/*
 * A file of documents, little-endian and not aligned: `SPDOCS02`, the length in bytes of the name of who encoded them
 * (uint32) and the name; a record for each document; the index; the end. A record has a header and a body packed by gzip,
 * which brings a sum with it: the text in UTF-8, the numbers, and for int8 the steps, for packed rows the tokens. A file
 * without an end was not finished.
 */
const MAGIC = 'SPDOCS02'
export const MAGIC_BYTES: number = MAGIC.length
const END = 'SPDOCEND'
/** Header: its mark, bytes of the body, bytes of the text, rows, dimensions, precision, and the key of the text (8 bytes). */
export const HEADER_BYTES = 32
const RECORD = 0x44_50_53_01
const INDEX = 0x44_50_53_02
/** In the place of the precision, when the end of the text was not read. */
const TRUNCATED = 16
/** Of the index: the key of the text, where the record begins (float64), and its bytes (uint32). */
const ENTRY_BYTES = 20
/** Of the end: where the index begins (float64), and {@link END}. */
export const END_BYTES = 16

/** What stands for a text in the index. Two texts may have one: the text itself stands in the record. */
export interface Key {
  readonly high: number
  readonly low: number
}

export function keyOf(text: string): Key {
  const hash = createHash('sha256').update(text, 'utf8').digest()
  return { high: hash.readUInt32LE(0), low: hash.readUInt32LE(4) }
}

/** Where a record lies. */
export interface Place {
  readonly key: Key
  readonly at: number
  readonly bytes: number
}

/** How a file begins. @param madeBy names the model and all that the numbers depend on */
export function headOf(madeBy: string): Buffer {
  const name = Buffer.from(madeBy)
  const length = Buffer.alloc(4)
  length.writeUInt32LE(name.length)
  return Buffer.concat([Buffer.from(MAGIC), length, name])
}

/** Bytes from the beginning that say how long the name is: see {@link nameLength}. */
export const FIRST_BYTES: number = MAGIC.length + 4

/** How long the name is that follows; nothing for something else than a file of documents. */
export function nameLength(first: Buffer): number | undefined {
  if (first.length < FIRST_BYTES || first.toString('latin1', 0, MAGIC.length) !== MAGIC) return undefined
  return first.readUInt32LE(MAGIC.length)
}

/** Numbers of one distribution have few codes that are frequent and no order to be found: the dictionary is left out. */
const PACKING = { level: 6, strategy: constants.Z_HUFFMAN_ONLY }

/** A document as it stands in a file. */
export function recordOf(text: string, vectors: DocumentVectors, key: Key = keyOf(text)): Buffer {
  const { precision, rows, dimensions, data, steps, ids, truncated } = vectors
  const written = Buffer.from(text)
  const parts = [data, steps, ids].flatMap((part) => (part === undefined ? [] : [bytesOf(part)]))
  const body = gzipSync(Buffer.concat([written, ...parts]), PACKING)
  const kind = PRECISIONS.indexOf(precision) + (truncated ? TRUNCATED : 0)
  const header = Buffer.alloc(HEADER_BYTES)
  const numbers = [RECORD, body.length, written.length, rows, dimensions, kind, key.high, key.low]
  for (const [at, number] of numbers.entries()) header.writeUInt32LE(number, at * 4)
  return Buffer.concat([header, body])
}

/** What stands before a record or the index. */
export type Header =
  | {
      readonly kind: 'record'
      readonly key: Key
      /** Of what follows. */
      readonly bodyBytes: number
      readonly textBytes: number
      readonly rows: number
      readonly dimensions: number
      readonly precision: DocumentVectors['precision']
      readonly truncated: boolean
    }
  | { readonly kind: 'index'; readonly bodyBytes: number }

/** Reads a header; nothing when it is none. */
export function readHeader(bytes: Buffer): Header | undefined {
  if (bytes.length < HEADER_BYTES) return undefined
  const [mark, bodyBytes, textBytes, rows, dimensions, kind, high, low] = Array.from({ length: 8 }, (_, at) =>
    bytes.readUInt32LE(at * 4),
  ) as [number, number, number, number, number, number, number, number]
  if (mark === INDEX) return { kind: 'index', bodyBytes: bodyBytes * ENTRY_BYTES }
  const precision = PRECISIONS[kind & ~TRUNCATED]
  if (mark !== RECORD || precision === undefined) return undefined
  const truncated = (kind & TRUNCATED) !== 0
  return { kind: 'record', key: { high, low }, bodyBytes, textBytes, rows, dimensions, precision, truncated }
}

/**
 * The document of a record.
 *
 * @throws RerankError `'model-files'` when the body is damaged.
 */
export function readBody(header: Header & { kind: 'record' }, body: Uint8Array): [string, DocumentVectors] {
  const { textBytes, rows, dimensions, precision, truncated } = header
  const whole = unpacked(body)
  const text = whole.toString('utf8', 0, textBytes)
  const Data = ARRAYS[precision]
  const numbers = rows * dimensions
  const dataEnd = textBytes + numbers * Data.BYTES_PER_ELEMENT
  const rest = whole.subarray(dataEnd)
  const isWhole =
    precision === 'int8' ? rest.length === rows * 4 : precision === 'packed' ? rest.length % 4 === 0 : rest.length === 0
  if (dataEnd > whole.length || !isWhole) throw damagedRecord()
  const shape = { precision, rows, dimensions, data: new Data(copyOf(whole.subarray(textBytes, dataEnd))), truncated }
  if (precision === 'int8') return [text, { ...shape, steps: new Float32Array(copyOf(rest)) }]
  return [text, precision === 'packed' ? { ...shape, ids: new Int32Array(copyOf(rest)) } : shape]
}

function unpacked(body: Uint8Array): Buffer {
  try {
    return gunzipSync(body)
  } catch (cause) {
    throw damagedRecord(cause)
  }
}

function damagedRecord(cause?: unknown): RerankError {
  const message = 'A record in a file of documents is damaged: encode the documents again.'
  return new RerankError('model-files', message, { cause })
}

/** The index and the end of a file. @param at where it will stand */
export function endOf(places: readonly Place[], at: number): Buffer {
  const bytes = Buffer.alloc(HEADER_BYTES + places.length * ENTRY_BYTES + END_BYTES)
  bytes.writeUInt32LE(INDEX)
  bytes.writeUInt32LE(places.length, 4)
  let next = HEADER_BYTES
  for (const { key, at: start, bytes: length } of places) {
    bytes.writeUInt32LE(key.high, next)
    bytes.writeUInt32LE(key.low, next + 4)
    bytes.writeDoubleLE(start, next + 8)
    bytes.writeUInt32LE(length, next + 16)
    next += ENTRY_BYTES
  }
  bytes.writeDoubleLE(at, next)
  bytes.write(END, next + 8, 'latin1')
  return bytes
}

/** Where the index of a finished file begins, by its last bytes; nothing for one that was not finished. */
export function indexStart(last: Buffer): number | undefined {
  const isEnd = last.length === END_BYTES && last.toString('latin1', 8) === END
  return isEnd ? last.readDoubleLE(0) : undefined
}

/** The places in an index, from what follows its header. */
export function* readPlaces(entries: Buffer): Generator<Place> {
  for (let next = 0; next + ENTRY_BYTES <= entries.length; next += ENTRY_BYTES) {
    const key = { high: entries.readUInt32LE(next), low: entries.readUInt32LE(next + 4) }
    yield { key, at: entries.readDoubleLE(next + 8), bytes: entries.readUInt32LE(next + 16) }
  }
}

const bytesOf = (data: ArrayBufferView): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.byteLength)

/** A buffer of its own, aligned. */
function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length)
  copy.set(bytes)
  return copy.buffer
}
