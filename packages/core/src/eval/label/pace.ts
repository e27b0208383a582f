import { onAbort } from '../../abort.js'
import type { Clock } from '../../clock.js'

const MINUTE_MS = 60_000
/** A longer delay overflows the 32-bit timer of Node.js, which would then fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

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
  async turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const at = Math.max(this.#next, this.#clock.now())
    this.#next = at + this.#intervalMs
    for (let left = at - this.#clock.now(); left > 0; left = at - this.#clock.now()) {
      await pause(Math.min(left, LONGEST_DELAY_MS), this.#clock, signal)
    }
  }
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      unwatch?.()
      resolve()
    }, delayMs)
    const unwatch =
      signal &&
      onAbort(signal, () => {
        unwatch?.()
        clock.clearTimeout(timer)
        reject(signal.reason)
      })
  })
}
