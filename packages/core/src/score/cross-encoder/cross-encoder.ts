import { randomUUID } from 'node:crypto'
import { count } from '../../base/call.js'
import { flag, must, type OptionsOf, type OptionTable, readOptions, whole, withDefault } from '../../base/check.js'
import { warn } from '../../base/errors.js'
import { aloneInThread, type QueueOptions, queueOptions, type Turns } from '../../base/schedule.js'
import type { Call, Scorer, ScorerDefaults } from '../../types.js'
import type { DocumentVectors } from '../documents/vectors.js'
import {
  checkDocumentTexts,
  checkFileArguments,
  type DocumentStore,
  encodeAll,
  type EncodedFile,
  type EncodeDocumentsOptions,
  encodeInto,
  type EncodesDocuments,
  type EncodeToFileOptions,
  OpenStore,
  storeOption,
} from '../documents/store.js'
import type { Activation } from './folder/activation.js'
import type { Layout } from './folder/layout.js'
import { loading, type ModelFolder, readTokenizerFiles } from './model-files.js'
import {
  type GraphInUse,
  type GraphOption,
  graphOption,
  ModelSource,
  type ModelSourceOptions,
  sourceOptions,
} from './model-source.js'
import { type PairModel, PairScorer } from './pair-scorer.js'
import type { EncodedPair } from './pairs.js'
import { type LoadedModel, type ReadingOptions, readingOptions, readingParts, threadsPart } from './reading.js'
import { prepareScoring } from './scoring.js'
import { type ScoringOptions, scoringOptions, scoringParts } from './scoring-options.js'
import {
  type GraphSession,
  listRefusals,
  type Opened,
  type OpenedRunner,
  openSession,
  providerPart,
  refuseTelemetry,
} from './session/node.js'
import type { Provider } from './session/providers.js'
import { usableCores } from './session/container.js'
import { PAIRS_PER_WORKER, startPool, type WorkerPool } from './session/worker-pool.js'
import {
  Blocks,
  checkStates,
  leaseFor,
  readsTogether,
  shareCache,
  type SharedCache,
  type StateGraph,
  StateReader,
  statesToKeep,
} from './states.js'
import type { TokenizerKind } from './tokenizer/pipeline.js'

/** A scorer that frees its session and threads at the end of an `await using` block. */
export interface CrossEncoder extends Scorer<'pair'>, EncodesDocuments, AsyncDisposable {
  /** What computes, and which of the `providers` could not; known once the model is loaded. */
  readonly opened: Opened | undefined
  /**
   * What turns text into tokens: WordPiece of our own, the package `tokenizers` (Rust, as in Python), or
   * `@huggingface/tokenizers`; known once the model is loaded. All give the same tokens.
   */
  readonly tokenizer: TokenizerKind | undefined
  /**
   * Whether a lean graph computes, one that comes with the model or was made of it, or the model's own, and in that case
   * why if a lean one was tried; known once the model is loaded.
   */
  readonly graph: GraphInUse | undefined
  /** Missing for a model whose authors leave its number as it is, and until it is known which model that is. */
  readonly toProbability: ((score: number) => number) | undefined
  /** What the model's files recommend; missing when they say nothing, and until it is known which model that is. */
  readonly defaults: ScorerDefaults | undefined
  countTokens(text: string): Promise<number>
  warmup(): Promise<void>
  close(): Promise<void>
}

/** Options of {@link crossEncoder}. */
export interface CrossEncoderOptions
  extends ReadingOptions, ScoringOptions, ModelSourceOptions, GraphOption, QueueOptions {
  /**
   * Worker threads that score beside the event loop. Default 0: score in the calling thread, one pair a run, so that
   * the loop turns between pairs. A number from 1: that many threads, each with its own copy of the weights.
   * `'auto'`: the cores but one, at least 1 and at most 4; of a container, the cores that its quota allows.
   */
  readonly workers?: number | 'auto' | undefined
  /** Threads inside one run, 1 to 1024. Default 1: more threads pay off less than more workers. */
  readonly threads?: number | undefined
  /**
   * Whether threads that wait keep their core busy. Default `false`. `true` makes single runs shorter with two or more
   * `threads` on a machine that has nothing else to do, and everything slower on one that has. No effect with one thread.
   */
  readonly spinning?: boolean | undefined
  /**
   * Memory for passages that were read before, in MiB: a model that reads query and passage apart in its lower layers, as
   * the bundled one does, keeps what these made of a passage, and spares itself that work the next time. Scores are the same
   * to the bit either way. Shared by all scorers of the same model in a thread and by their workers; the largest bound of
   * them holds. Taken as it is needed; those used longest ago make room. The report counts `passageCacheHits`. Default 64,
   * about 1,250 passages of 128 tokens; 0 keeps none. No effect for other models.
   */
  readonly passageCacheMiB?: number | undefined
  /**
   * Passages that were encoded ahead of time, for a model that reads query and passage apart in its lower layers, as the bundled
   * one does: the path of a file that `encodeDocumentsToFile` wrote, or what `encodeDocuments` fills. A text that is found
   * there is not read; any other is read as always. Scores are the same to the bit either way. The report counts `storedTexts`,
   * and in `storeErrors` what the store failed for or did not hand over within a second. Default: none. Refused with
   * `'invalid-argument'` when the model is loaded: a store of another model, and any for a model that reads both together.
   */
  readonly store?: DocumentStore | string | undefined
  /**
   * What computes, tried in this order. Default: `'cpu'`, which is what this library is made and measured for, and `'wasm'`
   * where onnxruntime-node does not load and onnxruntime-web is installed. When one cannot be used here the next is tried,
   * with a process warning; the scorer's id names any that is not the processor.
   */
  readonly providers?: readonly Provider[] | undefined
}

/** See {@link CrossEncoderOptions}. */
const crossEncoderOptions = {
  ...sourceOptions,
  graph: withDefault(graphOption.graph, 'lean'),
  workers: withDefault(
    must<number | 'auto'>(
      (value) => value === 'auto' || (Number.isInteger(value) && (value as number) >= 0 && (value as number) <= 256),
      "pass a whole number from 0 to 256, or 'auto'",
    ),
    0,
  ),
  threads: withDefault(whole(1, 1024), 1),
  spinning: withDefault(flag, false),
  passageCacheMiB: withDefault(whole(0, 65_536), 64),
  store: storeOption,
  ...queueOptions,
  ...readingOptions,
  ...scoringOptions,
} satisfies OptionTable<CrossEncoderOptions>

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
  return openCrossEncoder(options, true)
}

/** @param keeps whether a lean graph that is made is kept in the cache */
export function openCrossEncoder(options: CrossEncoderOptions, keeps: boolean): CrossEncoder {
  const read = readOptions(crossEncoderOptions, options)
  refuseTelemetry()
  return new OnnxCrossEncoder(new OnnxModel(new ModelSource(read, keeps), read))
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

  get tokenizer(): TokenizerKind | undefined {
    return this.#onnx.tokenizer
  }

  get graph(): CrossEncoder['graph'] {
    return this.#onnx.graph
  }

  get documentsId(): string {
    return this.#onnx.documentsId
  }

  async encodeDocuments(texts: readonly string[], options: EncodeDocumentsOptions = {}): Promise<DocumentVectors[]> {
    checkDocumentTexts(texts)
    return this.withModel({ signal: options.signal, effort: texts.length }, (model, turns) => {
      return encodeAll(texts, { encode: (text) => this.#encode(text, model, turns), store: model.store }, options)
    })
  }

  async encodeDocumentsToFile(
    texts: Iterable<string> | AsyncIterable<string>,
    path: string,
    options: EncodeToFileOptions = {},
  ): Promise<EncodedFile> {
    checkFileArguments(texts, path)
    return this.withModel({ signal: options.signal, effort: Infinity }, (model, turns) => {
      const { documentsId } = this
      const encode = (text: string): Promise<DocumentVectors> => this.#encode(text, model, turns)
      return encodeInto({ texts, path }, { encode, documentsId, places: this.#onnx.places }, options)
    })
  }

  /** A text that does not fit beside the shortest query is cut for each query elsewhere: nothing can be kept of it. */
  #encode(text: string, { pairs, runner }: LoadedModel, turns: Turns): Promise<DocumentVectors> {
    const { apart } = pairs
    const { encodeText } = runner
    if (apart === undefined || encodeText === undefined) throw readsTogether(this.id)
    return turns.turn(1, async () => {
      const ids = await apart.encodeText(text)
      return statesToKeep(ids, ids && (await encodeText(apart.joinPair({ ids: [] }, ids))))
    })
  }
}

class OnnxModel implements PairModel {
  readonly options: OptionsOf<typeof crossEncoderOptions>
  readonly #source: ModelSource
  readonly #key = randomUUID().slice(0, 8)
  #activation: Activation | undefined
  opened: Opened | undefined
  tokenizer: TokenizerKind | undefined

  constructor(source: ModelSource, options: OptionsOf<typeof crossEncoderOptions>) {
    this.#source = source
    this.options = options
    if (source.folder !== undefined) this.#learn(source.folder)
  }

  get id(): string {
    const { options } = this
    const parts = [...scoringParts(options), ...readingParts(options), ...threadsPart(options.threads)]
    return [this.#source.id, ...parts, ...providerPart(options.providers, this.opened, this.#key)].join(':')
  }

  /** What is made of a passage does not depend on how a query, or what does not fit, is read. */
  get documentsId(): string {
    const { splitSpecialTokens, threads, providers } = this.options
    const parts = [...readingParts({ splitSpecialTokens }), ...threadsPart(threads)]
    return [this.#source.id, ...parts, ...providerPart(providers, this.opened, this.#key)].join(':')
  }

  get graph(): CrossEncoder['graph'] {
    return this.#source.graph
  }

  get weights(): string {
    return this.#source.id
  }

  get places(): number {
    return Math.max(1, PAIRS_PER_WORKER * workerCount(this.options.workers))
  }

  get toProbability(): ((score: number) => number) | undefined {
    const { folder } = this.#source
    if (folder === undefined || this.#activation !== 'sigmoid') return undefined
    return (score) => 1 / (1 + Math.exp(-score / folder.temperature))
  }

  get defaults(): ScorerDefaults | undefined {
    return this.#source.folder?.defaults
  }

  open(signal: AbortSignal, lost: () => void): Promise<LoadedModel> {
    return loading(this.id, signal, () => this.#open(signal, lost))
  }

  async #open(signal: AbortSignal, lost: () => void): Promise<LoadedModel> {
    const folder = await this.#source.ensure(signal)
    const { id, graphPath, config } = folder
    const layout = this.#learn(folder)
    const name = id.slice(0, id.lastIndexOf('@'))
    const files = { name, config, layout, ...(await readTokenizerFiles(folder, layout)) }
    const { threads, workers, providers, spinning } = this.options
    const { head, tokenizer, ...pairs } = await prepareScoring(files, this.options)
    this.tokenizer = tokenizer
    const maxPositions = config.max_position_embeddings ?? 512
    const own = { graphPath, threads, maxPositions, head, providers, spinning }
    const session = { ...own, ...(await this.#source.leanGraph(own, { pairs: pairs.pairs, signal })) }
    const threadsBeside = workerCount(workers)
    const inside = threadsBeside === 0
    const runner = inside ? new ThreadRunner(await openSession(session)) : await startPool(threadsBeside, session, lost)
    this.#settle(runner.opened)
    const store = await this.#openStore(runner)
    this.#shareCache(runner)
    const { length: refusedProviders } = runner.opened.refused
    return { ...pairs, runner, store, ...(refusedProviders > 0 && { refusedProviders }) }
  }

  /** @throws RerankError `'invalid-argument'` when this model is not to use it; the runner is closed then. */
  async #openStore(runner: ThreadRunner | WorkerPool): Promise<OpenStore | undefined> {
    const { store } = this.options
    if (store === undefined) return undefined
    try {
      const { passageWidth } = runner
      if (passageWidth === undefined) throw readsTogether(this.id)
      return await OpenStore.open(store, this.documentsId, (vectors) => checkStates(vectors, passageWidth))
    } catch (error) {
      await runner.close(Promise.resolve())
      throw error
    }
  }

  /** What a folder is made of; from here on it is known what is put on top of its score. */
  #learn(folder: ModelFolder): Layout | undefined {
    const layout = folder.layout()
    this.#activation = folder.activation(this.options.activation)
    return layout
  }

  /** Gives a runner the cache of all that compute the same, until it is closed. Other threads and devices round otherwise. */
  #shareCache(runner: ThreadRunner | WorkerPool): void {
    const { passageCacheMiB, threads } = this.options
    if (passageCacheMiB === 0 || runner.passageWidth === undefined) return
    const states = [this.#source.id, ...threadsPart(threads), runner.opened.provider].join(':')
    runner.shared = shareCache(states, passageCacheMiB)
  }

  /** From here on the id says what computes. A provider that was refused is warned of once. */
  #settle(opened: Opened): void {
    const isNew = this.opened === undefined
    this.opened = opened
    if (!isNew || opened.refused.length === 0) return
    warn(`${this.id} runs on ${opened.provider}: ${listRefusals(opened.refused)} could not be used.`)
  }
}

/** Each run blocks this thread; the event loop turns in between. */
class ThreadRunner implements OpenedRunner {
  readonly opened: Opened
  /** Where the states of passages are kept; none are until there is one. */
  shared: SharedCache | undefined
  readonly #session: GraphSession
  #reader: StateReader | undefined

  constructor(session: GraphSession) {
    this.#session = session
    this.opened = session.opened
  }

  async score(pair: EncodedPair, call: Pick<Call, 'stats'>): Promise<number> {
    const { states } = this.#session
    if (states === undefined) return aloneInThread(() => this.#session.run(pair.ids, pair.secondSegmentStart))
    const reader = this.#readerOf(states)
    const lease = leaseFor(pair, this.shared?.cache, states.passageWidth)
    let isScored = false
    try {
      const logit = await aloneInThread(() => reader.score(pair, lease))
      isScored = true
      if (lease?.known === true) count(call, 'passageCacheHits', 1)
      return logit
    } finally {
      lease?.release(isScored)
    }
  }

  #readerOf(states: StateGraph): StateReader {
    return (this.#reader ??= new StateReader(states, this.shared?.cache.blocks ?? new Blocks()))
  }

  /** See {@link StateGraph.passageWidth}; nothing where there is nothing to keep of a passage. */
  get passageWidth(): number | undefined {
    return this.#session.states?.passageWidth
  }

  get encodeText(): ((pair: EncodedPair) => Promise<Uint8Array>) | undefined {
    const { states } = this.#session
    return states && ((pair) => aloneInThread(() => this.#readerOf(states).encodeText(pair)))
  }

  knows(text: string): boolean {
    return this.shared?.cache.knows(text) === true
  }

  async close(idle: Promise<void>): Promise<void> {
    await idle
    this.shared?.close()
    await this.#session.release()
  }
}

/** `'auto'` leaves a core to the event loop, and stops at 4: each worker holds its own copy of the weights. */
function workerCount(workers: number | 'auto'): number {
  return workers === 'auto' ? Math.min(4, Math.max(1, usableCores() - 1)) : workers
}
