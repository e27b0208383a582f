import type { Qrels, Run } from '../types.js'
import { RerankError } from '../../errors.js'
import { type Line, addOnce, malformedLine, readLines } from './lines.js'

/**
 * Reads TREC judgements: `query-id iteration document-id grade` on each line, separated by spaces or tabs. The second
 * column is ignored.
 *
 * A line that repeats another is read once; one that contradicts another is an error.
 *
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, and when there is none.
 */
export async function readTrecQrels(path: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>()
  for await (const line of readLines(path)) {
    const complain = (fix: string): RerankError => malformedLine(path, line, fix)
    const [queryId, , id, grade, ...rest] = columnsOf(line)
    if (queryId === undefined || id === undefined || grade === undefined || rest.length > 0) {
      throw complain('write four columns: query-id iteration document-id grade')
    }
    addOnce(qrels, { queryId, id, value: readGrade(grade, complain) }, complain)
  }
  return notEmpty(path, qrels, 'judgements')
}

/**
 * Reads a TREC run: `query-id Q0 document-id rank score tag` on each line, separated by spaces or tabs. Columns two, four
 * and six are ignored: the order is that of the scores, as in trec_eval. The tag may be missing, and may
 * hold spaces.
 *
 * A line that repeats another is read once; one that contradicts another is an error.
 *
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, and when there is none.
 */
export async function readTrecRun(path: string): Promise<Run> {
  const run = new Map<string, Map<string, number>>()
  for await (const line of readLines(path)) {
    const complain = (fix: string): RerankError => malformedLine(path, line, fix)
    const [queryId, , id, , score] = columnsOf(line)
    if (queryId === undefined || id === undefined || score === undefined) {
      throw complain('write six columns: query-id Q0 document-id rank score tag')
    }
    addOnce(run, { queryId, id, value: readScore(score, complain) }, complain)
  }
  return notEmpty(path, run, 'results')
}

/** Reads a grade: any finite number, though whole numbers are usual. */
export function readGrade(text: string, complain: (fix: string) => RerankError): number {
  const grade = Number(text)
  if (text.trim() !== '' && Number.isFinite(grade)) return grade
  throw complain(`the grade is "${text}"; write a number`)
}

/** Throws when a file holds nothing; hands back what it holds otherwise. */
export function notEmpty<T extends { readonly size: number }>(path: string, table: T, what: string): T {
  if (table.size > 0) return table
  throw new RerankError('invalid-argument', `${path} holds no ${what}: is it the right file?`)
}

function readScore(text: string, complain: (fix: string) => RerankError): number {
  const special = /^([+-]?)(?:(inf(?:inity)?)|nan)$/i.exec(text)
  if (special !== null) return special[2] === undefined ? Number.NaN : special[1] === '-' ? -Infinity : Infinity
  const score = Number(text)
  if (!Number.isNaN(score)) return score
  throw complain(`the score is "${text}"; write a number`)
}

function columnsOf({ text }: Line): string[] {
  return text.trim().split(/[ \t]+/)
}
