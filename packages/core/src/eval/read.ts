import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { invalidArgument, RerankError, show } from '../base/errors.js'
import type { Qrels, Run } from './run.js'

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
  checkPath('path', path)
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

function checkPath(name: string, path: unknown): void {
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return
  throw invalidArgument(name, path, 'pass the path of a file, as a string')
}

/** The error for a line that is not what it should be: names file and line, shows the line, says the fix. */
export function malformedLine(path: string, { number, text }: Line, fix: string): RerankError {
  return new RerankError('invalid-argument', `${path}, line ${number}: ${show(text)}: ${fix}`)
}

/**
 * Puts a value under two ids. The same pair again with the same value changes nothing; with another value it is an error,
 * since it cannot be known which of the two was meant.
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
    const complain = (fix: string): RerankError => malformedLine(path, line, fix)
    const [queryId, id, grade, ...rest] = line.text.split('\t').map((column) => column.trim())
    if (!queryId || !id || grade === undefined || rest.length > 0) {
      throw complain('write three columns with tabs between them: query-id corpus-id score')
    }
    if (line.number === 1 && Number.isNaN(Number(grade))) continue
    addOnce(qrels, { queryId, id, value: readGrade(grade, complain) }, complain)
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
