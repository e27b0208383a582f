import { Worker } from 'node:worker_threads'
import { count } from '../../../base/call.js'
import { systemClock, waitFor } from '../../../base/clock.js'
import { RerankError, type RerankErrorCode } from '../../../base/errors.js'
import type { Call } from '../../../types.js'
import { checkStillWanted, closedWhileScoring, deadlinePassed, type PairSource } from '../reading.js'
import { type FromWorker, guardExit, type Job, makeJob, STOP, type ToWorker } from './job.js'
import type { Opened, OpenedRunner, SessionOptions } from './node.js'

interface Pending {
  readonly job: Job
  scored: number
  settle(error?: unknown): void
}

/**
 * Worker threads with one session each, which pull pairs from a shared counter, so that the caller's event loop is free
 * while they compute. Idle workers do not keep the process alive. When a worker crashes, the requests under way reject
 * and every worker is given up; `onLost` tells the owner to start anew.
 */
export async function startPool(size: number, options: SessionOptions, onLost: () => void): Promise<OpenedRunner> {
  const pool = new Pool(options, onLost)
  await pool.start(size)
  return pool
}

class Pool implements OpenedRunner {
  opened: Opened = { provider: 'cpu', refused: [] }
  readonly #options: SessionOptions
  readonly #onLost: () => void
  readonly #workers = new Set<Worker>()
  readonly #pending = new Map<number, Pending>()
  #jobs = 0
  #gone: RerankError | undefined

  constructor(options: SessionOptions, onLost: () => void) {
    this.#options = options
    this.#onLost = onLost
  }

  async start(size: number): Promise<void> {
    try {
      await Promise.all(Array.from({ length: size }, () => this.#startWorker()))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async run(pairs: PairSource, call: Call): Promise<Float64Array> {
    checkStillWanted(call)
    if (pairs.length === 0) return new Float64Array(0)
    const job = await makeJob(this.#jobs++, pairs, () => checkStillWanted(call))
    checkStillWanted(call)
    if (this.#gone !== undefined) throw this.#gone
    await this.#score(job, call)
    count(call, 'runs', job.order.length)
    return Float64Array.from(job.logits)
  }

  async close(): Promise<void> {
    this.#giveUp(closedWhileScoring())
    const exits = [...this.#workers].map((worker) => new Promise((resolve) => worker.once('exit', resolve)))
    for (const worker of this.#workers) {
      worker.ref()
      worker.postMessage({ type: 'close' } satisfies ToWorker)
    }
    await whenEnded(exits, [...this.#workers])
  }

  async #score(job: Job, call: Call): Promise<void> {
    const start = (): Promise<void> => this.#hand(job)
    const clock = { ...systemClock, now: () => call.now() }
    const { deadline, signal } = call
    try {
      await waitFor(start, { clock, deadline, signal, deadlineError: deadlinePassed })
    } finally {
      this.#finish(job)
    }
  }

  /** Nobody waits for the job any more: its workers stop before their next pair, and keep no process alive for it. */
  #finish(job: Job): void {
    if (!this.#pending.delete(job.id)) return
    if (this.#pending.size === 0) for (const worker of this.#workers) worker.unref()
    Atomics.store(job.control, STOP, 1)
  }

  /** Gives the job to every worker; done when all its pairs are scored. */
  #hand(job: Job): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (error?: unknown): void => {
        // At once, not when the promise has settled: close() refs the workers anew right after it gave up their jobs.
        this.#finish(job)
        if (error === undefined) resolve()
        else reject(error as Error)
      }
      this.#pending.set(job.id, { job, scored: 0, settle })
      for (const worker of this.#workers) {
        worker.ref()
        worker.postMessage({ type: 'job', job } satisfies ToWorker)
      }
    })
  }

  #startWorker(): Promise<void> {
    const guard = guardExit()
    const worker = new Worker(new URL('./worker.js', import.meta.url), {
      workerData: { flags: guard.flags, options: this.#options },
      // The caller's own flags (--input-type, loaders) are not meant for this file and may be refused for it.
      execArgv: [],
    })
    this.#workers.add(worker)
    return new Promise((resolve, reject) => {
      worker.on('message', (message: FromWorker) => {
        if (message.type === 'done') return this.#done(message)
        if (message.type === 'failed') return reject(asRerankError(message.error, message.code))
        this.opened = message.opened
        worker.unref()
        resolve()
      })
      worker.once('error', (cause) => {
        const error = new RerankError('scorer', `A scoring worker crashed (${cause.message}): call again.`, { cause })
        reject(error)
        this.#lose(error)
      })
      worker.once('exit', (exitCode) => {
        guard.release()
        this.#workers.delete(worker)
        const error = new RerankError('scorer', `A scoring worker ended with exit code ${exitCode}: call again.`)
        reject(error)
        this.#lose(error)
      })
    })
  }

  #done(message: FromWorker & { type: 'done' }): void {
    const pending = this.#pending.get(message.jobId)
    if (pending === undefined) return
    if (message.error !== undefined) return pending.settle(asRerankError(message.error, undefined))
    pending.scored += message.scored
    if (pending.scored === pending.job.order.length) pending.settle()
  }

  /** A worker is gone although nobody closed the pool: the rest are closed too, and the owner starts anew. */
  #lose(error: RerankError): void {
    if (this.#gone !== undefined) return
    this.#giveUp(error)
    for (const worker of this.#workers) worker.postMessage({ type: 'close' } satisfies ToWorker)
    this.#onLost()
  }

  #giveUp(error: RerankError): void {
    this.#gone ??= error
    for (const pending of this.#pending.values()) pending.settle(error)
  }
}

/** More than the longest pair takes on a slow machine. */
const LONGEST_CLOSE_MS = 10_000

/**
 * Waits until the threads have ended, and no longer than a run can take: a thread inside a graph that never ends cannot be
 * stopped without the whole process. It is left behind, and keeps the process no longer.
 *
 * @throws RerankError `'scorer'` when one is still running.
 */
async function whenEnded(exits: readonly Promise<unknown>[], threads: readonly Worker[]): Promise<void> {
  const fix = 'its graph may have no end; do not use this model'
  const stuck = (): Error => {
    for (const thread of threads) thread.unref()
    return new RerankError('scorer', `A model was still running ${LONGEST_CLOSE_MS} ms after close(): ${fix}.`)
  }
  const deadline = systemClock.now() + LONGEST_CLOSE_MS
  await waitFor(() => Promise.all(exits), { clock: systemClock, deadline, deadlineError: stuck })
}

/** Errors cross threads as copies without their class. */
function asRerankError(cause: unknown, code: string | undefined): RerankError {
  const message = cause instanceof Error ? cause.message : String(cause)
  return new RerankError((code ?? 'scorer') as RerankErrorCode, message, { cause })
}
