import { AsyncLocalStorage } from 'node:async_hooks'
import {
  type CallbackManagerForRetrieverRun,
  type Callbacks,
  parseCallbackConfigArg,
} from '@langchain/core/callbacks/manager'
import type { DocumentInterface } from '@langchain/core/documents'
import { BaseRetriever, type BaseRetrieverInput } from '@langchain/core/retrievers'
import { ensureConfig, type RunnableConfig } from '@langchain/core/runnables'
import { RerankError, type RerankerOptions, type RerankerSource } from '@secondpass/core'
import {
  type RerankCallOptions,
  RerankCompressor,
  type RerankCompressorFields,
  type RerankCompressorOptions,
} from './compressor.js'
import { directionOf, type FirstStage, withFirstStage } from './first-stage.js'
import { refuseTimeout, shown } from './source.js'
import { traceRetriever } from './trace.js'

/** The one method a vector store needs. Every LangChain vector store has it. */
export interface ScoredSearch {
  similaritySearchWithScore(
    query: string,
    k?: number,
    filter?: never,
    callbacks?: Callbacks,
  ): Promise<[DocumentInterface, number][]>
}

/** What a store takes as its filter. */
export type FilterOf<Store extends ScoredSearch> = Parameters<Store['similaritySearchWithScore']>[2]

/** Options of {@link RerankRetriever}, besides the reranker or the options to make one. */
export interface RerankRetrieverFields<Store extends ScoredSearch = ScoredSearch>
  extends BaseRetrieverInput, Omit<RerankCompressorFields, 'getScore'> {
  /** Where the candidates come from. */
  readonly vectorStore: Store
  /** How many candidates to ask the store for, at least 1. Default: 50. */
  readonly k?: number | undefined
  /**
   * How many documents come back, at least 1 and at most `k`; `Infinity`: all. Default: 4 (or `k` if less), as LangChain's
   * own vector store retriever.
   */
  readonly topN?: number | undefined
  /** Handed to the store as it is. Default: none. */
  readonly filter?: FilterOf<Store> | undefined
  /**
   * Whether the store's numbers are similarities (`true`) or distances (`false`). Default: read from the order of each
   * result list, which is best first; a list that does not tell (one result, all equal) has no scores. Say it when you
   * know it: then a list of one has a score too.
   *
   * Either way skip policies and `blend` see numbers where higher is better, distances negated: write thresholds for
   * those (a distance of at most 0.2 is `aboveThreshold({ threshold: -0.2 })`), and leave their own `higherIsBetter` out.
   */
  readonly higherIsBetter?: boolean | undefined
  /**
   * Metadata key for the store's own number where that is not the first-stage score: a distance, which
   * `firstStageScoreKey` holds negated so that higher is better, or a number of unknown direction.
   * Default: `'storeScore'`.
   */
  readonly storeScoreKey?: string | undefined
}

/** A ready `reranker`, or the options of `createReranker`; and the fields of this class. */
export type RerankRetrieverOptions<Store extends ScoredSearch = ScoredSearch> = RerankerSource &
  RerankRetrieverFields<Store>

/** What of the config of a call under way reaches the ranking: LangChain hands `_getRelevantDocuments` no config. */
const calls = new AsyncLocalStorage<Pick<RerankCallOptions, 'signal' | 'instruction'>>()

/**
 * Asks a vector store for `k` candidates with their scores, reranks them and returns the best `topN`.
 *
 * LangChain's own vector store retriever drops the scores, so behind it no skip policy can go by them. An abort signal
 * or timeout in the config of `invoke` ends the ranking too; `configurable.rerankInstruction` in it says what counts as
 * relevant in this call, in place of the `instruction` of this class.
 */
export class RerankRetriever<Store extends ScoredSearch = ScoredSearch> extends BaseRetriever {
  override lc_namespace: string[] = ['secondpass', 'langchain']
  private readonly compressor: RerankCompressor
  private readonly vectorStore: Store
  private readonly k: number
  private readonly filter: FilterOf<Store> | undefined
  private readonly firstStage: FirstStage

  static override lc_name(): string {
    return 'RerankRetriever'
  }

  /** @throws RerankError `'invalid-argument'` for an option that is unknown or wrong. */
  constructor(options: RerankRetrieverOptions<Store>) {
    refuseTimeout('RerankRetriever', options)
    const { callbacks, tags, metadata, verbose, ...own } = options
    super({
      ...(callbacks && { callbacks }),
      ...(tags && { tags }),
      ...(metadata && { metadata }),
      ...(verbose !== undefined && { verbose }),
    })
    const { vectorStore, k = 50, filter, higherIsBetter, storeScoreKey = 'storeScore', ...ranking } = own
    const { topN = typeof k === 'number' ? Math.min(4, k) : 4, firstStageScoreKey = 'firstStageScore' } = ranking
    checkStore(vectorStore, k, topN)
    checkBlends(ranking as RerankerOptions)
    this.vectorStore = vectorStore
    this.k = k
    this.filter = filter
    const direction = higherIsBetter === undefined ? undefined : higherIsBetter ? 'similarity' : 'distance'
    this.firstStage = { direction, firstStageScoreKey, storeScoreKey }
    this.compressor = new RerankCompressor({ ...ranking, topN } as RerankCompressorOptions)
  }

  override async invoke(query: string, options?: RunnableConfig): Promise<DocumentInterface[]> {
    const config = ensureConfig(parseCallbackConfigArg(options) as RunnableConfig)
    const instruction = config.configurable?.['rerankInstruction'] as string | undefined
    return calls.run({ signal: config.signal, instruction }, () => super.invoke(query, config))
  }

  override async _getRelevantDocuments(
    query: string,
    run?: CallbackManagerForRetrieverRun,
  ): Promise<DocumentInterface[]> {
    calls.getStore()?.signal?.throwIfAborted()
    const candidates = await this.search(query, run)
    return this.compressor.compressDocuments(candidates, query, run?.getChild('reranker'), calls.getStore())
  }

  /** Loads the model ahead of the first call. Idempotent. */
  async warmup(): Promise<void> {
    await this.compressor.warmup()
  }

  /** Closes the reranker that this retriever made; a ready `reranker` is left to its maker. Idempotent. */
  async close(): Promise<void> {
    await this.compressor.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  /** The candidates in the store's order, as copies that carry the store's scores; a run of its own in the trace. */
  private async search(query: string, run?: CallbackManagerForRetrieverRun): Promise<DocumentInterface[]> {
    const search = { name: 'VectorStoreSearch', query, tags: ['vectorstore'], metadata: { k: this.k } }
    return traceRetriever(run?.getChild(), search, async (children) => {
      const found = await orAbort(
        this.vectorStore.similaritySearchWithScore(query, this.k, this.filter as never, children),
      )
      checkFound(found)
      const direction = this.firstStage.direction ?? directionOf(found.map(([, number]) => number))
      return found.map(([document, number]) => withFirstStage(document, number, { ...this.firstStage, direction }))
    })
  }
}

function checkFound(found: unknown): void {
  const isPair = (one: unknown): boolean => Array.isArray(one) && typeof one[0] === 'object' && one[0] !== null
  if (Array.isArray(found) && Array.from(found).every(isPair)) return
  const fix = 'similaritySearchWithScore() must resolve to an array of [document, number]'
  throw new RerankError('scorer', `RerankRetriever: the vector store answered with ${typeof found}: ${fix}`)
}

/** Stores take no signal: an abort stops the waiting, not the search. */
function orAbort<T>(search: Promise<T>): Promise<T> {
  const signal = calls.getStore()?.signal
  if (signal === undefined) return search
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    search.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}

/** A blend that turned the numbers round a second time would put the worst candidates first. */
function checkBlends({ blend, stages = [] }: Pick<RerankerOptions, 'blend' | 'stages'>): void {
  for (const candidate of [blend, ...stages.map((stage) => stage.blend)]) {
    if (candidate && candidate.higherIsBetter === false) {
      throw new RerankError(
        'invalid-argument',
        'RerankRetriever: blend.higherIsBetter is false: leave it out, distances are handed on negated; say higherIsBetter: false to the retriever itself',
      )
    }
  }
}

function checkStore(vectorStore: ScoredSearch | undefined, k: number, topN: number): void {
  if (typeof vectorStore?.similaritySearchWithScore !== 'function') {
    throw new RerankError(
      'invalid-argument',
      'RerankRetriever: vectorStore has no similaritySearchWithScore(): pass a LangChain vector store, or use RerankCompressor behind any other retriever',
    )
  }
  if (!Number.isInteger(k) || k < 1) {
    throw new RerankError('invalid-argument', `RerankRetriever: k is ${shown(k)}: pass a whole number of at least 1`)
  }
  if (typeof topN === 'number' && topN !== Infinity && k < topN) {
    throw new RerankError(
      'invalid-argument',
      `RerankRetriever: k is ${k} and topN is ${topN}: ask the store for more candidates than come back`,
    )
  }
}
