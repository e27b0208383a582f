import { type FileHandle, open, realpath } from 'node:fs/promises'
import type { LabelledQuery } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import { badLine, isObject, parseLine } from '../input/json-lines.js'
import type { Line } from '../input/lines.js'
import { readBytes, readLines } from '../input/open.js'
import type { Io } from '../io.js'

/** A query and where it stands. */
export interface NumberedQuery {
  readonly query: LabelledQuery
  readonly line: Line
}

const HOW =
  'write {"id", "set", "query", "candidates": [{"id", "text", "label"}]} with id, set, query and text strings, and label a number or null'

/** Holds a file of queries to its format, one line at a time. */
async function* checkQueries(path: string, lines: AsyncIterable<Line>): AsyncGenerator<NumberedQuery> {
  const seen = new Map<string, number>()
  for await (const line of lines) {
    const query = parseQuery(path, line)
    const key = JSON.stringify([query.set, query.id])
    const earlier = seen.get(key)
    if (earlier !== undefined) {
      throw badLine(path, line, `line ${earlier} has the same id and set; give each query an id of its own`)
    }
    seen.set(key, line.number)
    yield { query, line }
  }
}

/**
 * The queries of a file, one at a time.
 *
 * @throws CliError with file and line when a line is malformed or repeats an id.
 */
export function readQueries(path: string, io: Io): AsyncGenerator<NumberedQuery> {
  return checkQueries(path, readLines(path, io))
}

/**
 * How many queries a file holds, all of them well-formed: a bad line shall be found before anything is spent.
 *
 * @throws as {@link readQueries}, and when there are none.
 */
export async function countQueries(path: string, io: Io): Promise<number> {
  let total = 0
  for await (const _ of readQueries(path, io)) total += 1
  if (total === 0) throw new CliError(`${path} holds no queries: is it the right file?`)
  return total
}

function parseQuery(path: string, line: Line): LabelledQuery {
  const value = parseLine(path, line)
  if (!isObject(value)) throw badLine(path, line, 'write one object on each line')
  const { id, set = '', query, candidates, style = 'original', ...rest } = value
  const isComplete = [id, set, query, style].every((part) => typeof part === 'string')
  if (!isComplete || !Array.isArray(candidates)) throw badLine(path, line, HOW)
  if ((query as string).trim() === '') throw badLine(path, line, 'the query is blank; write what was asked')
  const read = candidates.map((candidate: unknown) => parseCandidate(candidate, path, line))
  const ids = new Set(read.map((candidate) => candidate.id))
  if (ids.size < read.length) throw badLine(path, line, 'two candidates have the same id; list each once')
  return { id, set, query, candidates: read, style, ...rest } as LabelledQuery
}

type LabelledCandidate = LabelledQuery['candidates'][number]

function parseCandidate(candidate: unknown, path: string, line: Line): LabelledCandidate {
  const value = isObject(candidate) ? candidate : {}
  const { id, text, label = null, scores = {} } = value
  const isLabel = label === null || (typeof label === 'number' && Number.isFinite(label))
  const isScores = isObject(scores) && Object.values(scores).every(Number.isFinite)
  if (typeof id !== 'string' || typeof text !== 'string' || !isLabel || !isScores) throw badLine(path, line, HOW)
  return { ...value, label, scores } as LabelledCandidate
}

/** How every line of the training format begins: what an unfinished last line is known by. */
const BEGINNING = '{"id":'
const CHUNK_BYTES = 65_536

/**
 * How many bytes of an output are whole lines; 0 when there is no such file. A run that was killed may leave a last line
 * without its end.
 *
 * @throws CliError when the file is the input, or ends in what this format cannot begin with: it is not ours to cut.
 */
export async function wholeLines(output: string, input: string): Promise<number> {
  const handle = await openFile(output, 'r').catch((error: unknown) => {
    if ((error as { cause?: { code?: string } }).cause?.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return 0
  try {
    if ((await realpath(output)) === (await realpath(input))) {
      throw misuse(`--output ${output}: it is the input; write to another file`)
    }
    const { size } = await handle.stat()
    const bytes = await endOfLastLine(handle, size)
    const length = Math.min(size - bytes, BEGINNING.length)
    const { buffer } = await handle.read(Buffer.alloc(length), 0, length, bytes)
    if (buffer.toString('latin1') === BEGINNING.slice(0, length)) return bytes
    throw misuse(`--output ${output}: it ends in something that labelling did not write; choose another file`)
  } finally {
    await handle.close()
  }
}

async function endOfLastLine(handle: FileHandle, size: number): Promise<number> {
  const chunk = Buffer.alloc(CHUNK_BYTES)
  for (let end = size; end > 0;) {
    const start = Math.max(0, end - CHUNK_BYTES)
    const { bytesRead } = await handle.read(chunk, 0, end - start, start)
    const at = chunk.subarray(0, bytesRead).lastIndexOf('\n')
    if (at >= 0) return start + at + 1
    end = start
  }
  return 0
}

/** Appends lines to a file: each whole, or not at all. */
export class LineWriter {
  readonly #handle: FileHandle
  #bytes: number

  private constructor(handle: FileHandle, bytes: number) {
    this.#handle = handle
    this.#bytes = bytes
  }

  /**
   * @param bytes what to keep of the file.
   * @throws CliError when the file cannot be written.
   */
  static async open(path: string, bytes: number): Promise<LineWriter> {
    const handle = await openFile(path, 'a')
    await handle.truncate(bytes)
    return new LineWriter(handle, bytes)
  }

  async append(line: string): Promise<void> {
    const data = Buffer.from(`${line}\n`)
    try {
      await this.#handle.appendFile(data)
    } catch (error) {
      // A full disk takes half a line.
      await this.#handle.truncate(this.#bytes)
      throw error
    }
    this.#bytes += data.length
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

async function openFile(path: string, flags: 'r' | 'a'): Promise<FileHandle> {
  try {
    return await open(path, flags)
  } catch (cause) {
    const what = flags === 'r' ? 'read' : 'written'
    throw new CliError(`${path} cannot be ${what}: ${(cause as Error).message}`, { cause })
  }
}

/** What an earlier run left behind. */
export interface Resumed {
  /** How many queries it labelled. */
  readonly labelled: number
  /** How many it left out before its last line. */
  readonly leftOut: number
  /** Which scorers labelled its last line; empty when there is none. */
  readonly scorerIds: ReadonlySet<string>
}

/**
 * Moves the input to the first query that an earlier run did not reach: the one after its last line. What that run left
 * out before is behind us, so that a run in two parts writes what a run in one part writes.
 *
 * @param bytes how much of the output are whole lines.
 * @throws CliError when the output is not of this input.
 */
export async function resume(
  input: AsyncGenerator<NumberedQuery>,
  { path: output, bytes }: { readonly path: string; readonly bytes: number },
): Promise<Resumed> {
  let [labelled, leftOut] = [0, 0]
  let scorerIds = new Set<string>()
  for await (const earlier of checkQueries(output, readBytes(output, bytes))) {
    let next = await input.next()
    while (next.done !== true && !isSame(next.value.query, earlier.query)) {
      leftOut += 1
      next = await input.next()
    }
    if (next.done === true) {
      throw badLine(output, earlier.line, 'the input has no such query at this place; choose another output')
    }
    labelled += 1
    const ids = newScorers(earlier.query, next.value.query)
    if (ids.size > 0) scorerIds = ids
  }
  return { labelled, leftOut, scorerIds }
}

/** Whether a line of the output is of this query with these candidates. */
function isSame(query: LabelledQuery, earlier: LabelledQuery): boolean {
  const essence = ({ id, set, query: asked, candidates }: LabelledQuery): string =>
    JSON.stringify([id, set, asked, candidates.map((candidate) => [candidate.id, candidate.text])])
  return query.id === earlier.id && essence(query) === essence(earlier)
}

/** The scorers that labelled a line, without those whose scores the input had already. */
export function newScorers(labelled: LabelledQuery, query: LabelledQuery): Set<string> {
  const ids = new Set(labelled.candidates.flatMap(({ scores }) => Object.keys(scores)))
  for (const { scores } of query.candidates) for (const id of Object.keys(scores)) ids.delete(id)
  return ids
}
