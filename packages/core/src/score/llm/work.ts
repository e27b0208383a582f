import { onAbort } from '../../abort.js'
import type { Stoppable } from '../../gate.js'
import type { Call } from '../../types.js'

/**
 * One call of `score` on its way. Its signal aborts when the caller's does, when the scorer is closed, and when one prompt
 * failed: the others are of no use then.
 */
export class LlmWork implements Stoppable {
  readonly call: Call
  readonly #controller = new AbortController()
  readonly #unwatch: () => void

  constructor(call: Call) {
    this.call = call
    this.#unwatch = onAbort(call.signal, () => this.stop(call.signal.reason))
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The first reason counts. */
  stop(reason: unknown): void {
    this.#controller.abort(reason)
  }

  throwIfStopped(): void {
    this.signal.throwIfAborted()
  }

  onStop(callback: (reason: unknown) => void): () => void {
    if (this.signal.aborted) {
      callback(this.signal.reason)
      return () => {}
    }
    return onAbort(this.signal, () => callback(this.signal.reason))
  }

  /** Stops listening to the caller. Idempotent. */
  end(): void {
    this.#unwatch()
  }
}
