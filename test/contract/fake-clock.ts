import type { Clock } from '../../packages/core/src/base/clock.ts'

/** A clock that stands still until it is told to move. */
export class FakeClock implements Clock {
  #now = 0
  #nextHandle = 1
  readonly #timers = new Map<unknown, { at: number; callback: () => void }>()

  now = (): number => this.#now

  setTimeout = (callback: () => void, delayMs: number): unknown => {
    const handle = this.#nextHandle++
    this.#timers.set(handle, { at: this.#now + Math.max(0, delayMs), callback })
    return handle
  }

  clearTimeout = (handle: unknown): void => {
    this.#timers.delete(handle)
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size
  }

  /** Moves time forward, fires what falls due, earliest first, and lets each callback's promises settle. */
  async advance(byMs: number): Promise<void> {
    await settle()
    const end = this.#now + byMs
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      const [handle, timer] = due
      this.#timers.delete(handle)
      this.#now = timer.at
      timer.callback()
      await settle()
    }
    this.#now = end
  }

  /** Moves time without firing anything, as work does that blocks the event loop. */
  block(byMs: number): void {
    this.#now += byMs
  }

  /** Moves from timer to timer until the promise settles or no timer is left. */
  async runUntilSettled<T>(promise: Promise<T>): Promise<PromiseSettledResult<T>> {
    let outcome: PromiseSettledResult<T> | undefined
    promise.then(
      (value) => (outcome = { status: 'fulfilled', value }),
      (reason) => (outcome = { status: 'rejected', reason }),
    )
    await settle()
    while (outcome === undefined) {
      const due = this.#nextDue(Infinity)
      if (due === undefined) throw new Error('The promise waits for something that no timer will bring')
      await this.advance(due[1].at - this.#now)
    }
    return outcome
  }

  #nextDue(end: number): [unknown, { at: number; callback: () => void }] | undefined {
    const due = [...this.#timers].filter(([, timer]) => timer.at <= end)
    return due.sort(([, a], [, b]) => a.at - b.at)[0]
  }
}

/** Lets promises that are ready settle, without waiting for any timer. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
