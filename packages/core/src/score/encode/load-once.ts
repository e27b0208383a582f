import { RerankError } from '../../errors.js'

/** What is loaded once. */
export interface Loadable<T> {
  /** Names it in errors; asked for when one is made, since a model may get its name while it is loaded. */
  id(): string
  /**
   * Loads it; called again when it failed before, or was lost.
   *
   * @param signal aborts when it is closed meanwhile
   */
  open(signal: AbortSignal): Promise<T>
  free(loaded: T): Promise<void>
}

/** Loads something on first use, whoever asks and how often, and frees it once: the same for every model. */
export class LoadOnce<T> {
  readonly #what: Loadable<T>
  readonly #closing = new AbortController()
  #loading: Promise<T> | undefined

  constructor(what: Loadable<T>) {
    this.#what = what
  }

  /** @throws RerankError `'closed'` when it was closed. */
  checkOpen(): void {
    if (this.#closing.signal.aborted) throw this.#closedError()
  }

  /** @throws RerankError `'closed'` when it was closed; else what loading throws. */
  async get(): Promise<T> {
    this.checkOpen()
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#what.open(this.#closing.signal)
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.catch(() => this.forget())
    return loading
  }

  /** The next `get` loads anew: what was loaded is gone. */
  forget(): void {
    this.#loading = undefined
  }

  /** Frees what was loaded, once; a load under way is given up. */
  async close(): Promise<void> {
    this.#closing.abort(this.#closedError())
    const loading = this.#loading
    this.forget()
    // A load that failed has told its caller so, and left nothing to free.
    const loaded = await loading?.catch(() => undefined)
    if (loaded !== undefined) await this.#what.free(loaded)
  }

  #closedError(): RerankError {
    return new RerankError('closed', `The scorer ${this.#what.id()} was closed: make a new one to go on.`)
  }
}
