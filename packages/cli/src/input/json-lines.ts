import type { Candidate } from '@secondpass/core'
import { CliError, show } from '../errors.js'
import type { Line } from './lines.js'

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
export function badLine(name: string, line: Line, fix: string): CliError {
  return new CliError(`${name}, line ${line.number}: ${show(line.text)}: ${fix}`)
}

/** Reads one line of JSONL. */
export function parseLine(name: string, line: Line): unknown {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch {
    const isWholeArray = line.text.trim() === '['
    const fix = isWholeArray ? 'this is a JSON array over several lines' : 'it is not JSON'
    throw badLine(name, line, `${fix}; write one JSON value on each line (JSONL)`)
  }
  if (isTooDeep(value)) throw badLine(name, line, `it has more than ${DEEPEST} levels; write flatter objects`)
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
export function candidateFault(value: unknown): string | undefined {
  if (typeof value === 'string') return undefined
  if (!isObject(value)) return 'write a string, or an object with the string "text"'
  if (typeof value['text'] !== 'string') return 'its "text" is missing or no string'
  const { score } = value
  if (score === undefined || (typeof score === 'number' && Number.isFinite(score))) return undefined
  return 'its "score" is no number; leave it out when the retriever gives none'
}

/** A candidate as it was read. Whatever else it holds comes back with it. */
export type ReadCandidate = string | (Candidate & Readonly<Record<string, unknown>>)

/** One line of a batch: a query with its candidates. */
export interface Task {
  /** The caller's name of the query, if it has one: a string or a number. */
  readonly id?: string | number
  readonly query: string
  readonly candidates: readonly ReadCandidate[]
  /** Grades by the `id` of a candidate, where the query is judged. */
  readonly judgements?: Readonly<Record<string, number>>
}

/** What is wrong with a line of a batch, as the end of a message; nothing when it is right. */
export function taskFault(value: unknown): string | undefined {
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
