import { randomUUID } from 'node:crypto'
import { count } from '../../base/call.js'
import { type OptionsOf, readOptions } from '../../base/check.js'
import { warn } from '../../base/errors.js'
import { aloneInThread, type Turns } from '../../base/schedule.js'
import type { Call, Scorer, ScorerDefaults } from '../../types.js'
import type { DocumentVectors } from '../documents/vectors.js'
import {
  checkDocumentTexts,
  checkFileArguments,
  encodeAll,
  type EncodedFile,
  type EncodeDocumentsOptions,
  encodeInto,
  type EncodesDocuments,
  type EncodeToFileOptions,
  OpenStore,
} from '../documents/store.js'
import type { Activation } from './folder/activation.js'
import type { Layout } from './folder/layout.js'
import { loading, type ModelFolder, readTokenizerFiles } from './model-files.js'
import { type GraphInUse, ModelSource } from './model-source.js'
import { type CrossEncoderOptions, crossEncoderOptions } from './options.js'
import { type PairModel, PairScorer } from './pair-scorer.js'
import type { EncodedPair } from './pairs.js'
import { type LoadedModel, readingParts, threadsPart } from './reading.js'
import { prepareScoring } from './scoring.js'
import { scoringParts } from './scoring-options.js'
import {
  type GraphSession,
  type Opened,
  type OpenedRunner,
  openSession,
  providerPart,
  refuseTelemetry,
} from './session/node.js'
import { usableCores } from './session/container.js'
import { listRefusals } from './session/failures.js'
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
import type { Placement } from './tuning/choice.js'
import type { TuningRequest } from './tuning/tuning.js'

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
  /** How many workers score, and threads inside one run; where either is measured, known once the model is loaded. */
  readonly placement: Placement | undefined
  /** Missing for a model whose authors leave its number as it is, and until it is known which model that is. */
  readonly toProbability: ((score: number) => number) | undefined
  /** What the model's files recommend; missing when they say nothing, and until it is known which model that is. */
  readonly defaults: ScorerDefaults | undefined
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
 * `providers` other than the processor, since it only shows then which of them computes, and for `threads: 'measured'`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, `'model-files'` when a model folder is not complete.
 */
export function crossEncoder(options: CrossEncoderOptions = {}): CrossEncoder {
  return openCrossEncoder(options, true)
}

/** @param keeps whether what is made of a model and measured with it, a lean graph above all, is kept in the cache */
export function openCrossEncoder(options: CrossEncoderOptions, keeps: boolean): OnnxCrossEncoder {
  const read = readOptions(crossEncoderOptions, options)
  refuseTelemetry()
  return new OnnxCrossEncoder(new OnnxModel(new ModelSource(read, keeps), read, keeps))
}

export class OnnxCrossEncoder extends PairScorer implements CrossEncoder {
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

  get placement(): CrossEncoder['placement'] {
    return this.#onnx.placement
  }

  /** What can be measured with the model, once it is loaded. */
  get tuning(): TuningRequest | undefined {
    return this.#onnx.tuning
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
  readonly #keeps: boolean
  #activation: Activation | undefined
  opened: Opened | undefined
  tokenizer: TokenizerKind | undefined
  placement: Placement | undefined
  tuning: TuningRequest | undefined

  constructor(source: ModelSource, options: OptionsOf<typeof crossEncoderOptions>, keeps: boolean) {
    this.#source = source
    this.options = options
    this.#keeps = keeps
    const { threads, workers } = options
    if (threads !== 'measured' && workers !== 'measured') this.placement = { threads, workers: workerCount(workers) }
    if (source.folder !== undefined) this.#learn(source.folder)
  }

  get id(): string {
    const { options } = this
    const parts = [...scoringParts(options), ...readingParts(options), ...this.#threadsPart]
    return [this.#source.id, ...parts, ...providerPart(options.providers, this.opened, this.#key)].join(':')
  }

  /** What is made of a passage does not depend on how a query, or what does not fit, is read. */
  get documentsId(): string {
    const { splitSpecialTokens, providers } = this.options
    const parts = [...readingParts({ splitSpecialTokens }), ...this.#threadsPart]
    return [this.#source.id, ...parts, ...providerPart(providers, this.opened, this.#key)].join(':')
  }

  /** Until it is known how many threads there are, a part that no other scorer has. */
  get #threadsPart(): string[] {
    const { threads } = this.options
    const known = threads === 'measured' ? this.placement?.threads : threads
    return known === undefined ? [`unresolved-${this.#key}`] : threadsPart(known)
  }

  get graph(): CrossEncoder['graph'] {
    return this.#source.graph
  }

  get weights(): string {
    return this.#source.id
  }

  get places(): number {
    return Math.max(1, PAIRS_PER_WORKER * (this.placement?.workers ?? 0))
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
    const { providers, spinning } = this.options
    const { head, tokenizer, ...pairs } = await prepareScoring(files, this.options)
    this.tokenizer = tokenizer
    const maxPositions = config.max_position_embeddings ?? 512
    const own = { graphPath, threads: this.placement?.threads ?? 1, maxPositions, head, providers, spinning }
    const lean = await this.#source.leanGraph(own, { pairs: pairs.pairs, signal })
    const kind = this.#source.graph?.kind ?? 'original'
    const model = { id: this.#source.id, path: folder.path, graph: kind }
    this.tuning = { session: { ...own, ...lean }, pairs: pairs.pairs, model, keeps: this.#keeps }
    const { threads, workers } = (this.placement ??= await this.#measure(this.tuning))
    const session = { ...own, ...lean, threads }
    const runner =
      workers === 0 ? new ThreadRunner(await openSession(session)) : await startPool(workers, session, lost)
    this.#settle(runner.opened)
    const store = await this.#openStore(runner)
    this.#shareCache(runner)
    const { length: refusedProviders } = runner.opened.refused
    return { ...pairs, runner, store, ...(refusedProviders > 0 && { refusedProviders }) }
  }

  async #measure(request: TuningRequest): Promise<Placement> {
    const { place } = await import('./tuning/tuning.js')
    const { threads, workers } = this.options
    return place(request, { threads, workers: workers === 'measured' ? workers : workerCount(workers) })
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
    const { passageCacheMiB } = this.options
    if (passageCacheMiB === 0 || runner.passageWidth === undefined) return
    const states = [this.#source.id, ...this.#threadsPart, runner.opened.provider].join(':')
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
