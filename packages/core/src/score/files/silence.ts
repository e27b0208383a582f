/** Aborts an exchange when the server is silent for a while. Time in which nobody reads does not count. */
export class Silence {
  readonly #controller = new AbortController()
  readonly #silenceMs: number

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Waits for something the server owes; rejects with the silence itself when it comes to that. */
  async broken<T>(owed: Promise<T>): Promise<T> {
    let timer: NodeJS.Timeout | undefined
    // Raced as well as aborted: a `fetch` of the caller's may take no notice of its signal.
    const silence = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const reason = new Error(`nothing was heard for ${this.#silenceMs / 1000} seconds`)
        this.#controller.abort(reason)
        reject(reason)
      }, this.#silenceMs)
    })
    try {
      return await Promise.race([owed, silence])
    } finally {
      clearTimeout(timer)
    }
  }

  /** The same answer, with a body that is watched, and whose faults `explain` gives their form. */
  over(response: Response, explain: (error: unknown) => Error): Response {
    if (response.body === null) return response
    const reader = response.body.getReader()
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await this.broken(reader.read())
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          controller.error(explain(error))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    })
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers })
  }
}
