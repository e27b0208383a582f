import { createReadStream, readFileSync } from 'node:fs'
import { createGunzip } from 'node:zlib'
import { type Qrels, readBeirQrels, readTrecQrels } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import type { Io } from '../io.js'
import { type Line, linesOf } from './lines.js'

/** What a path is called in a message. */
export function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path
}

/**
 * The lines of a file, or of stdin when the path is `-`. A path that ends in `.gz` is unpacked on the way.
 *
 * @throws CliError when the file cannot be read, or stdin is a terminal, where JSON is not typed by hand.
 */
export async function* readLines(path: string, io: Io): AsyncGenerator<Line> {
  if (path === '-') {
    if (io.stdin.isTTY === true) {
      throw misuse('stdin is a terminal: pipe the input in, as in `secondpass … < FILE`, or name a file with --input')
    }
    yield* linesOf(io.stdin, 'stdin')
    return
  }
  yield* readBytes(path)
}

/** The lines in the first so many bytes of a file. Default: all of it. */
export async function* readBytes(path: string, bytes: number = Infinity): AsyncGenerator<Line> {
  if (bytes === 0) return
  const file = createReadStream(path, { highWaterMark: 256 * 1024, end: bytes - 1 })
  const stream = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  // An error does not travel along a pipe by itself.
  file.once('error', (error) => stream.destroy(error))
  try {
    yield* linesOf(stream, path)
  } catch (error) {
    throw readError(path, error)
  } finally {
    stream.destroy()
    file.destroy()
  }
}

/** The error for a file that cannot be read, in words; any other error as it is. */
export function readError(path: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code
  const words = {
    ENOENT: 'there is no such file',
    EISDIR: 'it is a folder',
    EACCES: 'this user may not read it',
    ENOTDIR: 'a part of the path is a file',
  }[code ?? '']
  const reason = code?.startsWith('Z_') ? (error as Error).message : words
  return reason === undefined ? error : new CliError(`${path} cannot be read: ${reason}`, { cause: error })
}

/** The text of a file that is small by nature, such as a calibration. */
export function readSmallFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw readError(path, error)
  }
}

/** Reads judgements in either layout: four columns (TREC), or three with tabs between them (BEIR). */
export async function readQrels(path: string, io: Io): Promise<Qrels> {
  const first = await firstLine(path, io)
  return first.trim().split('\t').length === 3 ? readBeirQrels(path) : readTrecQrels(path)
}

async function firstLine(path: string, io: Io): Promise<string> {
  for await (const { text } of readLines(path, io)) return text
  return ''
}
