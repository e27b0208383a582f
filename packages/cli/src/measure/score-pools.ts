import { type Io, tell } from '../io.js'
import { startProgress } from '../output/terminal.js'
import type { Pool, Pools } from '../pools/types.js'
import type { Loaded } from '../scorer/load.js'
import { mapInOrder } from '../work/batch.js'
import { type Journal, type Scored, defaultJournalPath, openJournal } from './journal.js'

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
  const journal = await openJournal(path, settings, { restart: flags.restart === true })
  try {
    await scoreRest(pools, journal, { loaded, flags, io })
    journal.finish()
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
    ...(last?.blendWeight !== undefined && { blendWeight: last.blendWeight }),
    characters: texts.map(({ length }) => length),
    durationMs: report.durationMs,
  }
}
