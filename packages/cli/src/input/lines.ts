import { isUtf8 } from 'node:buffer'
import { CliError } from '../errors.js'

/** One line of a file, without its line break. */
export interface Line {
  readonly text: string
  /** 1-based. */
  readonly number: number
  /** Where its bytes begin in the file, a byte order mark left out. */
  readonly offset: number
  /** How many bytes it has, its line break left out. */
  readonly length: number
}

/** Longer than any record we know of: such a "line" is a whole file in another format. */
const LONGEST_LINE_BYTES = 256 * 1024 * 1024

/**
 * The lines of a stream that are not blank, one at a time, so that a file of any size takes a line's memory. LF and CRLF
 * end a line; a byte order mark is dropped.
 *
 * @param name what the stream is called in a message: a path, or stdin
 * @throws CliError with the line when a line is not UTF-8, or far too long to be one.
 */
export async function* linesOf(source: AsyncIterable<Buffer | string>, name: string): AsyncGenerator<Line> {
  const cutter = new LineCutter(name)
  for await (const chunk of source) yield* cutter.add(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)
  yield* cutter.end()
}

const LF = 0x0a
const CR = 0x0d
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf])

/** Cuts bytes into lines and knows where each began. */
class LineCutter {
  readonly #name: string
  #parts: Buffer[] = []
  #held = 0
  #offset = 0
  #number = 0

  constructor(name: string) {
    this.#name = name
  }

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
    if (this.#held > LONGEST_LINE_BYTES) {
      throw new CliError(
        `${this.#name}, line ${this.#number + 1}: longer than 256 MB; write one JSON value on each line (JSONL)`,
      )
    }
    if (part.length > 0) this.#parts.push(part)
  }

  *#line(breakBytes: number): Generator<Line> {
    let bytes = this.#parts.length === 1 ? (this.#parts[0] as Buffer) : Buffer.concat(this.#parts)
    let offset = this.#offset
    this.#offset += this.#held + breakBytes
    this.#number += 1
    ;[this.#parts, this.#held] = [[], 0]
    if (this.#number === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK)) {
      bytes = bytes.subarray(3)
      offset += 3
    }
    if (bytes.at(-1) === CR) bytes = bytes.subarray(0, -1)
    const text = this.#decode(bytes)
    if (text.trim() !== '') yield { text, number: this.#number, offset, length: bytes.length }
  }

  #decode(bytes: Buffer): string {
    if (isUtf8(bytes)) return bytes.toString('utf8')
    const isUtf16 = this.#number === 1 && ['fffe', 'feff'].includes(bytes.subarray(0, 2).toString('hex'))
    const fix = isUtf16 ? 'the file is UTF-16; save it as UTF-8' : 'it is not UTF-8; save the file as UTF-8'
    throw new CliError(`${this.#name}, line ${this.#number}: ${fix}`)
  }
}
