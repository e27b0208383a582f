import { RerankError } from '@secondpass/core'
import type { Job, Worker } from 'bullmq'
import { CliError, type ExitCode, exitCodes, oneLine, usageError } from '../errors.js'
import { objectOf, readTask } from '../input/json-lines.js'
import { type Io, tell } from '../io.js'
import { startProgress } from '../output/terminal.js'
import { printedOutcome, printedResult } from '../rerank/pool.js'
import type { Loaded } from '../scorer/load.js'
import type { ScorerFlags } from '../scorer/options.js'
import { type RedisClient, redisClient } from '../redis.js'

/** The options of `secondpass work`. */
export interface WorkFlags extends ScorerFlags {
  readonly queue: string
  readonly redis: string
  readonly concurrency: number
  readonly topN?: number
  readonly depth?: number
  readonly minScore?: number
  readonly idsOnly?: boolean
  readonly stalledMs: number
}

/** How often a job may be taken over from a worker that is gone before it counts as failed. */
const MOST_TAKEOVERS = 5

/** Time between two looks at how much is left, for a person who watches. */
const LOOK_MS = 1000

/**
 * Takes jobs from a queue of BullMQ and leaves the rankings as their results, until the signal of `io` aborts; then finishes
 * what is under way. A job is held by a lock that this process renews: when the process is gone another takes the job over,
 * and only who holds the lock can leave a result, so each job has one.
 */
export async function work(flags: WorkFlags, { reranker }: Pick<Loaded, 'reranker'>, io: Io): Promise<ExitCode> {
  const { Queue, UnrecoverableError, Worker: BullWorker } = await loadBullMq()
  const isTold = { value: false }
  const lost = (what: string): void => {
    if (!isTold.value) tell(io, `secondpass: the queue cannot be reached, and is tried again (${what})`)
    isTold.value = true
  }
  const clients: RedisClient[] = []
  const client = async (): Promise<RedisClient> => {
    const made = await redisClient(flags.redis, { option: '--redis', lost, back: () => (isTold.value = false) })
    clients.push(made)
    return made
  }
  const answer = async (job: Job): Promise<unknown> => {
    try {
      return await rankJob(job, flags, reranker)
    } catch (error) {
      // What is wrong with the job itself is wrong the next time too.
      const isHopeless = error instanceof CliError || (RerankError.is(error) && error.code === 'invalid-argument')
      throw isHopeless ? new UnrecoverableError(oneLine(error)) : error
    }
  }
  try {
    const queue = new Queue(flags.queue, { connection: await client() })
    const worker = new BullWorker(flags.queue, answer, {
      connection: await client(),
      concurrency: flags.concurrency,
      lockDuration: flags.stalledMs,
      stalledInterval: flags.stalledMs,
      maxStalledCount: MOST_TAKEOVERS,
    })
    queue.on('error', (error) => lost(error.name))
    worker.on('error', (error) => lost(error.name))
    const counts = await watch(worker, { io, left: () => queue.getJobCounts('wait', 'active', 'completed', 'failed') })
    await worker.close()
    await queue.close()
    tell(io, `secondpass: ${counts.completed} jobs of ${flags.queue} done, ${counts.failed} failed attempts`)
  } finally {
    for (const one of clients) one.destroy()
  }
  return exitCodes.ok
}

interface Watched {
  readonly io: Io
  left(): Promise<Readonly<Record<string, number>>>
}

/** Shows how it goes until the signal aborts. */
async function watch(worker: Worker, { io, left }: Watched): Promise<{ completed: number; failed: number }> {
  const counts = { completed: 0, failed: 0 }
  const progress = startProgress(io, { label: 'jobs' })
  const look = async (): Promise<void> => {
    const { wait = 0, active = 0, completed = 0, failed = 0 } = await left()
    progress.update(completed + failed, wait + active + completed + failed)
  }
  worker.on('completed', () => (counts.completed += 1))
  worker.on('failed', (job, error) => {
    counts.failed += 1
    progress.stop()
    tell(io, `secondpass: job ${job?.id ?? '?'} failed: ${RerankError.is(error) ? error.code : error.name}`)
  })
  const timer = io.stderr.isTTY === true ? setInterval(() => void look().catch(() => undefined), LOOK_MS) : undefined
  tell(io, `secondpass: waiting for jobs`)
  try {
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve()
      else io.signal.addEventListener('abort', () => resolve(), { once: true })
    })
  } finally {
    clearInterval(timer)
    progress.stop()
  }
  return counts
}

/** A job is what a line of a batch is, and its result what the line of the output would be. */
async function rankJob(
  { id, data }: Pick<Job, 'id' | 'data'>,
  { idsOnly = false }: WorkFlags,
  reranker: Loaded['reranker'],
): Promise<unknown> {
  const task = readTask({ file: `job ${id ?? '?'}`, number: 1, text: JSON.stringify(data) })
  const { query, candidates, idSource } = task
  const ranking = await reranker.rerank(
    query,
    candidates.map(({ value }) => value),
  )
  const outcome = Object.entries(printedOutcome(ranking) ?? {}).map(([key, value]) => [key, JSON.stringify(value)])
  const rows = ranking.results.map((result) => printedResult(result, candidates, idsOnly))
  const members = [['id', idSource], ...outcome, ['results', `[${rows.join(',')}]`]] as [string, string | undefined][]
  return JSON.parse(objectOf(members))
}

async function loadBullMq(): Promise<typeof import('bullmq')> {
  return import('bullmq').catch((cause: unknown) => {
    const fix = 'install it beside the command: npm install --global bullmq @redis/client'
    throw new CliError(`secondpass work needs the package bullmq: ${fix}`, { cause })
  })
}

/** @throws CliError for a name that BullMQ does not take. */
export function readQueueName(text: string): string {
  if (text !== '' && !text.includes(':')) return text
  throw usageError('--queue', text, 'pass the name of a queue, without a colon')
}
