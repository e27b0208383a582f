import {
  closeSync,
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs'
import { type Line, readLines } from '@secondpass/core/eval'
import { fileError, misuse } from '../errors.js'
import type { Lock } from './lock.js'
import { keepAccess, syncFolder, writeAll } from './replace.js'

/** What a file of ours is known by. */
export interface LineFileOptions {
  /** The right to write it, which the caller gives back. */
  readonly lock: Lock
  /** What a message calls it, with its option: `--output ranked.jsonl`. */
  readonly title: string
  /** How its lines begin, the first of them first: an unfinished line that begins otherwise is not ours to cut off. */
  readonly begins: readonly string[]
}

/** Windows has no such flag, and no links that anybody may make. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0

/**
 * A file that grows by whole lines, whatever happens: each is one write at its end, and what a full disk took of one is
 * cut off again. A process that is killed leaves whole lines and at most one torn one, which the next cuts off when it
 * continues. Nothing is made or changed before. Links are not followed: the caller has done so.
 */
export class LineFile {
  readonly #options: LineFileOptions
  #fd: number | undefined
  /** How many bytes are whole lines. */
  #size = 0

  /** @throws CliError when it cannot be written, has a second name, or ends in something that is not ours. */
  constructor(
    readonly path: string,
    options: LineFileOptions,
  ) {
    this.#options = options
    this.#fd = this.#open(constants.O_RDWR | constants.O_APPEND)
    if (this.#fd === undefined) return
    try {
      this.#look(this.#fd)
    } catch (error) {
      this.close()
      throw error
    }
  }

  #open(flags: number): number | undefined {
    try {
      return openSync(this.path, flags | NO_FOLLOW, 0o666)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT' && (flags & constants.O_CREAT) === 0) return undefined
      throw fileError(this.path, 'written', error)
    }
  }

  #look(fd: number): void {
    const { title, begins } = this.#options
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw misuse(`${title}: it is no file: name one`)
    if (stats.nlink > 1) {
      throw misuse(
        `${title}: it has ${stats.nlink} names (hard links), and the others would change with it: copy it first`,
      )
    }
    this.#size = lineBreakBefore(fd, stats.size) + 1
    if (begins.some((beginning) => beginsSo(fd, this.#size, beginning))) return
    throw misuse(`${title}: it ends in something that this command did not write: name another file`)
  }

  /** Whether it holds no line. */
  get isEmpty(): boolean {
    return this.#size === 0
  }

  /** The whole lines of it. */
  lines(): AsyncGenerator<Line> {
    return readLines(this.path, { bytes: this.#size })
  }

  /** The last line, without its line break; nothing when there is none. */
  lastLine(): string | undefined {
    if (this.#fd === undefined || this.#size === 0) return undefined
    const start = lineBreakBefore(this.#fd, this.#size - 1) + 1
    return readAt(this.#fd, start, this.#size - 1 - start).toString('utf8')
  }

  /** The first line, without its line break; nothing when there is none. */
  firstLine(): string | undefined {
    if (this.#fd === undefined || this.#size === 0) return undefined
    let head: Buffer = Buffer.alloc(0)
    for (let length = 1024; !head.includes(0x0a); length *= 2) head = readAt(this.#fd, 0, Math.min(length, this.#size))
    return head.subarray(0, head.indexOf(0x0a)).toString('utf8')
  }

  /** Takes the last line away. */
  dropLastLine(): void {
    if (this.#fd === undefined || this.#size === 0) return
    this.#options.lock.check()
    this.#size = lineBreakBefore(this.#fd, this.#size - 1) + 1
    ftruncateSync(this.#fd, this.#size)
  }

  /**
   * Adds one line; `text` must not hold a line feed.
   *
   * @throws CliError when it does not fit, or another process has taken over; the file then ends in a whole line.
   */
  add(text: string): void {
    const fd = this.create()
    const bytes = Buffer.from(`${text}\n`)
    try {
      writeAll(fd, bytes)
    } catch (error) {
      this.#cutTorn(fd)
      throw fileError(this.path, 'written', error)
    }
    this.#size += bytes.length
  }

  #cutTorn(fd: number): void {
    try {
      ftruncateSync(fd, this.#size)
    } catch {
      // The error that is on its way says more, and the next opening cuts it off.
    }
  }

  /** Cuts off a line that a process was killed in; to be called once it is clear that this file is continued. */
  mend(): void {
    if (this.#fd === undefined || fstatSync(this.#fd).size <= this.#size) return
    this.#options.lock.check()
    this.#cutTorn(this.#fd)
  }

  /** Makes the file, where there is none yet; its descriptor. */
  create(): number {
    this.#options.lock.check()
    this.mend()
    const flags = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_EXCL
    return (this.#fd ??= this.#open(flags) as number)
  }

  /** Makes what was added outlast a loss of power. */
  sync(): void {
    if (this.#fd === undefined) return
    try {
      fsyncSync(this.#fd)
    } catch (error) {
      throw fileError(this.path, 'written', error)
    }
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd)
    this.#fd = undefined
  }
}

/** Puts a file that is whole where an older one stands, which keeps its permissions. */
export function putInPlace(made: string, path: string): void {
  try {
    const old = statSync(path, { throwIfNoEntry: false })
    if (old !== undefined) keepAccess(made, old)
    renameSync(made, path)
    syncFolder(path)
  } catch (error) {
    throw fileError(path, 'written', error)
  }
}

/** How a file of ours is told from another one, and what a message calls it. */
export type OurOwn = Pick<LineFileOptions, 'title' | 'begins'>

/**
 * Removes a file that was begun and is to be begun anew.
 *
 * @throws CliError when it is not ours to remove.
 */
export function discard(path: string, own: OurOwn): void {
  refuseForeign(path, own)
  rmSync(path, { force: true })
}

/** @throws CliError when there is a file that does not begin as ours do, or a link. */
export function refuseForeign(path: string, { title, begins: [first = ''] }: OurOwn): void {
  const stats = lstatSync(path, { throwIfNoEntry: false })
  if (stats === undefined) return
  if (!stats.isFile() || !fileBeginsSo(path, first)) {
    throw misuse(`${title}: ${path} was not written by secondpass, or is a link: name another file`)
  }
}

function fileBeginsSo(path: string, beginning: string): boolean {
  let fd: number
  try {
    fd = openSync(path, constants.O_RDONLY | NO_FOLLOW)
  } catch (error) {
    throw fileError(path, 'read', error)
  }
  try {
    return beginsSo(fd, 0, beginning)
  } finally {
    closeSync(fd)
  }
}

/** Whether what stands there begins so; if it is shorter, as far as it goes. */
function beginsSo(fd: number, at: number, beginning: string): boolean {
  const length = Math.min(fstatSync(fd).size - at, beginning.length)
  return beginning.startsWith(readAt(fd, at, length).toString('latin1'))
}

function readAt(fd: number, start: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let done = 0; done < length;) {
    const read = readSync(fd, bytes, done, length - done, start + done)
    if (read === 0) return bytes.subarray(0, done)
    done += read
  }
  return bytes
}

/** Where the last line break before `end` stands; -1 when there is none. */
function lineBreakBefore(fd: number, end: number): number {
  const block = 64 * 1024
  for (let to = end; to > 0; to -= block) {
    const from = Math.max(0, to - block)
    const last = readAt(fd, from, to - from).lastIndexOf(0x0a)
    if (last >= 0) return from + last
  }
  return -1
}
