import { isUtf8 } from 'node:buffer'
import { createReadStream } from 'node:fs'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { invalidArgument, RerankError } from '../base/errors.js'

/** Longer than any record we know of: such a "line" is a whole file in another format. */
const LONGEST_LINE_BYTES = 256 * 1024 * 1024

/** Where a line stands, and its bytes. */
interface LineFields {
  /** What the file is called in a message. */
  readonly file: string
  /** 1-based. */
  readonly number: number
  /** Where its bytes begin in the file, a byte order mark left out; in a packed file, in what it unpacks to. */
  readonly offset: number
  /** How many bytes it has, its line break left out. */
  readonly length: number
  /** Those bytes; missing when there are more of them than any line has. */
  readonly bytes: Buffer | undefined
}

/** One line of a file, without its line break. */
export class Line implements LineFields {
  readonly file: string
  readonly number: number
  readonly offset: number
  readonly length: number
  readonly bytes: Buffer | undefined

  constructor({ file, number, offset, length, bytes }: LineFields) {
    this.file = file
    this.number = number
    this.offset = offset
    this.length = length
    this.bytes = bytes
  }

  /**
   * What stands there. It is decoded when it is asked for, so that whoever passes over lines does not pay for them, and one
   * that leaves out what it cannot read can do so.
   *
   * @throws RerankError `'invalid-argument'` with file and line when it is not UTF-8, or longer than 256 MB.
   */
  get text(): string {
    const { bytes, number } = this
    if (bytes === undefined) throw this.#fault('longer than 256 MB; write one JSON value on each line (JSONL)')
    if (isUtf8(bytes)) return bytes.toString('utf8')
    const isUtf16 = number === 1 && ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'))
    throw this.#fault(isUtf16 ? 'the file is UTF-16; save it as UTF-8' : 'it is not UTF-8; save the file as UTF-8')
  }

  #fault(fix: string): RerankError {
    return new RerankError('invalid-argument', `${this.file}, line ${this.number}: ${fix}`)
  }
}

/** Options of {@link readLines}. */
export interface ReadLinesOptions {
  /** What it is called in a message. Default: its path, or "the stream". */
  readonly name?: string | undefined
  /** How much of a file to read, from its beginning. Default: all of it. */
  readonly bytes?: number | undefined
}

/**
 * The lines of a file or a stream that are not blank, one at a time, so that input of any size takes a line's memory. LF
 * and CRLF end a line, and nothing else does; a byte order mark is dropped. What is packed by gzip is unpacked on the way,
 * whatever it is called.
 *
 * @throws RerankError `'invalid-argument'` when it cannot be read; its `cause` says why.
 */
export async function* readLines(
  from: string | AsyncIterable<Uint8Array | string>,
  { name = typeof from === 'string' ? from : 'the stream', bytes = Infinity }: ReadLinesOptions = {},
): AsyncGenerator<Line> {
  if (!isSource(from)) throw invalidArgument('path', from, 'pass the path of a file, as a string')
  if (bytes === 0) return
  const file =
    typeof from === 'string' ? createReadStream(from, { end: bytes - 1, highWaterMark: 256 * 1024 }) : undefined
  const cutter = new LineCutter(name)
  try {
    for await (const chunk of unpacked(file ?? (from as AsyncIterable<Uint8Array | string>))) yield* cutter.add(chunk)
    yield* cutter.end()
  } catch (error) {
    throw (error as NodeJS.ErrnoException).code === undefined || RerankError.is(error) ? error : unreadable(name, error)
  } finally {
    file?.destroy()
  }
}

function isSource(from: unknown): boolean {
  if (typeof from === 'string') return from !== '' && !from.includes('\0')
  const { [Symbol.asyncIterator]: each } = Object(from ?? {}) as Partial<AsyncIterable<unknown>>
  return typeof each === 'function'
}

function unreadable(name: string, cause: unknown): RerankError {
  return new RerankError('invalid-argument', `${name} cannot be read: ${(cause as Error).message}`, { cause })
}

/** The first bytes of whatever gzip has packed. */
const GZIP = Buffer.from([0x1f, 0x8b])

async function* unpacked(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  const chunks = asBuffers(source)
  let head = Buffer.alloc(0)
  while (head.length < GZIP.length) {
    const next = await chunks.next()
    if (next.done === true) break
    head = Buffer.concat([head, next.value])
  }
  async function* whole(): AsyncGenerator<Buffer> {
    yield head
    yield* chunks
  }
  if (!head.subarray(0, GZIP.length).equals(GZIP)) return yield* whole()
  const packed = Readable.from(whole())
  const gunzip = createGunzip()
  // An error does not travel along a pipe by itself.
  packed.once('error', (error) => gunzip.destroy(error))
  try {
    yield* packed.pipe(gunzip) as AsyncIterable<Buffer>
  } finally {
    packed.destroy()
  }
}

async function* asBuffers(source: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  for await (const chunk of source)
    yield typeof chunk === 'string' ? Buffer.from(chunk) : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length)
}

const LF = 0x0a
const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Cuts bytes into lines and knows where each began. */
class LineCutter {
  #parts: Buffer[] = []
  #held = 0
  #offset = 0
  #number = 0

  constructor(readonly name: string) {}

  *add(chunk: Buffer): Generator<Line> {
    let from = 0
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      this.#hold(chunk.subarray(from, at))
      from = at + 1
      yield* this.#line(1)
    }
    this.#hold(chunk.subarray(from))
  }

  *end(): Generator<Line> {
    if (this.#held > 0) yield* this.#line(0)
  }

  #hold(part: Buffer): void {
    this.#held += part.length
    // A line that is too long is counted to its end, and not kept.
    if (this.#held > LONGEST_LINE_BYTES) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  *#line(breakBytes: number): Generator<Line> {
    let [bytes, length, offset] = [this.#take(), this.#held, this.#offset]
    this.#offset += length + breakBytes
    this.#number += 1
    this.#held = 0
    if (bytes !== undefined) {
      const start = this.#number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? 3 : 0
      bytes = bytes.subarray(start, bytes.at(-1) === CR ? -1 : undefined)
      offset += start
      length = bytes.length
    }
    if (bytes === undefined || !isBlank(bytes))
      yield new Line({ file: this.name, number: this.#number, offset, length, bytes })
  }

  #take(): Buffer | undefined {
    const parts = this.#parts
    this.#parts = []
    if (this.#held > LONGEST_LINE_BYTES) return undefined
    return parts.length === 1 ? parts[0] : Buffer.concat(parts)
  }
}

/** Nothing but spaces, tabs, carriage returns and form feeds. */
function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= CR))
}
