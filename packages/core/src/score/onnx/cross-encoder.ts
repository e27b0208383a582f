import { randomUUID } from 'node:crypto'
import type { Scorer } from '../../types.js'
import { count } from '../../stats.js'
import { warn } from '../../warn.js'
import { readTokenizerFiles } from './model-files.js'
import { ModelSource } from './model-source.js'
import { type CrossEncoderOptions, checkCrossEncoderOptions, workerCount } from './options.js'
import { type PairModel, PairScorer } from '../encode/pair-scorer.js'
import { startPool } from './pool.js'
import { type Opened, listRefusals } from './provider-order.js'
import type { LoadedModel } from '../encode/reading.js'
import type { PairRunner } from '../encode/runner.js'
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
  checkCrossEncoderOptions(options)
  refuseTelemetry()
  return new OnnxCrossEncoder(new OnnxModel(new ModelSource(options), options))
}

class OnnxCrossEncoder extends PairScorer implements CrossEncoder {
  readonly #onnx: OnnxModel

  constructor(model: OnnxModel) {
    super(model)
    this.#onnx = model
  }

  get opened(): Opened | undefined {
    return this.#onnx.opened
  }
}

class OnnxModel implements PairModel {
  readonly options: CrossEncoderOptions
  readonly #source: ModelSource
  readonly #key = randomUUID().slice(0, 8)
  opened: Opened | undefined

  constructor(source: ModelSource, options: CrossEncoderOptions) {
    this.#source = source
    this.options = options
  }

  get id(): string {
    return [
      this.#source.id,
      ...scoringParts(this.options),
      ...readingOptions(this.options),
      ...this.#providerPart(),
    ].join(':')
  }

  get toProbability(): ((score: number) => number) | undefined {
    const { folder } = this.#source
    if (folder === undefined || (this.options.activation ?? folder.activation) === 'identity') return undefined
    return (score) => 1 / (1 + Math.exp(-score / folder.temperature))
  }

  async open(signal: AbortSignal, lost: () => void): Promise<LoadedModel> {
    const { path, id, graphPath, config } = await this.#source.ensure(signal)
    const name = id.slice(0, id.lastIndexOf('@'))
    const files = { name, config, ...(await readTokenizerFiles({ path })) }
    const { threads = 1, workers = 0, providers, spinning } = this.options
    const { pairs, head } = await prepareScoring(files, this.options)
    const maxPositions = config.max_position_embeddings ?? 512
    const session = { graphPath, threads, maxPositions, head, providers, spinning }
    const threadsBeside = workerCount(workers)
    const inside = threadsBeside === 0
    const runner = inside ? inThisThread(await openSession(session)) : await startPool(threadsBeside, session, lost)
    this.#settle(runner.opened)
    return { pairs, runner: countingRefusals(runner) }
  }

  /** From here on the id says what computes. Whoever wished for something else is told, once. */
  #settle(opened: Opened): void {
    const isNew = this.opened === undefined
    this.opened = opened
    if (!isNew || opened.refused.length === 0) return
    warn(`${this.id} runs on ${opened.provider}: ${listRefusals(opened.refused)} could not be used.`)
  }

  #providerPart(): string[] {
    if (this.opened !== undefined) return this.opened.provider === 'cpu' ? [] : [this.opened.provider]
    const isSettled = this.options.providers === undefined || this.options.providers[0] === 'cpu'
    return isSettled ? [] : [`unresolved-${this.#key}`]
  }
}

/** A report says with each call that something else computes than was wished for. */
function countingRefusals(runner: PairRunner & { readonly opened: Opened }): PairRunner {
  if (runner.opened.refused.length === 0) return runner
  return {
    run: (pairs, call) => {
      count(call, 'refusedProviders', runner.opened.refused.length)
      return runner.run(pairs, call)
    },
    close: () => runner.close(),
  }
}

/** The options that change the numbers, as parts of the id. */
function readingOptions({ maxLength, longText, windowOverlap }: CrossEncoderOptions): string[] {
  const parts = maxLength === undefined ? [] : [`max${maxLength}`]
  return longText === 'windows' ? [...parts, `windows-${windowOverlap ?? 'default'}`] : parts
}
