import { closeSync, fstatSync, ftruncateSync, openSync, readSync, writeSync } from 'node:fs'
import { CliError } from '../errors.js'

/**
 * A file that grows by whole lines. Each line is one write at the end of the file, so a process that is killed leaves
 * whole lines and at most one torn one, which the next opening cuts off.
 */
export class AppendFile {
  readonly #fd: number

  /** @throws CliError when the file cannot be opened for writing. */
  constructor(readonly path: string) {
    try {
      this.#fd = openSync(path, 'a+')
    } catch (error) {
      throw new CliError(`${path} cannot be written: ${(error as Error).message}`, { cause: error })
    }
    cutTornLine(this.#fd)
  }

  /** Adds one line; `text` must not hold a line break. */
  add(text: string): void {
    const bytes = Buffer.from(`${text}\n`)
    // A full disk may take a part: the rest is tried again, and the error then says why it cannot be.
    for (let done = 0; done < bytes.length;) done += writeSync(this.#fd, bytes, done)
  }

  /** The last line, without its line break; nothing when the file is empty. */
  lastLine(): string | undefined {
    const size = fstatSync(this.#fd).size
    if (size === 0) return undefined
    const start = lineBreakBefore(this.#fd, size - 1) + 1
    const bytes = Buffer.alloc(size - 1 - start)
    for (let read = 0; read < bytes.length;) read += readSync(this.#fd, bytes, read, bytes.length - read, start + read)
    return bytes.toString('utf8')
  }

  /** Empties the file. */
  clear(): void {
    ftruncateSync(this.#fd)
  }

  close(): void {
    closeSync(this.#fd)
  }
}

/** Removes what stands behind the last line break. */
function cutTornLine(fd: number): void {
  ftruncateSync(fd, lineBreakBefore(fd, fstatSync(fd).size) + 1)
}

/** Where the last line break before `end` stands; -1 when there is none. */
function lineBreakBefore(fd: number, end: number): number {
  const block = Buffer.alloc(64 * 1024)
  for (let to = end; to > 0;) {
    const from = Math.max(0, to - block.length)
    const read = readSync(fd, block, 0, to - from, from)
    const last = block.subarray(0, read).lastIndexOf(0x0a)
    if (last >= 0) return from + last
    to = from
  }
  return -1
}
