import { availableParallelism } from 'node:os'
import type { Call, Scorer } from '../../types.js'
import { RerankError, invalidArgument } from '../../errors.js'
import { type ModelFolder, locateModel, readTokenizerFiles } from './model-files.js'
import { PairBatch } from './pair-batch.js'
import { type PairEncoder, createPairEncoder } from './pairs.js'
import { startPool } from './pool.js'
import { type PairRunner, inThisThread } from './schedule.js'
import { openSession, refuseTelemetry } from './session.js'
import { createTextEncoder } from './text-encoder.js'

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions {
  /**
   * `'bundled'` (default): the English model that comes with this package. Otherwise the path of a folder with
   * `model.onnx` (or `onnx/model.onnx`), `tokenizer.json` and `config.json` of a BERT-type cross-encoder with one logit.
   */
  readonly model?: string
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4.
   */
  readonly workers?: number | 'auto'
  /** Threads inside one run, 1 or more. Default 1: more threads pay off less than more workers. */
  readonly threads?: number
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'error'`: the call rejects.
   */
  readonly longText?: 'truncate' | 'error'
}

/** A scorer that frees its session and threads at the end of an `await using` block. */
export interface CrossEncoder extends Scorer<'pair'>, AsyncDisposable {
  toProbability(score: number): number
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

interface Loaded {
  readonly pairs: PairEncoder
  readonly runner: PairRunner
}

class OnnxCrossEncoder implements CrossEncoder {
  readonly id: string
  readonly scope = 'pair'
  readonly #folder: ModelFolder
  readonly #options: CrossEncoderOptions
  #loading: Promise<Loaded> | undefined
  #closed = false

  constructor(folder: ModelFolder, options: CrossEncoderOptions) {
    this.#folder = folder
    this.#options = options
    this.id = options.maxLength === undefined ? folder.id : `${folder.id}:max${options.maxLength}`
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closed) throw closedError(this.id)
    if (texts.length === 0) return []
    const { pairs, runner } = await this.#load()
    const { unique, places } = distinct(texts)
    const batch = new PairBatch(pairs, query, unique, this.#options.longText)
    call.stats['texts'] = (call.stats['texts'] ?? 0) + texts.length
    const logits = await runner.run(batch, call).finally(() => batch.addCounts(call.stats))
    for (const [at, place] of places.entries()) {
      if (batch.truncated.has(place)) call.note(at, { truncated: true })
    }
    return places.map((place) => logits[place] as number)
  }

  toProbability(score: number): number {
    return 1 / (1 + Math.exp(-score / this.#folder.temperature))
  }

  async warmup(): Promise<void> {
    const { pairs, runner } = await this.#load()
    // The first run allocates what later ones reuse.
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
    await runner.run(new PairBatch(pairs, 'warm', ['up']), call)
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

  #load(): Promise<Loaded> {
    if (this.#closed) return Promise.reject(closedError(this.id))
    if (this.#loading !== undefined) return this.#loading
    const loading = this.#open()
    this.#loading = loading
    // A failed load is not kept: its cause may be mended before the next call.
    loading.catch(() => (this.#loading = undefined))
    return loading
  }

  async #open(): Promise<Loaded> {
    const { tokenizer, tokenizerConfig } = await readTokenizerFiles(this.#folder)
    const { graphPath, config } = this.#folder
    const encoder = await createTextEncoder(tokenizer, tokenizerConfig)
    const pairs = createPairEncoder({ tokenizer, tokenizerConfig, config, encoder }, this.#options)
    const session = { graphPath, threads: this.#options.threads ?? 1, maxPositions: config.max_position_embeddings ?? 512 }
    const workers = workerCount(this.#options.workers ?? 0)
    if (workers === 0) return { pairs, runner: inThisThread(await openSession(session)) }
    return { pairs, runner: await startPool(workers, session, () => (this.#loading = undefined)) }
  }
}

/** Equal texts earn equal scores, so each is scored once. `places[at]` is where text `at` stands in `unique`. */
function distinct(texts: readonly string[]): { unique: string[]; places: number[] } {
  const placeOf = new Map<string, number>()
  const places = texts.map((text) => {
    const place = placeOf.get(text) ?? placeOf.size
    placeOf.set(text, place)
    return place
  })
  return { unique: [...placeOf.keys()], places }
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, availableParallelism() - 1)) : workers
}

function closedError(id: string): RerankError {
  return new RerankError('closed', `The scorer ${id} was closed: make a new one to go on.`)
}

function checkOptions({ workers, threads, maxLength, longText }: CrossEncoderOptions): void {
  if (workers !== undefined && workers !== 'auto' && !isWholeFrom(0, workers)) {
    throw invalidArgument('workers', workers, "pass a whole number from 0, or 'auto'")
  }
  if (threads !== undefined && !isWholeFrom(1, threads)) throw invalidArgument('threads', threads, 'pass a whole number from 1')
  if (maxLength !== undefined && !isWholeFrom(5, maxLength)) {
    throw invalidArgument('maxLength', maxLength, 'pass a whole number of tokens from 5, or leave it out')
  }
  if (longText !== undefined && longText !== 'truncate' && longText !== 'error') {
    throw invalidArgument('longText', longText, "pass 'truncate' or 'error'")
  }
}

function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}
