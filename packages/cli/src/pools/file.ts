import { basename } from 'node:path'
import type { Judgements } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import { type Task, badLine, candidateId, readTask } from '../input/json-lines.js'
import { readLines } from '../input/open.js'
import { idText } from '../input/source.js'
import type { Io } from '../io.js'
import { digestOf } from './beir.js'
import type { Pool, Pools } from './types.js'

/** What {@link openPoolFile} reads. */
export interface PoolFileFlags {
  readonly input: string
  /** How many candidates of a query are looked at, from the top. */
  readonly candidates: number
  /** How many queries at most, from the top of the file. */
  readonly limit?: number
}

/**
 * Opens a file with a query on each line, in the format of `rerank --input`. Judgements stand in `"judgements"`, an object
 * of grades by document id, or as a number in the `"label"` of each candidate, as `label` writes them.
 *
 * The file is read once for the judgements and again for the texts, and never held in memory as a whole.
 */
export async function openPoolFile(flags: PoolFileFlags, io: Io): Promise<Pools> {
  const { input, candidates, limit = Infinity } = flags
  if (input === '-') throw misuse('--input is "-": it is read more than once here, so name a file')
  const queries = new Map<string, string>()
  const qrels = new Map<string, Judgements>()
  for await (const { queryId, task, name } of readPoolFile(flags, io)) {
    if (queries.has(queryId)) throw name(`an earlier line has the id "${queryId}"; give each query its own`)
    queries.set(queryId, task.query)
    const judgements = judgementsOf(task)
    if (judgements.size > 0) qrels.set(queryId, judgements)
    if (queries.size >= limit) break
  }
  if (queries.size === 0) throw new CliError(`${input} holds no queries: is it the right file?`)
  return {
    retriever: basename(input),
    corpus: basename(input),
    settings: { input: await digestOf(input), candidates },
    queries,
    qrels,
    read: (done) => readPools(flags, { io, queries, done }),
    textsOf: (ids) => textsOf(flags, ids, io),
  }
}

interface PoolLine {
  readonly queryId: string
  readonly task: Task
  readonly line: number
  /** The error for this line. */
  readonly name: (fix: string) => CliError
}

async function* readPoolFile({ input, candidates }: PoolFileFlags, io: Io): AsyncGenerator<PoolLine> {
  for await (const line of readLines(input, io)) {
    io.signal.throwIfAborted()
    const name = (fix: string): CliError => badLine(line, fix)
    const task = readTask(line)
    const head = { ...task, candidates: task.candidates.slice(0, candidates) }
    if (new Set(head.candidates.map(candidateId)).size < head.candidates.length) {
      throw name('two candidates have the same id; list each once')
    }
    const { idSource } = task
    yield {
      queryId: idSource === undefined ? `line-${line.number}` : idText(idSource),
      task: head,
      line: line.number,
      name,
    }
  }
}

async function* readPools(
  flags: PoolFileFlags,
  { io, queries, done }: { readonly io: Io; readonly queries: Pools['queries']; readonly done: ReadonlySet<string> },
): AsyncGenerator<Pool> {
  let left = queries.size - done.size
  if (left <= 0) return
  for await (const { queryId, task, line } of readPoolFile(flags, io)) {
    if (!queries.has(queryId) || done.has(queryId)) continue
    const { query, candidates } = task
    const texts = candidates.map(({ value }) => value.text)
    const scores = candidates.map(({ value }) => value.score)
    yield { queryId, query, ids: candidates.map(candidateId), scores, texts, place: `${flags.input}, line ${line}` }
    left -= 1
    if (left === 0) return
  }
}

async function textsOf(flags: PoolFileFlags, ids: ReadonlySet<string>, io: Io): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  for await (const { task } of readPoolFile(flags, io)) {
    for (const [at, candidate] of task.candidates.entries()) {
      const id = candidateId(candidate, at)
      if (ids.has(id) && !texts.has(id)) texts.set(id, candidate.value.text)
    }
  }
  return texts
}

function judgementsOf({ judgements = new Map(), candidates }: Task): Judgements {
  const labels = candidates.flatMap((candidate, at): [string, number][] => {
    const label = candidate.value['label']
    return typeof label === 'number' ? [[candidateId(candidate, at), label]] : []
  })
  return new Map([...labels, ...judgements])
}
