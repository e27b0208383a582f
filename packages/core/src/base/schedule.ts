/** Work that may stop being wanted while it waits. */
export interface Stoppable {
  throwIfStopped(): void
  /** Calls back when the work stops, or at once when it has; until the returned function is called. */
  onStop(callback: (reason: unknown) => void): () => void
}

/** Lets so many in at a time; the others wait in line, and leave it when their work stops. */
export class Gate {
  #free: number
  readonly #line = new Set<() => void>()

  constructor(places: number) {
    this.#free = places
  }

  async pass<T>(work: Stoppable, run: () => Promise<T>): Promise<T> {
    await this.#enter(work)
    try {
      return await run()
    } finally {
      this.#leave()
    }
  }

  #enter(work: Stoppable): Promise<void> {
    return new Promise((resolve, reject) => {
      work.throwIfStopped()
      if (this.#free > 0) {
        this.#free -= 1
        resolve()
        return
      }
      const forget = work.onStop((reason) => {
        this.#line.delete(enter)
        reject(reason)
      })
      const enter = (): void => {
        forget()
        resolve()
      }
      this.#line.add(enter)
    })
  }

  #leave(): void {
    const [next] = this.#line
    if (next === undefined) {
      this.#free += 1
      return
    }
    this.#line.delete(next)
    next()
  }
}
