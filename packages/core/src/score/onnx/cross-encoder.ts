import { randomUUID } from 'node:crypto'
import type { Call, Scorer } from '../../types.js'
import { RerankError } from '../../errors.js'
import { count } from '../../stats.js'
import { warn } from '../../warn.js'
import { readTokenizerFiles } from './model-files.js'
import { ModelSource } from './model-source.js'
import { type CrossEncoderOptions, checkOptions, workerCount } from './options.js'
import { PairBatch } from '../encode/pair-batch.js'
import { startPool } from './pool.js'
import { type Opened, listRefusals } from './provider-order.js'
import { type LoadedModel, readTexts } from '../encode/reading.js'
import { inThisThread } from './schedule.js'
import { openSession, refuseTelemetry } from './session.js'
import { prepareScoring } from '../encode/scoring.js'
import { scoringParts } from '../encode/scoring-options.js'

export type { CrossEncoderOptions } from './options.js'

/** A scorer that frees its session and threads at the end of an `await using` block. */
export interface CrossEncoder extends Scorer<'pair'>, AsyncDisposable {
  /** What computes, and which of the `providers` could not; known once the model is loaded. */
  readonly opened: Opened | undefined
  /** Missing for a model whose authors leave its number as it is, and until it is known which model that is. */
  readonly toProbability: ((score: number) => number) | undefined
  countTokens(text: string): Promise<number>
  warmup(): Promise<void>
  close(): Promise<void>
}

/**
 * A cross-encoder on onnxruntime: reads query and text together and gives one logit per text.
 *
 * Scores depend on the pair alone, to the last bit, whatever else is scored and in whatever order, also in int8. Nothing
 * is loaded before the first call or `warmup()`, but a model folder is looked up at once.
 *
 * A model of the hub that is not in the cache is downloaded by the first call or `warmup()`. Only then is the scorer's id
 * final, for it names the commit and the graph; until then it is one that no other scorer has. The same holds for
 * `providers` other than the processor, since it only shows then which of them computes.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, `'model-files'` when a model folder is not complete.
 */
export function crossEncoder(options: CrossEncoderOptions = {}): CrossEncoder {
  checkOptions(options)
  refuseTelemetry()
  return new OnnxCrossEncoder(new ModelSource(options), options)
}

class OnnxCrossEncoder implements CrossEncoder {
  readonly scope = 'pair'
  readonly #source: ModelSource
  readonly #options: CrossEncoderOptions
  readonly #closing = new AbortController()
  readonly #key = randomUUID().slice(0, 8)
  #opened: Opened | undefined
  #loading: Promise<LoadedModel> | undefined

  constructor(source: ModelSource, options: CrossEncoderOptions) {
    this.#source = source
    this.#options = options
  }

  get id(): string {
    return [
      this.#source.id,
      ...scoringParts(this.#options),
      ...readingOptions(this.#options),
      ...this.#providerPart(),
    ].join(':')
  }

  get opened(): Opened | undefined {
    return this.#opened
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closing.signal.aborted) throw closedError(this.id)
    if (texts.length === 0) return []
    const model = await this.#load()
    count(call, 'refusedProviders', this.#opened?.refused.length ?? 0)
    return readTexts({ query, texts, options: this.#options }, model, call)
  }

  get toProbability(): ((score: number) => number) | undefined {
    const { folder } = this.#source
    if (folder === undefined || (this.#options.activation ?? folder.activation) === 'identity') return undefined
    return (score) => 1 / (1 + Math.exp(-score / folder.temperature))
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
    // A download under way is given up; what it brought so far is gone on with another time.
    this.#closing.abort(closedError(this.id))
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
    if (this.#closing.signal.aborted) return Promise.reject(closedError(this.id))
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#open()
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.catch(() => (this.#loading = undefined))
    return loading
  }

  async #open(): Promise<LoadedModel> {
    const { path, id, graphPath, config } = await this.#source.ensure(this.#closing.signal)
    const name = id.slice(0, id.lastIndexOf('@'))
    const files = { name, config, ...(await readTokenizerFiles({ path })) }
    const { pairs, head } = await prepareScoring(files, this.#options)
    const session = {
      graphPath,
      threads: this.#options.threads ?? 1,
      maxPositions: config.max_position_embeddings ?? 512,
      head,
      providers: this.#options.providers,
      spinning: this.#options.spinning,
    }
    const workers = workerCount(this.#options.workers ?? 0)
    const lost = (): void => void (this.#loading = undefined)
    const runner = workers === 0 ? inThisThread(await openSession(session)) : await startPool(workers, session, lost)
    this.#settle(runner.opened)
    return { pairs, runner }
  }

  /** From here on the id says what computes. Whoever wished for something else is told, once. */
  #settle(opened: Opened): void {
    const isNew = this.#opened === undefined
    this.#opened = opened
    if (!isNew || opened.refused.length === 0) return
    warn(`${this.id} runs on ${opened.provider}: ${listRefusals(opened.refused)} could not be used.`)
  }

  #providerPart(): string[] {
    if (this.#opened !== undefined) return this.#opened.provider === 'cpu' ? [] : [this.#opened.provider]
    const isSettled = this.#options.providers === undefined || this.#options.providers[0] === 'cpu'
    return isSettled ? [] : [`unresolved-${this.#key}`]
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
