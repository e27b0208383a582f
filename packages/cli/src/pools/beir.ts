import { createHash } from 'node:crypto'
import { createReadStream, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { type Qrels, type Run, openBeirFolder, rankByScore, readTrecRun } from '@secondpass/core/eval'
import { CliError, fileError } from '../errors.js'
import { type Io, tell } from '../io.js'
import { byteSize, startProgress } from '../output/terminal.js'
import { type FirstStage, searchWithBm25 } from './bm25.js'
import { CorpusReader, findPlaces } from './places.js'
import type { Pool, Pools } from './types.js'

/** What {@link openBeir} reads. */
export interface BeirFlags {
  readonly beir: string
  readonly split: string
  /** A TREC run of the first stage. Default: BM25 over the corpus. */
  readonly run?: string
  /** How many candidates a query has at most. */
  readonly candidates: number
  /** How many queries at most. */
  readonly limit?: number
}

/** Opens a folder in the layout of BEIR. The first stage is not run before it is needed. */
export async function openBeir(flags: BeirFlags, io: Io): Promise<Pools> {
  const folder = await openBeirFolder(flags.beir, flags.split)
  const queries = sampleOf(folder.queries, flags.limit)
  const missing = [...folder.qrels.keys()].filter((id) => !folder.queries.has(id)).length
  if (missing > 0) tell(io, `secondpass: ${missing} of ${folder.qrels.size} judged queries are not in queries.jsonl`)
  const qrels: Qrels = new Map([...folder.qrels].filter(([id]) => queries.has(id)))
  const corpus = join(flags.beir, 'corpus.jsonl')
  const retriever = flags.run === undefined ? 'BM25' : basename(flags.run)
  const settings = {
    corpus: await digestOf(corpus),
    queries: await digestOf(join(flags.beir, 'queries.jsonl')),
    candidates: flags.candidates,
    firstStage: flags.run === undefined ? 'BM25' : await digestOf(flags.run),
  }
  return {
    retriever,
    corpus: basename(resolve(flags.beir)),
    settings,
    queries,
    qrels,
    read: (done) => readPools({ corpus, queries, flags, io }, done),
    textsOf: (ids) => textsOf(corpus, ids, io),
  }
}

/** The first queries by a hash of their ids, in the order of the file: a smaller sample is a part of every larger one. */
function sampleOf(queries: ReadonlyMap<string, string>, limit: number = Infinity): ReadonlyMap<string, string> {
  if (limit >= queries.size) return queries
  const hashOf = (id: string): string => createHash('sha256').update(id).digest('hex')
  const drawn = [...queries.keys()]
    .map((id) => ({ id, place: hashOf(id) }))
    .sort((a, b) => (a.place < b.place ? -1 : 1))
  const chosen = new Set(drawn.slice(0, limit).map(({ id }) => id))
  return new Map([...queries].filter(([id]) => chosen.has(id)))
}

interface Source {
  readonly corpus: string
  readonly queries: ReadonlyMap<string, string>
  readonly flags: BeirFlags
  readonly io: Io
}

async function* readPools(source: Source, done: ReadonlySet<string>): AsyncGenerator<Pool> {
  const todo = new Map([...source.queries].filter(([id]) => !done.has(id)))
  if (todo.size === 0) return
  const { found, places } = await runFirstStage({ ...source, queries: todo })
  const reader = new CorpusReader(source.corpus, places)
  try {
    for (const [queryId, query] of todo) {
      const scores = found.get(queryId) ?? new Map<string, number>()
      const ids = [...scores.keys()]
      const texts = await Promise.all(ids.map((id) => reader.textOf(id)))
      yield { queryId, query, ids, scores: [...scores.values()], texts, place: source.corpus }
    }
  } finally {
    await reader.close()
  }
}

async function runFirstStage({ corpus, queries, flags, io }: Source): Promise<FirstStage> {
  const { run, candidates: count } = flags
  if (run !== undefined) return fromRun({ corpus, queries, count, io, run: await readTrecRun(run) })
  const total = 2 * (statSync(corpus, { throwIfNoEntry: false })?.size ?? 0)
  const progress = startProgress(io, { label: 'BM25', total, format: byteSize })
  try {
    return await searchWithBm25(corpus, queries, { count, io, onRead: (bytes) => progress.update(bytes) })
  } finally {
    progress.stop()
  }
}

/** The head of each list of a run, in the order trec_eval reads it. */
async function fromRun({
  corpus,
  queries,
  count,
  io,
  run,
}: Pick<Source, 'corpus' | 'queries' | 'io'> & { readonly count: number; readonly run: Run }): Promise<FirstStage> {
  const shared = [...queries.keys()].filter((id) => run.has(id)).length
  if (shared === 0) {
    throw new CliError(
      `--run: 0 of ${queries.size} query ids appear in the run, which begins with "${run.keys().next().value}": is it of the same data set?`,
    )
  }
  if (shared < queries.size) tell(io, `secondpass: ${shared} of ${queries.size} query ids appear in the run`)
  const found = new Map(
    [...queries.keys()].map((queryId) => {
      const scores = run.get(queryId) ?? new Map<string, number>()
      const head = rankByScore(scores).slice(0, count)
      return [queryId, new Map(head.map((id) => [id, scores.get(id) as number]))] as const
    }),
  )
  const ids = new Set([...found.values()].flatMap((scores) => [...scores.keys()]))
  return { found, places: await findPlaces(corpus, ids, io) }
}

async function textsOf(corpus: string, ids: ReadonlySet<string>, io: Io): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  if (ids.size === 0) return texts
  const reader = new CorpusReader(corpus, await findPlaces(corpus, ids, io))
  try {
    for (const id of ids) texts.set(id, await reader.textOf(id))
  } finally {
    await reader.close()
  }
  return texts
}

/** The sha256 of a file, which tells whether scores of an earlier run still hold. */
export async function digestOf(path: string): Promise<string> {
  const hash = createHash('sha256')
  try {
    for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer)
  } catch (error) {
    throw fileError(path, 'read', error)
  }
  return hash.digest('hex').slice(0, 16)
}
