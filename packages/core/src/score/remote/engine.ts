import { count, refuseInstruction } from '../../base/call.js'
import { checkTexts } from '../../base/check.js'
import { type Clock, onAbort, pause, waitFor } from '../../base/clock.js'
import { closedError, deadlineError, ProviderError } from '../../base/errors.js'
import { Schedule, type Turns, type Waiting } from '../../base/schedule.js'
import type { Call, Milliseconds, Scope, Scorer } from '../../types.js'

/** A scorer that asks a service or a language model. Closing it rejects what is under way. */
export interface RemoteScorer<S extends Scope = Scope> extends Scorer<S> {
  close(): Promise<void>
}

/** What a kind of service has to say of itself; all else is the same for everything remote. */
export interface Service<S extends Scope> {
  readonly id: string
  readonly scope: S
  readonly clock: Clock
  /** Requests under way at a time, over all calls of the scorer. */
  readonly concurrency: number
  /** Pairs that may wait. */
  readonly maxQueued: number
  /** How many requests so many texts will take, as far as it is known. */
  requests(texts: number): number
  /** Longest wait for the answer to one attempt. */
  readonly timeoutMs: Milliseconds
  /** Present when the scores are logits. */
  readonly toProbability?: (score: number) => number
  /** Whether it judges by the instruction of a call. */
  readonly takesInstruction?: boolean | undefined
  /** One number for each of one or more texts. */
  score(query: string, texts: readonly string[], work: Work): Promise<readonly number[]>
}

/** Makes a scorer: turns, time limits, aborts, the first failure and the end are the same for all services. */
export function remoteScorer<S extends Scope>(service: Service<S>): RemoteScorer<S> {
  const { id, scope, toProbability, takesInstruction = false } = service
  const { concurrency: places, maxQueued } = service
  const schedule = new Schedule({ id: () => id, places, maxQueued, blocks: false })
  const underWay = new Set<Work>()
  let isClosed = false
  return {
    id,
    scope,
    takesInstruction,
    async score(query, texts, call) {
      checkTexts(query, texts)
      call.signal.throwIfAborted()
      if (isClosed) throw closedError(id)
      if (!takesInstruction) refuseInstruction(id, call)
      if (texts.length === 0) return []
      const work = new Work(call, service)
      underWay.add(work)
      try {
        const size = { pairs: texts.length, effort: service.requests(texts.length) }
        return await schedule.admit(work, size, (turns) => service.score(query, texts, work.with(turns)))
      } catch (error) {
        // All or nothing: what else this call is waiting for is of no use any more.
        work.stop(error)
        throw error
      } finally {
        underWay.delete(work)
        work.end()
      }
    },
    async close() {
      isClosed = true
      for (const work of underWay) work.stop(closedError(id))
    },
    ...(toProbability && { toProbability }),
  }
}

/**
 * One call of `score` on its way. It stops when its caller aborts, when the scorer is closed, and when one of its requests
 * has failed; the first reason counts.
 */
export class Work implements Waiting {
  readonly #controller = new AbortController()
  readonly #unwatch: () => void
  readonly #service: Service<Scope>
  #turns: Turns | undefined

  constructor(
    readonly call: Call,
    service: Service<Scope>,
  ) {
    this.#service = service
    this.#unwatch = onAbort(call.signal, () => this.stop(call.signal.reason))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  get deadline(): Milliseconds {
    return this.call.deadline
  }

  get stats(): Record<string, number> {
    return this.call.stats
  }

  get caller(): object | undefined {
    return this.call.caller
  }

  now(): Milliseconds {
    return this.call.now()
  }

  /** From when it was let in. */
  with(turns: Turns): this {
    this.#turns = turns
    return this
  }

  stop(reason: unknown): void {
    this.#controller.abort(reason)
  }

  /** Stops listening to the caller. Idempotent. */
  end(): void {
    this.#unwatch()
  }

  /**
   * Gets ready when it is this call's turn: what takes time before the first request must not be done for thousands of
   * calls that wait.
   */
  prepare<T>(run: () => Promise<T>): Promise<T> {
    return this.#turn(0, run)
  }

  /**
   * Sends a request when it is this call's turn. A failure stops the whole call, before the next in line gets the turn and
   * asks for nothing.
   */
  inTurn<T>(run: () => Promise<T>): Promise<T> {
    return this.#turn(1, run)
  }

  async #turn<T>(effort: number, run: () => Promise<T>): Promise<T> {
    return (this.#turns as Turns).turn(effort, async () => {
      try {
        return await run()
      } catch (error) {
        this.stop(error)
        throw error
      }
    })
  }

  /**
   * One attempt: waits for it until its time or the caller's is up or the call stops, whichever comes first, even when the
   * attempt does not listen to its signal.
   */
  async attempt<T>(start: (signal: AbortSignal) => Promise<T>, timeoutError: () => Error): Promise<T> {
    const { id, clock, timeoutMs } = this.#service
    const { signal } = this.#controller
    const remainingMs = this.#remainingMs()
    if (remainingMs <= 0) throw deadlineError(id)
    // The call has a clock to look at, but none to wait by.
    const deadline = clock.now() + Math.min(remainingMs, timeoutMs)
    const lateError = (): Error => (remainingMs <= timeoutMs ? deadlineError(id) : timeoutError())
    try {
      return await waitFor(start, { clock, deadline, signal, deadlineError: lateError })
    } catch (error) {
      // Why the call stopped outranks whatever the attempt made of it.
      signal.throwIfAborted()
      throw error
    }
  }

  /**
   * Tries until it succeeds, fails for good, or has been tried often enough. An abort ends the wait for the next attempt
   * at once, and a wait that would outlast the deadline is not begun.
   *
   * @throws the last ProviderError; the reason of an abort; RerankError `'deadline'`.
   */
  async retrying<T>(attempt: () => Promise<T>, policy: RetryPolicy): Promise<T> {
    for (let retries = 0; ; retries++) {
      try {
        count(this.call, 'requests', 1)
        return await attempt()
      } catch (error) {
        if (!ProviderError.is(error) || !error.retryable) throw error
        if (retries >= policy.maxRetries) throw retries === 0 ? error : lastAttemptError(error, retries + 1)
        await this.#waitToRetry(error, retries, policy)
      }
    }
  }

  async #waitToRetry(error: ProviderError, retries: number, policy: RetryPolicy): Promise<void> {
    const { id, clock } = this.#service
    const waitMs = policy.hasOther() ? 0 : backoffMs(error, retries, policy)
    // Asking again before the provider said so would only be refused again.
    if (waitMs > policy.maxRetryWaitMs) throw tooLongWaitError(error, policy)
    if (waitMs >= this.#remainingMs()) {
      throw deadlineError(id, `another try would come too late after this: ${error.message}`, error)
    }
    count(this.call, 'retries', 1)
    if (waitMs > 0) await pause(waitMs, { clock, signal: this.#controller.signal })
  }

  /** Time left until the caller's deadline; `Infinity` when there is none. */
  #remainingMs(): Milliseconds {
    return this.call.deadline - this.call.now()
  }
}

/** When and how often to try again. */
export interface RetryPolicy {
  readonly maxRetries: number
  readonly maxRetryWaitMs: Milliseconds
  /** 0 to 1, as `Math.random`. */
  random(): number
  /** Whether another server can take the request now, so that there is nothing to wait for. */
  hasOther(): boolean
}

const FIRST_WAIT_MS = 500

/**
 * What the provider asked for, or a time that doubles; both with jitter, so that many callers do not come back at once.
 */
function backoffMs({ retryAfterMs }: ProviderError, retries: number, policy: RetryPolicy): Milliseconds {
  if (retryAfterMs !== undefined) return retryAfterMs + FIRST_WAIT_MS * 0.2 * policy.random()
  const longest = Math.min(FIRST_WAIT_MS * 2 ** retries, policy.maxRetryWaitMs)
  return longest * (0.5 + 0.5 * policy.random())
}

function lastAttemptError(error: ProviderError, attempts: number): ProviderError {
  return new ProviderError(`${error.message} This was attempt ${attempts}, the last.`, error)
}

function tooLongWaitError(error: ProviderError, { maxRetryWaitMs }: RetryPolicy): ProviderError {
  const asked = Math.ceil((error.retryAfterMs ?? 0) / 1000)
  const message = `${error.message} It asks to wait ${asked} s, longer than maxRetryWaitMs (${maxRetryWaitMs}): raise it, or call again later.`
  return new ProviderError(message, error)
}
