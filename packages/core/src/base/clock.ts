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
  /** Calls back once after `delayMs`, which is at most 2147483647; the handle goes to {@link Clock.clearTimeout}. */
  setTimeout(callback: () => void, delayMs: Milliseconds): unknown
  clearTimeout(handle: unknown): void
  /** Milliseconds since 1970, to read the dates of services by. Default: `Date.now`. */
  wallTime?(): Milliseconds
}

/** The clock of the machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

/** A longer delay overflows the 32-bit timers of JavaScript engines, which would then fire at once. */
export const LONGEST_DELAY_MS: Milliseconds = 2 ** 31 - 1

/**
 * Calls back once after a delay of any length: one that no timer can hold is waited for in parts, and `Infinity` sets no
 * timer at all.
 *
 * @returns a function that cancels it.
 */
export function startTimer(clock: Clock, callback: () => void, delayMs: Milliseconds): () => void {
  if (delayMs === Infinity) return () => {}
  let handle: unknown
  const arm = (restMs: Milliseconds): void => {
    handle =
      restMs > LONGEST_DELAY_MS
        ? clock.setTimeout(() => arm(restMs - LONGEST_DELAY_MS), LONGEST_DELAY_MS)
        : clock.setTimeout(callback, Math.max(0, restMs))
  }
  arm(delayMs)
  return () => clock.clearTimeout(handle)
}

/** When to give up. */
export interface WaitDeadline {
  readonly clock: Clock
  /** A time on the clock, `Infinity` for none. */
  readonly deadline: Milliseconds
  /** What to reject with when the deadline passes first. */
  deadlineError(): Error
}

/** What may end a wait early: a signal, with whose reason it then rejects, or a deadline. */
export type WaitLimits = { readonly signal?: AbortSignal | undefined } & (
  | WaitDeadline
  | { readonly deadline?: undefined }
)

/**
 * Starts work and waits for it until the signal aborts or the deadline passes. Whichever comes first decides; the work
 * that is no longer wanted is told so through its own signal, and whatever becomes of it is swallowed.
 */
export function waitFor<T>(start: (signal: AbortSignal) => Promise<T>, limits: WaitLimits): Promise<T> {
  const { signal } = limits
  const controller = new AbortController()
  return new Promise<T>((resolve, reject) => {
    // The event of a signal that has aborted already never comes.
    signal?.throwIfAborted()
    const cancelTimer =
      limits.deadline === undefined
        ? undefined
        : startTimer(limits.clock, () => stop(limits.deadlineError()), limits.deadline - limits.clock.now())
    const unwatch = signal && onAbort(signal, () => stop(signal.reason))
    const stopWaiting = (): void => {
      cancelTimer?.()
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

/** Waits for so long; rejects as soon as the signal aborts or the deadline passes, and then leaves no timer. */
export function pause(delayMs: Milliseconds, limits: WaitLimits & { readonly clock: Clock }): Promise<void> {
  const sleep = (signal: AbortSignal): Promise<void> =>
    new Promise((resolve) => void onAbort(signal, startTimer(limits.clock, resolve, delayMs)))
  return waitFor(sleep, limits)
}

let lastTurn: Promise<void> = Promise.resolve()

/**
 * Lets the event loop turn: timers, input and other requests get their chance before the caller goes on. A resolved
 * promise would not do, since those run before anything else.
 *
 * Each caller gets a turn of its own. If all that wait went on in the same one, what each of them does until it waits
 * again would add up to one long pause.
 */
export function nextTurn(): Promise<void> {
  lastTurn = lastTurn.then(turnOnce)
  return lastTurn
}

function turnOnce(): Promise<void> {
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

/** Code units that are read between two turns of the event loop: a few milliseconds of the slowest work on them. */
const UNITS_PER_TURN = 32_768
/** What looking at a text takes however short it is, in code units. */
const UNITS_PER_TEXT = 16

/**
 * Keeps long work on texts from holding up the event loop, and from going on when nobody waits for it any more. Work is
 * counted in code units, so that it is cut at the same places on any machine.
 */
export class Pacer {
  #left = UNITS_PER_TURN
  readonly #check: () => void

  /** @param check throws when the work is no longer wanted; called once at a turn. */
  constructor(check: () => void) {
    this.#check = check
  }

  /** Counts work that was done, or is about to be, on so many code units; what comes back is to be awaited. */
  spend(units: number): Promise<void> | undefined {
    this.#left -= units + UNITS_PER_TEXT
    return this.#left > 0 ? undefined : this.#turn()
  }

  async #turn(): Promise<void> {
    this.#left = UNITS_PER_TURN
    await nextTurn()
    this.#check()
  }
}
