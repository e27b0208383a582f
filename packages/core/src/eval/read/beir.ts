import { join } from 'node:path'
import type { Qrels } from '../types.js'
import { RerankError } from '../../errors.js'
import { type Line, addOnce, malformedLine, readLines } from './lines.js'
import { notEmpty, readGrade } from './trec.js'

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
