import { createHash } from 'node:crypto'
import { closeSync, existsSync, openSync, readFileSync, readSync } from 'node:fs'
import { misuse, show } from '../errors.js'
import { type Io, tell } from '../io.js'
import { AppendFile } from '../output/append-file.js'
import { startProgress } from '../output/terminal.js'
import type { Pool, Pools } from '../pools/types.js'
import type { Loaded } from '../scorer/load.js'
import { type Settings, firstDifference, mapInOrder } from '../work/batch.js'

/** Options of {@link scorePools}. */
export interface ScoreFlags {
  readonly state?: string
  readonly restart?: boolean
  readonly concurrency: number
}

/**
 * Reranks every pool that was not reranked before, one query after the other, and keeps each answer in a file at once: a
 * run that is stopped, however it was, resumes where it stopped.
 *
 * @returns one entry per query, in the order of the queries.
 */
export async function scorePools(
  pools: Pools,
  { loaded, flags, io }: { readonly loaded: Loaded; readonly flags: ScoreFlags; readonly io: Io },
): Promise<Scored[]> {
  const settings = { scorer: loaded.id, ...pools.settings }
  const path = flags.state ?? defaultJournalPath(settings)
  const journal = openJournal(path, settings, { restart: flags.restart === true })
  try {
    await scoreRest(pools, journal, { loaded, flags, io })
    return [...pools.queries.keys()].flatMap((id) => journal.scored.get(id) ?? [])
  } finally {
    journal.close()
  }
}

async function scoreRest(
  pools: Pools,
  journal: Journal,
  { loaded, flags, io }: { readonly loaded: Loaded; readonly flags: ScoreFlags; readonly io: Io },
): Promise<void> {
  const total = pools.queries.size
  const done = new Set([...pools.queries.keys()].filter((id) => journal.scored.has(id)))
  const before = done.size === 0 ? '' : `; ${done.size} were scored before, --restart scores them again`
  tell(io, `secondpass: ${total} queries; scores are kept in ${journal.path}${before}`)
  if (done.size === total) return
  await loaded.reranker.warmup()
  const progress = startProgress(io, { label: 'reranking', total, start: done.size })
  try {
    let count = done.size
    const answers = mapInOrder(pools.read(done), flags.concurrency, (pool) => scoreOne(pool, loaded, io))
    for await (const scored of answers) {
      journal.add(scored)
      count += 1
      progress.update(count)
    }
  } finally {
    progress.stop()
  }
}

async function scoreOne({ queryId, query, ids, scores, texts }: Pool, { reranker }: Loaded, io: Io): Promise<Scored> {
  io.signal.throwIfAborted()
  const candidates = texts.map((text, at) => ({ text, score: scores[at], id: ids[at] }))
  const { results, report } = await reranker.rerank(query, candidates, { signal: io.signal })
  const last = report.stages.at(-1)
  const numbers = new Array<number | null>(ids.length).fill(null)
  for (const { index, score, logit } of results) numbers[index] = logit ?? score ?? null
  return {
    queryId,
    query,
    ids,
    firstStage: scores.map((score) => score ?? null),
    order: results.map(({ index }) => index),
    scores: numbers,
    outcome: last?.outcome ?? 'ranked',
    ...(last && { scorerId: last.scorerId }),
    blended: report.stages.some(({ blended }) => blended),
    characters: texts.map(({ length }) => length),
    durationMs: report.durationMs,
  }
}

/** One query that was reranked: what there is to measure, and no text but the query. */
export interface Scored {
  readonly queryId: string
  readonly query: string
  /** Document ids in the order of the first stage. */
  readonly ids: readonly string[]
  readonly firstStage: readonly (number | null)[]
  /** Places in `ids`, best first, as the reranker ordered them. */
  readonly order: readonly number[]
  /** The scorer's own number for each of `ids`; `null` where it gave none. */
  readonly scores: readonly (number | null)[]
  readonly outcome: string
  /** Id of the scorer that answered; missing for a query without candidates. */
  readonly scorerId?: string
  readonly blended: boolean
  /** How long each text is, in characters: what a prompt takes is estimated from it. */
  readonly characters: readonly number[]
  readonly durationMs: number
}

/** The scored queries of a run that may be stopped and continued. */
export interface Journal {
  readonly path: string
  /** What was scored so far, by query id; grows with `add`. */
  readonly scored: ReadonlyMap<string, Scored>
  add(scored: Scored): void
  close(): void
}

/** Where a run with these settings keeps its scores unless told otherwise: other settings, another file. */
export function defaultJournalPath(settings: Settings): string {
  return `secondpass-${createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 10)}.jsonl`
}

/**
 * Opens the file of a run, or begins it. Its first line holds the settings, each other line one query.
 *
 * @throws CliError when the file was begun with other settings, or is none of ours.
 */
export function openJournal(path: string, settings: Settings, { restart }: { readonly restart: boolean }): Journal {
  refuseForeign(path)
  const file = new AppendFile(path)
  if (restart) file.clear()
  const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : []
  const scored = new Map<string, Scored>()
  if (lines.length === 0) file.add(JSON.stringify({ secondpass: 'scored', version: 1, settings }))
  else checkHeader(path, lines[0] as string, settings)
  for (const line of lines.slice(1)) {
    const entry = readEntry(path, line)
    scored.set(entry.queryId, entry)
  }
  return {
    path,
    scored,
    add(entry) {
      file.add(JSON.stringify(entry))
      scored.set(entry.queryId, entry)
    },
    close: () => file.close(),
  }
}

/** How each of our files begins. */
const BEGINNING = '{"secondpass":"scored"'

/** What is not ours is neither cut nor emptied, whatever was asked for. */
function refuseForeign(path: string): void {
  if (!existsSync(path)) return
  const fd = openSync(path, 'r')
  const head = Buffer.alloc(BEGINNING.length)
  const read = readSync(fd, head)
  closeSync(fd)
  if (BEGINNING.startsWith(head.toString('latin1', 0, read))) return
  throw misuse(`--state ${path} was not written by secondpass: name another file`)
}

function readEntry(path: string, line: string): Scored {
  try {
    return JSON.parse(line) as Scored
  } catch {
    throw misuse(`--state ${path} holds ${show(line)}, which is no score: name another file, or add --restart`)
  }
}

function checkHeader(path: string, line: string, settings: Settings): void {
  const fix = 'name another file with --state, or add --restart to score again'
  let header: { readonly secondpass?: unknown; readonly version?: unknown; readonly settings?: Settings }
  try {
    header = JSON.parse(line) as typeof header
  } catch {
    header = {}
  }
  if (header.secondpass !== 'scored' || header.version !== 1 || header.settings === undefined) {
    throw misuse(`--state ${path} was not written by this version of secondpass: ${fix}`)
  }
  const difference = firstDifference(header.settings, settings)
  if (difference !== undefined) throw misuse(`--state ${path} was begun with ${difference}: ${fix}`)
}
