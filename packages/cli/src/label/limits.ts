import type { Clock } from '@secondpass/core'
import { usageError } from '../errors.js'

/** Settles as the work does, or rejects at once with the reason of the signal: not everyone who works listens to it. */
export function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

export const machineClock: Clock = {
  now: () => performance.now(),
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}

const MINUTE_MS = 60_000

/** Lets so many begin per minute, evenly spaced. */
export class Pace {
  readonly #clock: Clock
  readonly #intervalMs: number
  #next = -Infinity

  constructor(perMinute: number, clock: Clock) {
    this.#clock = clock
    this.#intervalMs = MINUTE_MS / perMinute
  }

  /** Waits for its turn; rejects at once with the signal's reason when that aborts. */
  async turn(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    const at = Math.max(this.#next, this.#clock.now())
    this.#next = at + this.#intervalMs
    // In parts: a timer that is too long for the system fires at once.
    for (let left = at - this.#clock.now(); left > 0; left = at - this.#clock.now()) {
      await this.#pause(Math.min(left, MINUTE_MS), signal)
    }
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    let timer: unknown
    const waiting = new Promise<void>((resolve) => {
      timer = this.#clock.setTimeout(resolve, delayMs)
    })
    await untilAborted(waiting, signal).finally(() => this.#clock.clearTimeout(timer))
  }
}

type Counters = Readonly<Record<string, number>>

/** What a run spends, and whether it may continue. */
export class Spend {
  readonly total: Record<string, number> = {}
  readonly #limit: Counters
  readonly #dearest: Record<string, number> = {}
  #queries = 0

  constructor(limit: Counters = {}) {
    this.#limit = limit
  }

  /**
   * Whether one more query fits, beside those under way, if each cost as much as the most expensive so far. Nothing is
   * known before the first: it goes alone.
   */
  fitsOneMore(underWay: number): boolean {
    const limits = Object.entries(this.#limit)
    if (limits.length === 0) return true
    if (this.#queries === 0) return underWay === 0
    return limits.every(
      ([counter, most]) => (this.total[counter] ?? 0) + (underWay + 1) * (this.#dearest[counter] ?? 0) <= most,
    )
  }

  /** @param stats what the teacher counted for one query, whether it succeeded or not. */
  add(stats: Counters): void {
    this.#queries += 1
    for (const [counter, by] of Object.entries(stats)) {
      this.total[counter] = (this.total[counter] ?? 0) + by
      this.#dearest[counter] = Math.max(this.#dearest[counter] ?? 0, by)
    }
  }

  /** @throws CliError for a limit on what the teacher does not count, which would limit nothing. */
  refuseUncounted(): void {
    const unknown = Object.keys(this.#limit).find((counter) => this.total[counter] === undefined)
    // A cache answers without spending anything.
    if (unknown === undefined || (this.total['cacheHits'] ?? 0) > 0) return
    const known = Object.keys(this.total).join(', ') || 'nothing'
    const fix = `the teacher does not count it; limit what it counts (${known}), or set its price for 'cost'`
    throw usageError('--spend-limit', `${unknown}=${this.#limit[unknown]}`, fix)
  }
}
