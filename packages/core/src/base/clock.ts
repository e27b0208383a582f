import type { Milliseconds } from '../types.js'

const watchers = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts, until the returned function is called.
 *
 * One listener per signal, however many calls share it: Node.js warns of a leak from the eleventh on, and a server that
 * hands one shutdown signal to every call would see that warning.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  const callbacks = watchers.get(signal) ?? watch(signal)
  callbacks.add(callback)
  return () => {
    // Called a second time it must not take away the listener that a later call has put there.
    if (callbacks.delete(callback) && callbacks.size === 0) stopWatching(signal)
  }
}

function watch(signal: AbortSignal): Set<() => void> {
  const callbacks = new Set<() => void>()
  watchers.set(signal, callbacks)
  signal.addEventListener('abort', tellAll)
  return callbacks
}

function stopWatching(signal: AbortSignal): void {
  watchers.delete(signal)
  signal.removeEventListener('abort', tellAll)
}

function tellAll(event: Event): void {
  for (const callback of watchers.get(event.target as AbortSignal) ?? []) callback()
}

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
    const stopWaiting = (): void => {
      if (timer !== undefined) clock.clearTimeout(timer)
      unwatch?.()
    }
    const stop = (reason: unknown): void => {
      stopWaiting()
      reject(reason)
      controller.abort(reason)
    }
    // The executor turns a synchronous throw of `start` into a rejection.
    new Promise<T>((settle) => settle(start(controller.signal))).finally(stopWaiting).then(resolve, reject)
  })
}

/**
 * Lets the event loop turn: timers, input and other requests get their chance before the caller goes on. A resolved
 * promise would not do, since those run before anything else.
 */
export function nextTurn(): Promise<void> {
  return new Promise((resume) => {
    if (typeof setImmediate === 'function') setImmediate(resume)
    else if (typeof MessageChannel === 'function') postTo(resume)
    else setTimeout(resume, 0)
  })
}

/** Browsers have no `setImmediate`, and hold back a timer of 0 ms for 4 ms, or for a second in a hidden page. */
function postTo(resume: () => void): void {
  const { port1, port2 } = new MessageChannel()
  const receiver = port1 as unknown as EventTarget
  receiver.addEventListener('message', () => {
    port1.close()
    resume()
  })
  port1.start()
  port2.postMessage(undefined)
}

/** Waits for a promise until the signal aborts, and then rejects with its reason; what becomes of the promise is swallowed. */
export function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {})
    return Promise.reject(signal.reason)
  }
  return new Promise<T>((resolve, reject) => {
    const giveUp = (): void => reject(signal.reason)
    signal.addEventListener('abort', giveUp, { once: true })
    promise.finally(() => signal.removeEventListener('abort', giveUp)).then(resolve, reject)
  })
}
