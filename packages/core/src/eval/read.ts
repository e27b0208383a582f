import { join } from 'node:path'
import { invalidArgument, RerankError, show } from '../base/errors.js'
import { type Line, readLines } from './lines.js'
import type { Qrels, Run } from './run.js'

function checkPath(name: string, path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw invalidArgument(name, path, 'pass the path of a file, as a string')
}

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
function malformedLine(path: string, { number, text }: Line, fix: string): RerankError {
  return new RerankError('invalid-argument', `${path}, line ${number}: ${show(text)}: ${fix}`)
}

/**
 * Puts a value under two ids. The same pair again with the same value changes nothing; with another value it is an error,
 * since it cannot be known which of the two was meant.
 */
function addOnce(
  table: Map<string, Map<string, number>>,
  entry: { readonly queryId: string; readonly id: string; readonly value: number },
  complain: Complain,
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

/**
 * Reads TREC judgements: `query-id iteration document-id grade` on each line, separated by spaces or tabs. The second
 * column, a number or `Q0`, is ignored.
 *
 * A line that repeats another is read once; one that contradicts another is an error.
 *
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, and when there is none. An id with
 *   a blank in it would shift the columns: such a line is refused as far as it can be told.
 */
export async function readTrecQrels(path: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>()
  for await (const line of readLines(path)) {
    const complain: Complain = (fix) => malformedLine(path, line, fix)
    const columns = columnsOf(line, complain)
    const [queryId = '', iteration = '', id = '', grade = ''] = columns
    if (columns.length !== 4) {
      const blank = columns.length > 4 ? `; ${BLANK}` : ''
      throw complain(`write four columns: query-id iteration document-id grade${blank}`)
    }
    if (!SECOND.test(iteration)) throw complain(`the second column is "${iteration}", not a number; ${BLANK}`)
    checkId(queryId, complain)
    checkId(id, complain)
    addOnce(qrels, { queryId, id, value: readGrade(grade, complain) }, complain)
  }
  return notEmpty(path, qrels, 'judgements')
}

/**
 * Reads a TREC run: `query-id Q0 document-id rank score tag` on each line, separated by spaces or tabs. The order is that
 * of the scores, as in trec_eval: column two (`Q0` or a number), the rank (a number) and the tag, which may be missing, are
 * checked and then ignored.
 *
 * A line that repeats another is read once; one that contradicts another is an error.
 *
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, and when there is none. An id with
 *   a blank in it would shift the columns: such a line is refused as far as it can be told.
 */
export async function readTrecRun(path: string): Promise<Run> {
  const run = new Map<string, Map<string, number>>()
  const checkColumns = columnsOfRun()
  for await (const line of readLines(path)) {
    const complain: Complain = (fix) => malformedLine(path, line, fix)
    const columns = columnsOf(line, complain)
    checkColumns(columns, line.number, complain)
    const [queryId = '', , id = '', , score = ''] = columns
    checkId(queryId, complain)
    checkId(id, complain)
    addOnce(run, { queryId, id, value: readScore(score, complain) }, complain)
  }
  return notEmpty(path, run, 'results')
}

type Complain = (fix: string) => RerankError

/** Why a line may have a column too many, and what to do about it. */
const BLANK = 'an id cannot hold a blank: write _ in its place'
const SECOND = /^(?:q0|[+-]?[\d.]+)$/i
const NUMBER = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i

/**
 * Holds the lines of a run to their columns. A blank in an id moves all that stands behind it by one column, where a number
 * of the title may pass for the rank, and the rank for the score; the score then stands where the tag should. A tag may
 * hold blanks and is the same on each line.
 */
function columnsOfRun(): (columns: readonly string[], number: number, complain: Complain) => void {
  let first: { readonly tag: string; readonly number: number } | undefined
  return (columns, number, complain) => {
    const [, second = '', , rank = '', score, tag = ''] = columns
    if (score === undefined) throw complain('write six columns: query-id Q0 document-id rank score tag')
    if (!SECOND.test(second)) throw complain(`the second column is "${second}", not Q0; ${BLANK}`)
    if (!NUMBER.test(rank)) throw complain(`the rank, column four, is "${rank}", not a number; ${BLANK}`)
    first ??= { tag, number }
    const isNumber = NUMBER.test(tag) || NUMBER.test(first.tag)
    if (columns.length > 6 ? NUMBER.test(tag) : isNumber && tag !== first.tag) {
      const before = number === first.number ? '' : `, on line ${first.number} "${first.tag}"`
      throw complain(`the tag, column six, is "${tag}"${before}, as if there were a column too many; ${BLANK}`)
    }
  }
}

/** What other programs would take for the end of an id, or a terminal for a command. */
// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const UNSAFE = /[\s\u0000-\u001f\u007f-\u009f\ufeff]/u

function checkId(id: string, complain: Complain): void {
  const [found] = UNSAFE.exec(id) ?? []
  if (found === undefined) return
  const code = found.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
  throw complain(
    `the id "${id}" holds U+${code}, which other programs read as a blank or not at all; write _ in its place`,
  )
}

/** Reads a grade: any finite number, though whole numbers are usual. */
function readGrade(text: string, complain: Complain): number {
  const grade = Number(text)
  if (NUMBER.test(text) && Number.isFinite(grade)) return grade
  throw complain(`the grade is "${text}"; write a number`)
}

/** Throws when a file holds nothing; hands back what it holds otherwise. */
function notEmpty<T extends { readonly size: number }>(path: string, table: T, what: string): T {
  if (table.size > 0) return table
  throw new RerankError('invalid-argument', `${path} holds no ${what}: is it the right file?`)
}

function readScore(text: string, complain: Complain): number {
  const [, sign] = /^([+-]?)inf(?:inity)?$/i.exec(text) ?? []
  if (sign !== undefined) return sign === '-' ? -Infinity : Infinity
  if (NUMBER.test(text)) return Number(text)
  throw complain(`the score is "${text}"; write a number`)
}

/** Only spaces and tabs part columns: what else is a blank to some programs belongs to an id, and is refused there. */
function columnsOf(line: Line, complain: Complain): string[] {
  return wholeLine(line, complain)
    .split(/[ \t]+/)
    .filter((column) => column !== '')
}

/** Old Macintosh files are one line to us, and would lose all but the first. */
function wholeLine({ text }: Line, complain: Complain): string {
  if (text.includes('\r')) throw complain('it holds a carriage return: save the file with LF or CRLF at the line ends')
  return text
}

/** One document of a corpus. */
export interface BeirDocument {
  readonly id: string
  /** Empty when the corpus has none. */
  readonly title: string
  readonly text: string
}

/** A folder in the layout of BEIR. */
export interface BeirFolder {
  /** Text by query id: those that are judged, in the order of the file. */
  readonly queries: ReadonlyMap<string, string>
  readonly qrels: Qrels
  /** Reads the corpus from the beginning, one document at a time, whatever its size. */
  corpus(): AsyncGenerator<BeirDocument>
}

/**
 * Opens a folder with `corpus.jsonl`, `queries.jsonl` and `qrels/<split>.tsv` (Thakur et al. 2021).
 *
 * @param folder path of the folder
 * @param split which judgements to read. Default `'test'`.
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, when a file is missing, and when
 *   no judged query is in `queries.jsonl`.
 */
export async function openBeirFolder(folder: string, split = 'test'): Promise<BeirFolder> {
  checkPath('folder', folder)
  checkPath('split', split)
  const queriesPath = join(folder, 'queries.jsonl')
  const qrels = await readBeirQrels(join(folder, 'qrels', `${split}.tsv`))
  const queries = await readQueries(queriesPath, qrels)
  if (queries.size === 0) {
    throw new RerankError(
      'invalid-argument',
      `${queriesPath}: 0 of ${qrels.size} judged query ids appear in it; is it of the same data set?`,
    )
  }
  return { queries, qrels, corpus: () => readCorpus(join(folder, 'corpus.jsonl')) }
}

/**
 * Reads judgements in the layout of BEIR: `query-id`, `corpus-id` and `score` on each line, separated by tabs, under a
 * header line, which may be missing.
 *
 * @throws RerankError `'invalid-argument'` with file and line when a line is malformed, and when there is none.
 */
export async function readBeirQrels(path: string): Promise<Qrels> {
  const qrels = new Map<string, Map<string, number>>()
  for await (const line of readLines(path)) {
    const complain: Complain = (fix) => malformedLine(path, line, fix)
    const [queryId, id, grade, ...rest] = wholeLine(line, complain).split('\t')
    if (!queryId || !id || grade === undefined || rest.length > 0) {
      throw complain('write three columns with tabs between them: query-id corpus-id score')
    }
    if (line.number === 1 && Number.isNaN(Number(grade))) continue
    for (const name of [queryId, id]) {
      if (name !== name.trim()) throw complain(`the id "${name}" begins or ends with a blank; leave the blank out`)
    }
    addOnce(qrels, { queryId, id, value: readGrade(grade.trim(), complain) }, complain)
  }
  return notEmpty(path, qrels, 'judgements')
}

async function readQueries(path: string, qrels: Qrels): Promise<Map<string, string>> {
  const queries = new Map<string, string>()
  for await (const line of readLines(path)) {
    const { id, text } = readEntry(path, line)
    if (!qrels.has(id)) continue
    if (queries.has(id) && queries.get(id) !== text) {
      throw malformedLine(path, line, `an earlier line gives query ${id} another text; remove one of the two`)
    }
    queries.set(id, text)
  }
  return queries
}

async function* readCorpus(path: string): AsyncGenerator<BeirDocument> {
  for await (const line of readLines(path)) yield readEntry(path, line)
}

function readEntry(path: string, line: Line): BeirDocument {
  const { _id: id, text, title = '' } = parse(path, line) as Record<'_id' | 'text' | 'title', unknown>
  if (typeof id !== 'string' || typeof text !== 'string' || typeof title !== 'string') {
    throw malformedLine(path, line, 'write an object with the strings "_id" and "text", and perhaps "title"')
  }
  if (id.trim() === '') throw malformedLine(path, line, 'its "_id" is blank; give it one')
  return { id, title, text }
}

function parse(path: string, line: Line): object {
  let value: unknown
  try {
    value = JSON.parse(line.text)
  } catch (cause) {
    throw Object.assign(malformedLine(path, line, 'it is not JSON; write one object on each line'), { cause })
  }
  if (typeof value === 'object' && value !== null) return value
  throw malformedLine(path, line, 'write one object on each line')
}
