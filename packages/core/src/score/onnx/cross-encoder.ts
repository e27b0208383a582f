import type { Call, Scorer } from '../../types.js'
import { RerankError } from '../../errors.js'
import { type ModelFolder, locateModel, readTokenizerFiles } from './model-files.js'
import { type CrossEncoderOptions, checkOptions, workerCount } from './options.js'
import { PairBatch } from '../encode/pair-batch.js'
import { createPairEncoder } from '../encode/pairs.js'
import { startPool } from './pool.js'
import { type LoadedModel, readTexts } from '../encode/reading.js'
import { inThisThread } from './schedule.js'
import { openSession, refuseTelemetry } from './session.js'
import { createTextEncoder } from '../encode/text-encoder.js'

export type { CrossEncoderOptions } from './options.js'

/** A scorer that frees its session and threads at the end of an `await using` block. */
export interface CrossEncoder extends Scorer<'pair'>, AsyncDisposable {
  toProbability(score: number): number
  countTokens(text: string): Promise<number>
  warmup(): Promise<void>
  close(): Promise<void>
}

/**
 * A cross-encoder on onnxruntime: reads query and text together and gives one logit per text.
 *
 * Scores depend on the pair alone, to the last bit, whatever else is scored and in whatever order, also in int8. Nothing
 * is loaded before the first call or `warmup()`, but the model folder is looked up at once.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, `'model-files'` when the model folder is not complete.
 */
export function crossEncoder(options: CrossEncoderOptions = {}): CrossEncoder {
  checkOptions(options)
  refuseTelemetry()
  const folder = locateModel(options.model ?? 'bundled')
  return new OnnxCrossEncoder(folder, options)
}

class OnnxCrossEncoder implements CrossEncoder {
  readonly id: string
  readonly scope = 'pair'
  readonly #folder: ModelFolder
  readonly #options: CrossEncoderOptions
  #loading: Promise<LoadedModel> | undefined
  #closed = false

  constructor(folder: ModelFolder, options: CrossEncoderOptions) {
    this.#folder = folder
    this.#options = options
    this.id = [folder.id, ...readingOptions(options)].join(':')
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closed) throw closedError(this.id)
    if (texts.length === 0) return []
    const model = await this.#load()
    return readTexts({ query, texts, options: this.#options }, model, call)
  }

  toProbability(score: number): number {
    return 1 / (1 + Math.exp(-score / this.#folder.temperature))
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
    const loading = this.#open()
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.catch(() => (this.#loading = undefined))
    return loading
  }

  async #open(): Promise<LoadedModel> {
    const { tokenizer, tokenizerConfig } = await readTokenizerFiles(this.#folder)
    const { path, graphPath, config } = this.#folder
    const encoder = await createTextEncoder(tokenizer, tokenizerConfig).catch((cause: unknown) => {
      const fix = 'restore it from the model it came with'
      const message = `${path}/tokenizer.json cannot be used (${(cause as Error).message}): ${fix}.`
      throw new RerankError('model-files', message, { cause })
    })
    const pairs = createPairEncoder({ tokenizer, tokenizerConfig, config, encoder }, this.#options)
    const session = {
      graphPath,
      threads: this.#options.threads ?? 1,
      maxPositions: config.max_position_embeddings ?? 512,
    }
    const workers = workerCount(this.#options.workers ?? 0)
    if (workers === 0) return { pairs, runner: inThisThread(await openSession(session)) }
    return { pairs, runner: await startPool(workers, session, () => (this.#loading = undefined)) }
  }
}

/** The options that change the numbers, as parts of the id. */
function readingOptions({ maxLength, longText, windowOverlap }: CrossEncoderOptions): string[] {
  const parts = maxLength === undefined ? [] : [`max${maxLength}`]
  return longText === 'windows' ? [...parts, `windows-${windowOverlap ?? 'default'}`] : parts
}

function closedError(id: string): RerankError {
  return new RerankError('closed', `The scorer ${id} was closed: make a new one to go on.`)
}
