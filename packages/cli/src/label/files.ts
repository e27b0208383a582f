import type { LabelledQuery, Line } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import { LineFile } from '../files/line-file.js'
import { Lock } from '../files/lock.js'
import { isPlace, targetOf } from '../files/target.js'
import { badLine, isObject, parseLine } from '../input/json-lines.js'
import { readLines } from '../input/open.js'
import type { Io } from '../io.js'
import { labelledSource, refuseRepeats } from './source.js'

/** A query and where it stands. */
export interface NumberedQuery {
  readonly query: LabelledQuery
  readonly line: Line
}

const HOW =
  'write {"id", "set", "query", "candidates": [{"id", "text", "label"}]} with id, set, query and text strings, and label a number or null'

/** Holds a file of queries to its format, one line at a time. */
async function* checkQueries(lines: AsyncIterable<Line>): AsyncGenerator<NumberedQuery> {
  const seen = new Map<string, number>()
  for await (const line of lines) {
    const query = parseQuery(line)
    const key = JSON.stringify([query.set, query.id])
    const earlier = seen.get(key)
    if (earlier !== undefined) {
      throw badLine(line, `line ${earlier} has the same id and set; give each query an id of its own`)
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
  return checkQueries(readLines(path, io))
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

function parseQuery(line: Line): LabelledQuery {
  const value = parseLine(line)
  if (!isObject(value)) throw badLine(line, 'write one object on each line')
  const { id, set = '', query, candidates, style = 'original', ...rest } = value
  const isComplete = [id, set, query, style].every((part) => typeof part === 'string')
  if (!isComplete || !Array.isArray(candidates)) throw badLine(line, HOW)
  if ((query as string).trim() === '') throw badLine(line, 'the query is blank; write what was asked')
  const read = candidates.map((candidate: unknown) => parseCandidate(candidate, line))
  const ids = new Set(read.map((candidate) => candidate.id))
  if (ids.size < read.length) throw badLine(line, 'two candidates have the same id; list each once')
  refuseRepeats(line)
  return { id, set, query, candidates: read, style, ...rest } as LabelledQuery
}

type LabelledCandidate = LabelledQuery['candidates'][number]

function parseCandidate(candidate: unknown, line: Line): LabelledCandidate {
  const value = isObject(candidate) ? candidate : {}
  const { id, text, label = null, scores = {} } = value
  const isLabel = label === null || (typeof label === 'number' && Number.isFinite(label))
  const isScores = isObject(scores) && Object.values(scores).every(Number.isFinite)
  if (typeof id !== 'string' || typeof text !== 'string' || !isLabel || !isScores) throw badLine(line, HOW)
  return { ...value, label, scores } as LabelledCandidate
}

/** How every line of the training format begins. */
const BEGINS = ['{"id":']

/** An output of labelling, for one process at a time. */
export interface LabelOutput {
  readonly lines: LineFile
  close(): void
}

/**
 * Opens an output to be begun or continued; nothing is made before its first line.
 *
 * @throws CliError when it cannot be written, another process writes it, or it ends in what labelling did not write.
 */
export function openOutput(path: string): LabelOutput {
  if (path.endsWith('.gz')) throw misuse(`--output ${path}: lines are not packed; leave out .gz`)
  if (!isPlace(path)) {
    throw misuse(`--output ${path}: it is no file, and labelling continues from its output: name a file`)
  }
  const target = targetOf(path)
  const lock = Lock.take(target, path)
  try {
    const lines = new LineFile(target, { lock, title: `--output ${path}`, begins: BEGINS })
    const close = (): void => {
      lines.close()
      lock.release()
    }
    return { lines, close }
  } catch (error) {
    lock.release()
    throw error
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
 * @throws CliError when the output is not of this input.
 */
export async function resume(input: AsyncGenerator<NumberedQuery>, output: LineFile): Promise<Resumed> {
  let [labelled, leftOut] = [0, 0]
  let scorerIds = new Set<string>()
  for await (const earlier of checkQueries(output.lines())) {
    let next = await input.next()
    while (next.done !== true && !isSame(next.value, earlier)) {
      leftOut += 1
      next = await input.next()
    }
    if (next.done === true) {
      throw badLine(earlier.line, 'the input has no such query at this place; choose another output')
    }
    labelled += 1
    const ids = newScorers(earlier.query, next.value.query)
    if (ids.size > 0) scorerIds = ids
  }
  return { labelled, leftOut, scorerIds }
}

/** Whether a line of the output is this one of the input, to the byte but for the scores. */
function isSame({ query, line }: NumberedQuery, earlier: NumberedQuery): boolean {
  if (query.id !== earlier.query.id || query.candidates.length !== earlier.query.candidates.length) return false
  return labelledSource(line, query, earlier.query) === earlier.line.text
}

/** The scorers that labelled a line, without those whose scores the input had already. */
export function newScorers(labelled: LabelledQuery, query: LabelledQuery): Set<string> {
  const ids = new Set(labelled.candidates.flatMap(({ scores }) => Object.keys(scores)))
  for (const { scores } of query.candidates) for (const id of Object.keys(scores)) ids.delete(id)
  return ids
}
