import { readFileSync } from 'node:fs'
import { RerankError } from '@secondpass/core'
import { type Line, type Qrels, readBeirQrels, readLines as readPath, readTrecQrels } from '@secondpass/core/eval'
import { fileError, misuse } from '../errors.js'
import { isStdin } from '../files/identity.js'
import type { Io } from '../io.js'

/** What a path is called in a message. */
export function nameOf(path: string): string {
  return isStdin(path) ? 'stdin' : path
}

/**
 * The lines of a file, or of stdin when the path is `-`, unpacked where they are packed by gzip. The text of a line is
 * looked at when it is asked for.
 *
 * @throws CliError when the file cannot be read, or stdin is a terminal, where JSON is not typed by hand.
 */
export async function* readLines(path: string, io: Io): AsyncGenerator<Line> {
  const stdin = isStdin(path)
  if (stdin && io.stdin.isTTY === true) {
    throw misuse('stdin is a terminal: pipe the input in, as in `secondpass … < FILE`, or name a file with --input')
  }
  try {
    yield* readPath(stdin ? io.stdin : path, { name: nameOf(path) })
  } catch (error) {
    const { cause } = error as Error
    if (RerankError.is(error) && cause !== undefined) throw fileError(nameOf(path), 'read', cause)
    throw error
  }
}

/** The text of a file that is small by nature, such as a calibration. */
export function readSmallFile(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw fileError(path, 'read', error)
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
