import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { RerankError, show } from '../../errors.js'

/** One line of a file, without its line break. */
export interface Line {
  readonly text: string
  /** 1-based. */
  readonly number: number
}

/**
 * The lines of a file that are not blank, one at a time, so that a file of any size takes a line's memory. A byte order
 * mark is dropped, and LF, CRLF and CR all end a line. A path that ends in `.gz` is unpacked on the way.
 *
 * @param bytes how much of the file to read, from its beginning. Default: all of it.
 * @throws RerankError `'invalid-argument'` when the file cannot be read.
 */
export async function* readLines(path: string, bytes: number = Infinity): AsyncGenerator<Line> {
  if (bytes === 0) return
  const file = createReadStream(path, { end: bytes - 1 })
  const input: Readable = path.endsWith('.gz') ? file.pipe(createGunzip()) : file
  input.setEncoding('utf8')
  // An error of the stream ends the loop below without a word; it is raised after it.
  let fault: Error | undefined
  file.once('error', (error) => input.destroy(error))
  input.once('error', (error) => (fault ??= error))
  const lines = createInterface({ input, crlfDelay: Infinity })
  let number = 0
  try {
    for await (const line of lines) {
      number++
      const text = number === 1 ? line.replace(/^\ufeff/, '') : line
      if (text.trim() !== '') yield { text, number }
    }
  } catch (error) {
    fault ??= error as Error
  } finally {
    lines.close()
    input.destroy()
    file.destroy()
  }
  if (fault !== undefined) {
    throw new RerankError('invalid-argument', `${path} cannot be read: ${fault.message}`, { cause: fault })
  }
}

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
export function malformedLine(path: string, { number, text }: Line, fix: string): RerankError {
  return new RerankError('invalid-argument', `${path}, line ${number}: ${show(text)}: ${fix}`)
}

/**
 * Puts a value under two ids. The same pair again with the same value changes nothing; with another value it is an error,
 * since nobody can know which of the two was meant.
 */
export function addOnce(
  table: Map<string, Map<string, number>>,
  entry: { readonly queryId: string; readonly id: string; readonly value: number },
  complain: (fix: string) => RerankError,
): void {
  const { queryId, id, value } = entry
  const row = table.get(queryId) ?? new Map<string, number>()
  const earlier = row.get(id)
  if (earlier !== undefined && !Object.is(earlier, value)) {
    throw complain(
      `an earlier line gives document ${id} of query ${queryId} the value ${earlier}; remove one of the two`,
    )
  }
  table.set(queryId, row.set(id, value))
}
