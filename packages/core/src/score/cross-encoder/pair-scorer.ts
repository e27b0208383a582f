import { checkTexts } from '../../base/check.js'
import { closedError } from '../../base/errors.js'
import type { Call, Scorer, ScorerDefaults } from '../../types.js'
import { type LoadedModel, PairBatch, type ReadingOptions, readTexts } from './reading.js'

/** What a runtime has to say about a model that is not loaded yet. */
export interface PairModel {
  /** May become another while the model is loaded, when only then it shows which one it is. */
  readonly id: string
  readonly options: Pick<ReadingOptions, 'longText' | 'windowOverlap' | 'maxWindows'>
  /** What makes a probability of a logit; nothing when the model's numbers stay as they are, or it is not known yet. */
  readonly toProbability: ((score: number) => number) | undefined
  /** What the model's files recommend; nothing when they say nothing, or it is not known yet. */
  readonly defaults: ScorerDefaults | undefined
  /**
   * Loads the model; called again when it failed before.
   *
   * @param signal aborts when the scorer is closed meanwhile
   * @param lost to be called when what was loaded has died, so that the next call loads anew
   */
  open(signal: AbortSignal, lost: () => void): Promise<LoadedModel>
}

/** Loads a model on first use, scores with it, and closes it once: the same for every runtime. */
export class PairScorer implements Scorer<'pair'>, AsyncDisposable {
  readonly scope = 'pair'
  readonly #model: PairModel
  readonly #loaded: LoadOnce<LoadedModel>

  constructor(model: PairModel) {
    this.#model = model
    this.#loaded = new LoadOnce({
      id: () => model.id,
      open: (signal) => model.open(signal, () => this.#loaded.forget()),
      free: ({ runner }) => runner.close(),
    })
  }

  get id(): string {
    return this.#model.id
  }

  get toProbability(): ((score: number) => number) | undefined {
    return this.#model.toProbability
  }

  get defaults(): ScorerDefaults | undefined {
    return this.#model.defaults
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    checkTexts(query, texts)
    call.signal.throwIfAborted()
    this.#loaded.checkOpen()
    if (texts.length === 0) return []
    return readTexts({ query, texts, options: this.#model.options }, await this.#loaded.get(), call)
  }

  async countTokens(text: string): Promise<number> {
    const { pairs } = await this.#loaded.get()
    return pairs.countTokens(text)
  }

  async warmup(): Promise<void> {
    const { pairs, runner } = await this.#loaded.get()
    // The first run allocates what later ones reuse.
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
    await runner.run(new PairBatch(pairs, { query: 'warm', texts: ['up'], options: {} }), call)
  }

  async close(): Promise<void> {
    await this.#loaded.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

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

/** Loads something on first use, once for all that wait for it, and frees it once: the same for every model. */
export class LoadOnce<T> {
  readonly #what: Loadable<T>
  readonly #closing = new AbortController()
  #loading: Promise<T> | undefined

  constructor(what: Loadable<T>) {
    this.#what = what
  }

  /** @throws RerankError `'closed'` when it was closed. */
  checkOpen(): void {
    if (this.#closing.signal.aborted) throw closedError(this.#what.id())
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
    this.#closing.abort(closedError(this.#what.id()))
    const loading = this.#loading
    this.forget()
    // A load that failed has told its caller so, and left nothing to free.
    const loaded = await loading?.catch(() => undefined)
    if (loaded !== undefined) await this.#what.free(loaded)
  }
}
