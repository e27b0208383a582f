import type { Candidate } from '@secondpass/core'
import type { Line } from '@secondpass/core/eval'
import { CliError, show } from '../errors.js'
import { elementsOf, idText, membersOf, repeatedKey } from './source.js'

/** What is needed of a line to read it and to name it. */
export type TextLine = Pick<Line, 'file' | 'number' | 'text'>

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
export function badLine({ file, number, text }: TextLine, fix: string): CliError {
  return new CliError(`${file}, line ${number}: ${show(text)}: ${fix}`)
}

/** Reads one line of JSONL. */
export function parseLine(line: TextLine): unknown {
  const { text } = line
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    const what = text.trim() === '[' ? 'this is a JSON array over several lines' : 'it is not JSON'
    const cause = text.includes('\r') ? 'it holds a carriage return alone; end lines with LF or CRLF, and ' : ''
    throw badLine(line, `${what}; ${cause}write one JSON value on each line (JSONL)`)
  }
  if (isTooDeep(value)) throw badLine(line, `it has more than ${DEEPEST} levels; write flatter objects`)
  return value
}

/** Objects and lists within each other. What else a candidate holds is written out again, which a stack must hold. */
const DEEPEST = 500

function isTooDeep(value: unknown): boolean {
  // A list of what is left and not a recursion, which would overflow the stack itself.
  const left = [{ value, depth: 0 }]
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    if (typeof next.value !== 'object' || next.value === null) continue
    if (next.depth >= DEEPEST) return true
    for (const inner of Object.values(next.value)) left.push({ value: inner, depth: next.depth + 1 })
  }
  return false
}

/** Whether a value is an object that is not an array. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** What is wrong with a candidate, as the end of a message; nothing when it is right. */
function candidateFault(value: unknown): string | undefined {
  if (typeof value === 'string') return undefined
  if (!isObject(value)) return 'write a string, or an object with the string "text"'
  if (typeof value['text'] !== 'string') return 'its "text" is missing or no string'
  const { score } = value
  if (score === undefined || (typeof score === 'number' && Number.isFinite(score))) return undefined
  return 'its "score" is no number; leave it out when the retriever gives none'
}

/** A candidate as it was read. */
export interface ReadCandidate {
  /** What the reranker is given, and whatever else it holds with it. */
  readonly value: Candidate & Readonly<Record<string, unknown>>
  /** The JSON it came as: it goes out to the byte as it came in. */
  readonly source: string
  /** The JSON of its id, if it has one. */
  readonly idSource?: string
}

/** A candidate that stands alone on a line. */
export function readCandidate(line: TextLine): ReadCandidate {
  const value = parseLine(line)
  const fault = candidateFault(value)
  if (fault !== undefined) throw badLine(line, fault)
  return withSource(value, line.text.trim(), (found) => badLine(line, found))
}

/** Keys that are read: each may stand in an object once. */
const READ: ReadonlySet<string> = new Set(['id', 'text', 'score', 'label', 'query', 'candidates', 'judgements'])

function withSource(value: unknown, source: string, complain: (fix: string) => CliError): ReadCandidate {
  if (typeof value === 'string') return { value: { text: value }, source: `{"text":${source}}` }
  const members = readMembers(source, complain)
  const idSource = members.get('id')
  const candidate = { value: value as ReadCandidate['value'], source }
  return idSource === undefined ? candidate : { ...candidate, idSource }
}

/** The members of an object. Which of two with one key counts, readers do not agree on. */
function readMembers(source: string, complain: (fix: string) => CliError): Map<string, string> {
  const members = membersOf(source)
  const repeated = repeatedKey(members.filter(([key]) => READ.has(key)))
  if (repeated !== undefined) throw complain(`"${repeated}" stands there twice; write it once`)
  return new Map(members)
}

/** One line of a batch: a query with its candidates. */
export interface Task {
  /** The JSON of the caller's name of the query, a string or a number, if it has one. */
  readonly idSource?: string
  readonly query: string
  readonly candidates: readonly ReadCandidate[]
  /** Grades by the id of a candidate, where the query is judged. */
  readonly judgements?: ReadonlyMap<string, number>
}

/**
 * Reads a line of a batch.
 *
 * @throws CliError with file and line when it is none.
 */
export function readTask(line: TextLine): Task {
  const value = parseLine(line)
  const fault = taskFault(value)
  if (fault !== undefined) throw badLine(line, fault)
  const { query, candidates } = value as { readonly query: string; readonly candidates: readonly unknown[] }
  const members = readMembers(line.text, (found) => badLine(line, found))
  const [idSource, judged] = [members.get('id'), members.get('judgements')]
  const sources = elementsOf(members.get('candidates') as string)
  return {
    query,
    candidates: candidates.map((candidate, at) =>
      withSource(candidate, sources[at] as string, (found) => badLine(line, `candidate ${at}: ${found}`)),
    ),
    ...(idSource !== undefined && { idSource }),
    ...(judged !== undefined && { judgements: readJudgements(judged, line) }),
  }
}

function readJudgements(source: string, line: TextLine): Map<string, number> {
  const grades = membersOf(source)
  const repeated = repeatedKey(grades)
  if (repeated !== undefined) throw badLine(line, `"judgements" has ${show(repeated)} twice; write it once`)
  return new Map(grades.map(([id, grade]) => [id, Number(grade)]))
}

/** What is wrong with a line of a batch, as the end of a message; nothing when it is right. */
function taskFault(value: unknown): string | undefined {
  if (!isObject(value)) return 'write an object with "query" and "candidates"'
  const { id, query, candidates, judgements } = value
  if (typeof query !== 'string' || query.trim() === '') return 'its "query" is missing, blank or no string'
  if (id !== undefined && typeof id !== 'string' && typeof id !== 'number') return 'its "id" is no string or number'
  if (!Array.isArray(candidates)) return 'its "candidates" is missing or no array'
  for (const [at, candidate] of candidates.entries()) {
    const fault = candidateFault(candidate)
    if (fault !== undefined) return `candidate ${at}: ${fault}`
  }
  return judgements === undefined || isGrades(judgements) ? undefined : 'its "judgements" is no object of numbers'
}

function isGrades(value: unknown): boolean {
  return isObject(value) && Object.values(value).every((grade) => typeof grade === 'number' && Number.isFinite(grade))
}

/** The id of a candidate as text; one without is called by its place, counted from 0. */
export function candidateId({ value, idSource }: ReadCandidate, at: number): string {
  const isId = typeof value['id'] === 'string' || typeof value['id'] === 'number'
  return isId && idSource !== undefined ? idText(idSource) : `#${at + 1}`
}

/** JSON of an object from the JSON of its values; those that are `undefined` are left out. */
export function objectOf(members: Iterable<readonly [key: string, source: string | undefined]>): string {
  const written: string[] = []
  for (const [key, source] of members) if (source !== undefined) written.push(`${JSON.stringify(key)}:${source}`)
  return `{${written.join(',')}}`
}
