import { RerankError } from '../../errors.js'
import { type Line, malformedLine, readLines } from '../read/lines.js'
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
