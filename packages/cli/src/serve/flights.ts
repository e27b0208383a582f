/** What one of several that wait for the same work brings along. */
export interface Waiter {
  /** Aborts when the client has left. */
  readonly signal: AbortSignal
  /** Until when it waits, on the clock of `performance.now()`. */
  readonly deadline: number
}

/** The work as it is started for the first that asks. */
export type Start<T> = (waiter: Waiter) => Promise<T>

interface Flight<T> {
  readonly work: Promise<T>
  readonly controller: AbortController
  readonly deadline: number
  waiting: number
}

/** Raised where a waiter's own time is up while the work goes on for others. */
export class OutOfTime extends Error {
  override readonly name: string = 'OutOfTime'
}

/**
 * Work that several ask for at the same time is done once. It is aborted when the last of them has left, and each waits no
 * longer than its own deadline.
 */
export class Flights<T> {
  readonly #flights = new Map<string, Flight<T>>()
  /** How many were answered by the work of another. */
  joined = 0

  /**
   * @param isLate whether an error says that the time of whoever started the work was up, which need not be that of one
   *   who joined
   * @throws what the work throws; OutOfTime; the reason of the waiter's signal.
   */
  async share(key: string, waiter: Waiter, work: { start: Start<T>; isLate(error: unknown): boolean }): Promise<T> {
    for (;;) {
      const other = this.#flights.get(key)
      if (other === undefined) return this.#wait(this.#begin(key, waiter, work.start), waiter)
      this.joined += 1
      try {
        return await this.#wait(other, waiter)
      } catch (error) {
        const hasTime = !waiter.signal.aborted && waiter.deadline > Math.max(other.deadline, performance.now())
        if (!hasTime || !work.isLate(error)) throw error
      }
    }
  }

  #begin(key: string, { deadline }: Waiter, start: Start<T>): Flight<T> {
    const controller = new AbortController()
    const work = start({ signal: controller.signal, deadline }).finally(() => this.#remove(key, controller))
    // Whoever waits is told; when all have left, nobody is.
    work.catch(() => undefined)
    const flight = { work, controller, deadline, waiting: 0 }
    this.#flights.set(key, flight)
    controller.signal.addEventListener('abort', () => this.#remove(key, controller), { once: true })
    return flight
  }

  #remove(key: string, controller: AbortController): void {
    if (this.#flights.get(key)?.controller === controller) this.#flights.delete(key)
  }

  async #wait(flight: Flight<T>, { signal, deadline }: Waiter): Promise<T> {
    signal.throwIfAborted()
    flight.waiting += 1
    let end: () => void = () => {}
    const ended = new Promise<never>((_, reject) => {
      const onAbort = (): void => reject(signal.reason as Error)
      signal.addEventListener('abort', onAbort, { once: true })
      // The work has a deadline of its own, and says more when it is late than a timer would.
      const isEarlier = deadline < flight.deadline
      const timer = isEarlier
        ? setTimeout(() => reject(new OutOfTime('out of time')), deadline - performance.now())
        : undefined
      end = () => {
        signal.removeEventListener('abort', onAbort)
        clearTimeout(timer)
      }
    })
    try {
      return await Promise.race([flight.work, ended])
    } finally {
      end()
      flight.waiting -= 1
      if (flight.waiting === 0) flight.controller.abort(new Error('nobody waits for it any more'))
    }
  }
}
