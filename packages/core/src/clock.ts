import type { Milliseconds } from './types.js'
import { onAbort } from './abort.js'

/** Where time comes from. Pass your own to test without waiting. */
export interface Clock {
  /** A monotonic time in milliseconds. */
  now(): Milliseconds
  /** Calls back once after `delayMs`; the handle goes to {@link Clock.clearTimeout}. */
  setTimeout(callback: () => void, delayMs: Milliseconds): unknown
  clearTimeout(handle: unknown): void
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** A longer delay overflows the 32-bit timer of Node.js, which would then fire at once. */
const LONGEST_DELAY_MS: Milliseconds = 2 ** 31 - 1

/** What may end a wait early. */
export interface WaitLimits {
  readonly clock: Clock
  /** A time on the clock, `Infinity` for none. */
  readonly deadline: Milliseconds
  readonly signal?: AbortSignal | undefined
  /** What to reject with when the deadline passes first. */
  deadlineError(): Error
}

/**
 * Starts work and waits for it until the signal aborts or the deadline passes. Whichever comes first decides; the work
 * that is no longer wanted is told so through its own signal, and whatever becomes of it is swallowed.
 */
export function waitFor<T>(start: (signal: AbortSignal) => Promise<T>, limits: WaitLimits): Promise<T> {
  const { clock, deadline, signal } = limits
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    // The event of a signal that has aborted already never comes.
    signal?.throwIfAborted()
    const remainingMs = deadline - clock.now()
    const timer =
      remainingMs > LONGEST_DELAY_MS ? undefined : clock.setTimeout(() => stop(limits.deadlineError()), remainingMs)
    const unwatch = signal && onAbort(signal, () => stop(signal.reason))
    const stopWatching = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer)
      unwatch?.()
    }
    const stop = (reason: unknown): void => {
      stopWatching()
      reject(reason)
      controller.abort(reason)
    }
    // The executor turns a synchronous throw of `start` into a rejection.
    new Promise<T>((settle) => settle(start(controller.signal))).finally(stopWatching).then(resolve, reject)
  })
}
