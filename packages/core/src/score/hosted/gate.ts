import type { Work } from './work.js'

/** Lets so many in at a time; the others wait in line, and leave it when their work stops. */
export class Gate {
  #free: number
  readonly #line = new Set<() => void>()

  constructor(places: number) {
    this.#free = places
  }

  async pass<T>(work: Work, run: () => Promise<T>): Promise<T> {
    await this.#enter(work)
    try {
      return await run()
    } finally {
      this.#leave()
    }
  }

  #enter(work: Work): Promise<void> {
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
