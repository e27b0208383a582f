import type { Call, Scorer } from '../../types.js'
import { RerankError } from '../../errors.js'
import { PairBatch } from './pair-batch.js'
import { type LoadedModel, readTexts } from './reading.js'
import type { ReadingOptions } from './reading-options.js'

/** What a runtime has to say about a model that is not loaded yet. */
export interface PairModel {
  readonly id: string
  readonly options: Pick<ReadingOptions, 'longText' | 'windowOverlap'>
  /** What makes a probability of a logit; nothing when the model's numbers stay as they are, or it is not known yet. */
  readonly toProbability: ((score: number) => number) | undefined
  /** Loads the model; called again when it failed before. */
  open(): Promise<LoadedModel>
}

/** Loads a model on first use, scores with it, and closes it once: the same for every runtime. */
export class PairScorer implements Scorer<'pair'>, AsyncDisposable {
  readonly id: string
  readonly scope = 'pair'
  readonly #model: PairModel
  #loading: Promise<LoadedModel> | undefined
  #closed = false

  constructor(model: PairModel) {
    this.#model = model
    this.id = model.id
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closed) throw closedError(this.id)
    if (texts.length === 0) return []
    const model = await this.#load()
    return readTexts({ query, texts, options: this.#model.options }, model, call)
  }

  get toProbability(): ((score: number) => number) | undefined {
    return this.#model.toProbability
  }

  async countTokens(text: string): Promise<number> {
    const { pairs } = await this.#load()
    return pairs.countTokens(text)
  }

  async warmup(): Promise<void> {
    const { pairs, runner } = await this.#load()
    // The first run allocates what later ones reuse.
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
    await runner.run(new PairBatch(pairs, { query: 'warm', texts: ['up'] }), call)
  }

  async close(): Promise<void> {
    this.#closed = true
    const loading = this.#loading
    this.#loading = undefined
    // A load that failed has told its caller so, and left nothing to free.
    const loaded = await loading?.catch(() => undefined)
    await loaded?.runner.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #load(): Promise<LoadedModel> {
    if (this.#closed) return Promise.reject(closedError(this.id))
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#model.open()
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.catch(() => (this.#loading = undefined))
    return loading
  }
}

function closedError(id: string): RerankError {
  return new RerankError('closed', `The scorer ${id} was closed: make a new one to go on.`)
}
