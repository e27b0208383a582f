import { randomUUID } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { count } from '../../base/call.js'
import { checkBoolean, checkOptions } from '../../base/check.js'
import { invalidArgument, warn } from '../../base/errors.js'
import type { Scorer } from '../../types.js'
import { readTokenizerFiles } from './model-files.js'
import { ModelSource, type ModelSourceOptions, sourceOptionNames } from './model-source.js'
import { type PairModel, PairScorer } from './pair-scorer.js'
import { checkReadingOptions, isWholeFrom, type LoadedModel, type ReadingOptions } from './reading.js'
import { oneByOne, type PairRunner } from './runner.js'
import { checkScoringOptions, prepareScoring, type ScoringOptions, scoringParts } from './scoring.js'
import { type GraphSession, openSession, refuseTelemetry } from './session/node.js'
import { listRefusals, type Opened, type OpenedRunner, type Provider } from './session/providers.js'
import { startPool } from './session/worker-pool.js'

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

/** Runs the pairs one at a time in this thread; onnxruntime lets the event loop turn between runs. */
export function inThisThread(session: GraphSession): OpenedRunner {
  const runner = oneByOne({
    score: ({ ids, secondSegmentStart }) => session.run(ids, secondSegmentStart),
    release: () => session.release(),
  })
  return { opened: session.opened, ...runner }
}

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions extends ReadingOptions, ScoringOptions, ModelSourceOptions {
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4.
   */
  readonly workers?: number | 'auto'
  /** Threads inside one run, 1 or more. Default 1: more threads pay off less than more workers. */
  readonly threads?: number
  /**
   * Whether threads that wait keep their core busy. Default `false`. `true` makes single runs shorter with two or more
   * `threads` on a machine that has nothing else to do, and everything slower on one that has. No effect with one thread.
   */
  readonly spinning?: boolean
  /**
   * What computes, tried in this order. Default `['cpu']`, which is what this library is made and measured for. When one
   * cannot be used here the next is tried, with a process warning; the scorer's id names any that is not the processor.
   */
  readonly providers?: readonly Provider[]
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
export function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, availableParallelism() - 1)) : workers
}

const OWN = ['workers', 'threads', 'spinning']
const READING = ['maxLength', 'longText', 'windowOverlap', 'template', 'instruction', 'activation']
const KNOWN = [...sourceOptionNames, ...OWN, ...READING]

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. What is about the model is checked with it. */
export function checkCrossEncoderOptions(options: CrossEncoderOptions): void {
  checkOptions('options', options, KNOWN)
  const { workers, threads, spinning } = options
  if (workers !== undefined && workers !== 'auto' && !isWholeFrom(0, workers)) {
    throw invalidArgument('workers', workers, "pass a whole number from 0, or 'auto'")
  }
  if (threads !== undefined && !isWholeFrom(1, threads))
    throw invalidArgument('threads', threads, 'pass a whole number from 1')
  if (spinning !== undefined) checkBoolean('spinning', spinning)
  checkReadingOptions(options)
  checkScoringOptions(options)
}
