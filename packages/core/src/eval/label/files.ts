import { type FileHandle, open, realpath } from 'node:fs/promises'
import { invalidArgument, RerankError } from '../../base/errors.js'
import { type Line, malformedLine, readLines } from '../read.js'
import type { ScoresById } from './teacher.js'

/** One candidate as it stands in the training format. */
export interface LabelledCandidate {
  readonly id: string
  readonly text: string
  /** The judgement: above 0 is relevant. `null` when nobody judged it. */
  readonly label: number | null
  /** The teachers' own numbers, higher is better, by scorer id. */
  readonly scores: ScoresById
}

/**
 * One line of the training format. In an input `label`, `scores`, `set` and `style` may be missing; they become `null`,
 * no scores, `''` and `'original'`. Other properties are handed through.
 */
export interface LabelledQuery {
  /** Unique within its set. */
  readonly id: string
  /** The collection that the query is of. */
  readonly set: string
  readonly query: string
  readonly candidates: readonly LabelledCandidate[]
  /** `'original'`, or how the query was rewritten. */
  readonly style: string
}

/** A query and where it stands. */
export interface NumberedQuery {
  readonly query: LabelledQuery
  readonly line: Line
}

const HOW =
  'write {"id", "set", "query", "candidates": [{"id", "text", "label"}]} with id, set, query and text strings, and label a number or null'

/**
 * The queries of a file, one at a time.
 *
 * @param bytes how much of the file to read. Default: all of it.
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed or repeats an id.
 */
export async function* readQueries(path: string, bytes?: number): AsyncGenerator<NumberedQuery> {
  const seen = new Map<string, number>()
  for await (const line of readLines(path, bytes)) {
    const query = parseQuery(path, line)
    const key = JSON.stringify([query.set, query.id])
    const earlier = seen.get(key)
    if (earlier !== undefined) {
      throw malformedLine(path, line, `line ${earlier} has the same id and set; give each query an id of its own`)
    }
    seen.set(key, line.number)
    yield { query, line }
  }
}

/**
 * How many queries a file holds, all of them well-formed: nothing shall be spent before a bad line is found.
 *
 * @throws as {@link readQueries}, and when there are none.
 */
export async function countQueries(path: string): Promise<number> {
  const queries = readQueries(path)
  let total = 0
  while ((await queries.next()).done !== true) total += 1
  if (total === 0) throw new RerankError('invalid-argument', `${path} holds no queries: is it the right file?`)
  return total
}

/** A line of the training format, without its line break. The order of the properties is always the same. */
export function lineOf(query: LabelledQuery, scores: readonly ScoresById[]): string {
  const candidates = query.candidates.map((candidate, at) => {
    const { id, text, label, scores: earlier, ...rest } = candidate
    return { id, text, label, scores: { ...earlier, ...scores[at] }, ...rest }
  })
  const { id, set, query: asked, candidates: _, style, ...rest } = query
  return JSON.stringify({ id, set, query: asked, candidates, style, ...rest })
}

function parseQuery(path: string, line: Line): LabelledQuery {
  const value = parse(path, line)
  const { id, set = '', query, candidates, style = 'original', ...rest } = value
  const strings = [id, set, query, style].every((part) => typeof part === 'string')
  if (!strings || !Array.isArray(candidates)) throw malformedLine(path, line, HOW)
  if ((query as string).trim() === '') throw malformedLine(path, line, 'the query is blank; write what was asked')
  const read = candidates.map((candidate: unknown) => parseCandidate(candidate, path, line))
  const ids = new Set(read.map((candidate) => candidate.id))
  if (ids.size < read.length) throw malformedLine(path, line, 'two candidates have the same id; list each once')
  return { id, set, query, candidates: read, style, ...rest } as LabelledQuery
}

function parseCandidate(candidate: unknown, path: string, line: Line): LabelledCandidate {
  const value = (candidate ?? {}) as Record<keyof LabelledCandidate, unknown>
  const { label = null, scores = {} } = value
  const isLabel = label === null || (typeof label === 'number' && Number.isFinite(label))
  const isScores = typeof scores === 'object' && scores !== null && Object.values(scores).every(Number.isFinite)
  if (typeof value.id !== 'string' || typeof value.text !== 'string' || !isLabel || !isScores) {
    throw malformedLine(path, line, HOW)
  }
  return { ...value, label, scores } as LabelledCandidate
}

function parse(path: string, line: Line): Record<string, unknown> {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch (cause) {
    throw Object.assign(malformedLine(path, line, 'it is not JSON; write one object on each line'), { cause })
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw malformedLine(path, line, 'write one object on each line')
}

/** How every line of the training format begins: what an unfinished last line is known by. */
const BEGINNING = '{"id":'
const CHUNK_BYTES = 65_536

/**
 * How many bytes of an output are whole lines; 0 when there is no such file. A run that was killed may leave a last line
 * without its end.
 *
 * @throws RerankError `'invalid-argument'` when the file is the input, or ends in what this format cannot begin with.
 */
export async function wholeLines(output: string, input: string): Promise<number> {
  const handle = await openFile(output, 'r').catch((error: unknown) => {
    if ((error as { cause?: { code?: string } }).cause?.code === 'ENOENT') return undefined
    throw error
  })
  if (handle === undefined) return 0
  try {
    if ((await realpath(output)) === (await realpath(input))) {
      throw invalidArgument('output', output, 'it is the input; write to another file')
    }
    const { size } = await handle.stat()
    const bytes = await endOfLastLine(handle, size)
    await checkTail(handle, { output, bytes, size })
    return bytes
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

/** What is not ours is not cut off. */
async function checkTail(
  handle: FileHandle,
  { output, bytes, size }: { output: string; bytes: number; size: number },
): Promise<void> {
  const length = Math.min(size - bytes, BEGINNING.length)
  const { buffer } = await handle.read(Buffer.alloc(length), 0, length, bytes)
  if (buffer.toString('latin1') === BEGINNING.slice(0, length)) return
  throw invalidArgument('output', output, 'it ends in something that labelling did not write; choose another file')
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
   * @throws RerankError `'invalid-argument'` when the file cannot be written.
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
    throw new RerankError('invalid-argument', `${path} cannot be ${what}: ${(cause as Error).message}`, { cause })
  }
}

/** What an earlier run left behind. */
export interface Resumed {
  /** How many queries it labelled. */
  readonly labelled: number
  /** How many it left out before its last line. */
  readonly leftOut: number
  /** Who labelled its last line; empty when there is none. */
  readonly scorerIds: ReadonlySet<string>
}

/**
 * Moves the input to the first query that an earlier run did not come to: the one after its last line. What that run left
 * out before is behind us, so that a run in two parts writes what a run in one part writes.
 *
 * @param bytes how much of the output are whole lines.
 * @throws RerankError `'invalid-argument'` when the output is not of this input.
 */
export async function resume(input: AsyncGenerator<NumberedQuery>, output: string, bytes: number): Promise<Resumed> {
  let [labelled, leftOut] = [0, 0]
  let scorerIds = new Set<string>()
  for await (const earlier of readQueries(output, bytes)) {
    let next = await input.next()
    while (next.done !== true && !isSame(next.value.query, earlier.query)) {
      leftOut += 1
      next = await input.next()
    }
    if (next.done === true) throw foreign(output, earlier)
    labelled += 1
    const ids = newIds(earlier.query, next.value.query)
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

/** The scorers that labelled a line, those left aside that the input had already. */
function newIds(labelled: LabelledQuery, query: LabelledQuery): Set<string> {
  const ids = new Set(labelled.candidates.flatMap(({ scores }) => Object.keys(scores)))
  for (const { scores } of query.candidates) for (const id of Object.keys(scores)) ids.delete(id)
  return ids
}

function foreign(output: string, { line }: NumberedQuery): RerankError {
  return malformedLine(output, line, 'the input has no such query at this place; choose another output')
}
