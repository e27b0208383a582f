import type { Call } from '../../types.js'
import { RerankError } from '../../errors.js'
import { type HostedClock, setLongTimeout } from './clock.js'

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
