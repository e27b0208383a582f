import { count } from '../../base/call.js'
import { ProviderError, RerankError } from '../../base/errors.js'
import type { Call } from '../../types.js'
import { afterAttempts } from './http.js'

/** Where time comes from. Pass your own to test without waiting; that of `createReranker` fits as it is. */
export interface HostedClock {
  /** A monotonic time in milliseconds. */
  now(): number
  /** Calls back once after `delayMs`; the handle goes to {@link HostedClock.clearTimeout}. */
  setTimeout(callback: () => void, delayMs: number): unknown
  clearTimeout(handle: unknown): void
  /** Milliseconds since 1970, to read dates in `Retry-After`. Default `Date.now`. */
  wallTime?(): number
}

/** The clock of the machine. */
export const machineClock: HostedClock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** A longer delay overflows the 32-bit timer of JavaScript engines, which would then fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Starts a timer, unless it lies too far ahead to matter; the returned function clears it. */
export function setLongTimeout(clock: HostedClock, callback: () => void, delayMs: number): () => void {
  if (delayMs > LONGEST_DELAY_MS) return () => {}
  const handle = clock.setTimeout(callback, Math.max(0, delayMs))
  return () => clock.clearTimeout(handle)
}

/**
 * One call of `score` on its way. However many requests it makes, there is one listener on the caller's signal: Node.js
 * warns of a leak from the eleventh on.
 */
export class Work {
  readonly call: Call
  readonly #stoppers = new Set<(reason: unknown) => void>()
  #stopped: { readonly reason: unknown } | undefined
  readonly #onAbort = (): void => this.stop(this.call.signal.reason)

  constructor(call: Call) {
    this.call = call
    if (call.signal.aborted) this.#onAbort()
    else call.signal.addEventListener('abort', this.#onAbort)
  }

  /** Tells every request of this call that nobody waits for it any more. The first reason counts. */
  stop(reason: unknown): void {
    if (this.#stopped !== undefined) return
    this.#stopped = { reason }
    for (const stopper of this.#stoppers) stopper(reason)
    this.end()
  }

  /** Calls back when the work stops, or at once when it has; until the returned function is called. */
  onStop(callback: (reason: unknown) => void): () => void {
    if (this.#stopped !== undefined) {
      callback(this.#stopped.reason)
      return () => {}
    }
    this.#stoppers.add(callback)
    return () => void this.#stoppers.delete(callback)
  }

  throwIfStopped(): void {
    if (this.#stopped !== undefined) throw this.#stopped.reason
  }

  /** Time left until the caller's deadline; `Infinity` when there is none. */
  remainingMs(): number {
    return this.call.deadline - this.call.now()
  }

  /** Stops listening. Idempotent. */
  end(): void {
    this.call.signal.removeEventListener('abort', this.#onAbort)
    this.#stoppers.clear()
  }
}

/** How long one attempt may take. */
export interface AttemptLimits {
  readonly clock: HostedClock
  readonly timeoutMs: number
  timeoutError(): Error
}

/**
 * Runs one attempt until it settles, its time or the caller's deadline is up, or the work stops. Whichever comes first
 * decides, even when the attempt does not listen to its signal.
 */
export function timed<T>(run: (signal: AbortSignal) => Promise<T>, work: Work, limits: AttemptLimits): Promise<T> {
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    work.throwIfStopped()
    const remainingMs = work.remainingMs()
    const isDeadline = remainingMs <= limits.timeoutMs
    const stop = (reason: unknown): void => {
      reject(reason)
      controller.abort(reason)
    }
    const onTime = (): void => stop(isDeadline ? deadlineError() : limits.timeoutError())
    const clearTimer = setLongTimeout(limits.clock, onTime, Math.min(remainingMs, limits.timeoutMs))
    const forget = work.onStop(stop)
    const finish = (): void => {
      clearTimer()
      forget()
    }
    controller.signal.addEventListener('abort', finish, { once: true })
    // The executor turns a synchronous throw of `run` into a rejection.
    new Promise<T>((settle) => settle(run(controller.signal))).finally(finish).then(resolve, reject)
  })
}

/** Waits; rejects at once with the reason when the work stops. */
export function pause(delayMs: number, work: Work, clock: HostedClock): Promise<void> {
  return new Promise((resolve, reject) => {
    work.throwIfStopped()
    const clearTimer = setLongTimeout(
      clock,
      () => {
        forget()
        resolve()
      },
      delayMs,
    )
    const forget = work.onStop((reason) => {
      clearTimer()
      reject(reason)
    })
  })
}

/** The error for an answer that would come too late. */
export function deadlineError(detail = 'allow more time or fewer texts', cause?: unknown): RerankError {
  const options = cause === undefined ? undefined : { cause }
  return new RerankError('deadline', `The deadline passed before every text was scored: ${detail}.`, options)
}

/** When and how often to try again. */
export interface RetryPolicy {
  readonly clock: HostedClock
  readonly maxRetries: number
  readonly maxRetryWaitMs: number
  /** 0 to 1, as `Math.random`. */
  random(): number
  /** Whether another server can take the request now, so that there is nothing to wait for. */
  hasOther(): boolean
}

const FIRST_WAIT_MS = 500

/**
 * Tries until it succeeds, fails for good, or has been tried often enough. An abort ends the wait for the next attempt at
 * once, and a wait that would outlast the deadline is not begun.
 *
 * @throws the last ProviderError; the reason of an abort; RerankError `'deadline'`.
 */
export async function withRetries<T>(attempt: () => Promise<T>, policy: RetryPolicy, work: Work): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      count(work.call, 'requests', 1)
      return await attempt()
    } catch (error) {
      work.throwIfStopped()
      if (!ProviderError.is(error) || !error.retryable) throw error
      if (retries >= policy.maxRetries) throw afterAttempts(error, retries + 1)
      await beforeRetry(error, retries, { policy, work })
    }
  }
}

async function beforeRetry(
  error: ProviderError,
  retries: number,
  { policy, work }: { policy: RetryPolicy; work: Work },
): Promise<void> {
  const waitMs = policy.hasOther() ? 0 : backoffMs(error, retries, policy)
  // Asking again before the provider said so would only be refused again.
  if (waitMs > policy.maxRetryWaitMs) throw tooLongWait(error, policy)
  if (waitMs >= work.remainingMs()) {
    throw deadlineError(`another try would come too late after this: ${error.message}`, error)
  }
  count(work.call, 'retries', 1)
  if (waitMs > 0) await pause(waitMs, work, policy.clock)
}

/**
 * What the provider asked for, or a time that doubles; both with jitter, so that many callers do not come back at once.
 */
function backoffMs({ retryAfterMs }: ProviderError, retries: number, policy: RetryPolicy): number {
  if (retryAfterMs !== undefined) return retryAfterMs + FIRST_WAIT_MS * 0.2 * policy.random()
  const longest = Math.min(FIRST_WAIT_MS * 2 ** retries, policy.maxRetryWaitMs)
  return longest * (0.5 + 0.5 * policy.random())
}

function tooLongWait(error: ProviderError, { maxRetryWaitMs }: RetryPolicy): ProviderError {
  const asked = Math.ceil((error.retryAfterMs ?? 0) / 1000)
  const message = `${error.message} It asks to wait ${asked} s, longer than maxRetryWaitMs (${maxRetryWaitMs}): raise it, or call again later.`
  return new ProviderError(message, error)
}
