import { pathToFileURL } from 'node:url'
import { Worker, type WorkerOptions } from 'node:worker_threads'
import { systemClock, waitFor } from '../../../base/clock.js'
import { count } from '../../../base/call.js'
import { installError, isError, isInstallFault, RerankError, type RerankErrorCode } from '../../../base/errors.js'
import type { Call } from '../../../types.js'
import { isAbsent, keepOutOfBundle, workerFile } from '../installed.js'
import type { EncodedPair } from '../pairs.js'
import { closedWhileScoring } from '../reading.js'
import { type Lease, leaseFor, type SharedCache } from '../states.js'
import { loadRuntime, type Opened, type OpenedRunner, type SessionOptions } from './node.js'
import { startProcess, type Thread, threadRules } from './processes.js'
import { type FromWorker, guardExit, type ToWorker } from './threads.js'

/** Pairs that a worker is handed at a time: the one it runs and the next, so that it never waits for the main thread. */
export const PAIRS_PER_WORKER = 2

/** A worker and what it was handed and has not answered. */
interface Hand {
  readonly thread: Thread
  readonly pending: Map<number, Pending>
  /** Places in the cache that its runs use; given back when a run has ended, or the thread. */
  readonly leases: Map<number, Lease>
  /** How many chunks of the cache's memory it was told of. */
  chunks: number
}

interface Pending {
  /** With the logit of a pair, or the states of a text. */
  resolve(answer: number | Uint8Array): void
  reject(error: unknown): void
}

/** What a worker is handed: a pair to be scored, or one whose second text is to be encoded. */
interface Work {
  readonly type: 'pair' | 'text'
  readonly pair: EncodedPair
}

/**
 * Worker threads with one session each, so that the caller's event loop is free while they compute; a pair goes to the
 * one that has least to do. Idle workers do not keep the process alive. When a worker crashes, what is under way rejects
 * and every worker is given up; `onLost` tells the owner to start anew.
 */
export async function startPool(size: number, options: SessionOptions, onLost: () => void): Promise<WorkerPool> {
  const pool = new WorkerPool(options, onLost)
  await pool.start(size)
  return pool
}

export class WorkerPool implements OpenedRunner {
  opened: Opened = { provider: 'cpu', refused: [] }
  /** Where the states of passages are kept, for all workers; none are kept until there is one. */
  shared: SharedCache | undefined
  /** Of what is kept of a passage; nothing for a graph that keeps nothing. */
  passageWidth: number | undefined
  readonly #options: SessionOptions
  readonly #onLost: () => void
  readonly #hands = new Set<Hand>()
  #pairs = 0
  #rules = { areSafe: true, mustHold: false }
  #gone: RerankError | undefined

  constructor(options: SessionOptions, onLost: () => void) {
    this.#options = options
    this.#onLost = onLost
  }

  async start(size: number): Promise<void> {
    this.#rules = threadRules()
    try {
      if (this.#rules.mustHold) await loadRuntime()
      await Promise.all(Array.from({ length: size }, () => this.#startWorker()))
    } catch (error) {
      await this.close()
      throw error
    }
  }

  async score(pair: EncodedPair, call: Pick<Call, 'stats'>): Promise<number> {
    // Memory is shared between threads, not between processes.
    const cache = this.#rules.areSafe ? this.shared?.cache : undefined
    const lease = leaseFor(pair, cache, this.passageWidth)
    const logit = await this.#run({ type: 'pair', pair }, lease)
    if (lease?.known === true) count(call, 'passageCacheHits', 1)
    return logit as number
  }

  get encodeText(): ((pair: EncodedPair) => Promise<Uint8Array>) | undefined {
    if (this.passageWidth === undefined) return undefined
    return async (pair) => (await this.#run({ type: 'text', pair }, undefined)) as Uint8Array
  }

  knows(text: string): boolean {
    return this.shared?.cache.knows(text) === true
  }

  #run({ type, pair }: Work, lease: Lease | undefined): Promise<number | Uint8Array> {
    return new Promise((resolve, reject) => {
      if (this.#gone !== undefined) {
        lease?.release(false)
        return reject(this.#gone)
      }
      const [first, ...others] = this.#hands
      const hand = others.reduce((least, one) => (one.pending.size < least.pending.size ? one : least), first as Hand)
      const id = this.#pairs++
      hand.pending.set(id, { resolve, reject })
      if (hand.pending.size === 1) hand.thread.ref()
      if (lease !== undefined) hand.leases.set(id, lease)
      const place = lease && { blocks: lease.blocks, known: lease.known }
      const chunks = lease === undefined ? [] : (this.shared?.cache.blocks.chunks.slice(hand.chunks) ?? [])
      for (const chunk of chunks) {
        hand.thread.postMessage({ type: 'memory', chunk } satisfies ToWorker)
        hand.chunks += 1
      }
      const { ids, secondSegmentStart, states } = pair
      const message: ToWorker = { type, pair: { id, ids, secondSegmentStart, place, states } }
      hand.thread.postMessage(message)
    })
  }

  async close(): Promise<void> {
    this.#giveUp(closedWhileScoring())
    const threads = [...this.#hands].map(({ thread }) => thread)
    const exits = threads.map((thread) => new Promise((resolve) => thread.once('exit', resolve)))
    for (const thread of threads) {
      thread.ref()
      thread.postMessage({ type: 'close' } satisfies ToWorker)
    }
    await whenEnded(exits, threads)
  }

  async #startWorker(): Promise<void> {
    try {
      await this.#startThread((data) => startThread(this.#rules.areSafe, data))
    } catch (cause) {
      if (RerankError.is(cause)) throw cause
      const file = workerFile()
      if (file === undefined) throw withoutFile(cause)
      await this.#startThread((data) => startThread(this.#rules.areSafe, data, file))
    }
  }

  #startThread(create: (data: object) => Thread): Promise<void> {
    const guard = guardExit()
    const thread = create({ flags: guard.flags, options: this.#options })
    const hand: Hand = { thread, pending: new Map(), leases: new Map(), chunks: 0 }
    this.#hands.add(hand)
    return new Promise((resolve, reject) => {
      thread.on('message', (message: FromWorker) => {
        if (message.type === 'failed') return reject(asRerankError(message.error, message.code))
        if (message.type !== 'ready') return settle(hand, message)
        this.opened = message.opened
        this.passageWidth = message.passageWidth
        thread.unref()
        resolve()
      })
      thread.once('error', (cause: Error) => {
        // It never ran: another one is started from elsewhere.
        if (isWithoutFile(cause) && this.#hands.delete(hand)) return reject(cause)
        reject(notStarted(cause))
        this.#lose(new RerankError('scorer', `A scoring worker crashed (${cause.message}): call again.`, { cause }))
      })
      thread.once('exit', (exitCode: number) => {
        guard.release()
        // Not before: a thread that is still inside a run may write there.
        for (const lease of hand.leases.values()) lease.release(false)
        if (!this.#hands.delete(hand)) return
        const error = new RerankError('scorer', `A scoring worker ended with exit code ${exitCode}: call again.`)
        reject(notStarted(error))
        this.#lose(error)
      })
    })
  }

  /** A worker is gone although nobody closed the pool: the rest are closed too, and the owner starts anew. */
  #lose(error: RerankError): void {
    if (this.#gone !== undefined) return
    this.#giveUp(error)
    for (const { thread } of this.#hands) thread.postMessage({ type: 'close' } satisfies ToWorker)
    this.#onLost()
  }

  #giveUp(error: RerankError): void {
    if (this.#gone === undefined) this.shared?.close()
    this.#gone ??= error
    for (const { pending } of this.#hands) {
      for (const { reject } of pending.values()) reject(error)
      pending.clear()
    }
  }
}

/**
 * A thread, or a process where a thread could end all others.
 *
 * @param file where the worker's file is, when it is not beside this one
 */
function startThread(isSafe: boolean, data: object, file?: string): Thread {
  if (!isSafe)
    return startProcess(file === undefined ? new URL('./worker.js', import.meta.url) : pathToFileURL(file), data)
  // The caller's own flags (--input-type, loaders) are not meant for this file and may be refused for it.
  const options: WorkerOptions = { workerData: data, execArgv: [] }
  // In one expression, by which bundlers know that it is a file of ours and what becomes of it.
  return file === undefined ? new Worker(new URL('./worker.js', import.meta.url), options) : new Worker(file, options)
}

/** A worker that never came to answer is a fault of the installation or the machine, which no second try mends. */
function notStarted(cause: Error): RerankError {
  if (isInstallFault(cause)) return installError('a scoring worker', cause)
  const message = `A scoring worker could not start (${cause.message.split('\n')[0]}): see the cause, or pass workers: 0.`
  return new RerankError('runtime', message, { cause })
}

function settle({ thread, pending, leases }: Hand, message: Extract<FromWorker, { readonly id: number }>): void {
  leases.get(message.id)?.release(message.type === 'scored')
  leases.delete(message.id)
  const waiting = pending.get(message.id)
  if (waiting === undefined) return
  pending.delete(message.id)
  if (pending.size === 0) thread.unref()
  if (message.type === 'scored') waiting.resolve(message.logit)
  else if (message.type === 'encoded') waiting.resolve(message.states)
  else waiting.reject(asRerankError(message.error, undefined))
}

/**
 * Whether a thread ended before it ran, because its file or one that it loads is not there, or because a bundler has left
 * a copy in its place that is no program.
 */
function isWithoutFile(cause: unknown): boolean {
  return isAbsent(cause) || (isError(cause) && cause.name === 'SyntaxError')
}

function withoutFile(cause: unknown): RerankError {
  const fix = keepOutOfBundle() ?? 'install @secondpass/core again'
  const said = (cause as Error).message.split('\n')[0]
  return new RerankError('runtime', `The scoring worker did not find its file worker.js (${said}): ${fix}.`, { cause })
}

/** More than the longest pair takes on a slow machine. */
const LONGEST_CLOSE_MS = 10_000

/**
 * Waits until the threads have ended, and no longer than a run can take: a thread inside a graph that never ends cannot be
 * stopped without the whole process. It is left behind.
 *
 * @throws RerankError `'scorer'` when one is still running.
 */
async function whenEnded(exits: readonly Promise<unknown>[], threads: readonly Thread[]): Promise<void> {
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
  const message = isError(cause) ? cause.message : String(cause)
  return new RerankError((code ?? 'scorer') as RerankErrorCode, message, { cause })
}
