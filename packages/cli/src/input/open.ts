import { createReadStream, readFileSync } from 'node:fs'
import { CliError, misuse } from '../errors.js'
import type { Io } from '../io.js'
import { type Line, linesOf } from './lines.js'

/** What a path is called in a message. */
export function nameOf(path: string): string {
  return path === '-' ? 'stdin' : path
}

/**
 * The lines of a file, or of stdin when the path is `-`.
 *
 * @throws CliError when the file cannot be read, or stdin is a terminal at which nobody would think of typing JSON.
 */
export async function* readLines(path: string, io: Io): AsyncGenerator<Line> {
  if (path === '-') {
    if (io.stdin.isTTY === true) {
      throw misuse('stdin is a terminal: pipe the input in, as in `secondpass … < FILE`, or name a file with --input')
    }
    yield* linesOf(io.stdin, 'stdin')
    return
  }
  const stream = createReadStream(path, { highWaterMark: 256 * 1024 })
  try {
    yield* linesOf(stream, path)
  } catch (error) {
    throw readError(path, error)
  } finally {
    stream.destroy()
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
  return words === undefined ? error : new CliError(`${path} cannot be read: ${words}`, { cause: error })
}

/** The text of a file that is small by nature, such as a calibration. */
export function readSmallFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw readError(path, error)
  }
}
