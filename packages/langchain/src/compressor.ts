import type { Callbacks } from '@langchain/core/callbacks/manager'
import type { DocumentInterface } from '@langchain/core/documents'
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import {
  asReranker,
  type RankedResult,
  type Ranking,
  type Reranker,
  RerankError,
  type RerankerSource,
  type Span,
} from '@secondpass/core'
import { type GetScore, scoreAt, toCandidates, withMetadata } from './documents.js'
import { type RankingOptions, refuseTimeout } from './source.js'
import { traceRanking, traceRetriever } from './trace.js'

/** Options of {@link RerankCompressor}, besides the reranker or the options to make one. */
export interface RerankCompressorFields extends RankingOptions {
  /**
   * Metadata key for the reranker's score: a probability in 0..1 with the bundled model. On the way out the key holds
   * this compressor's score or is absent, so that no number of another scale is mistaken for it.
   * Default: `'relevanceScore'`.
   */
  readonly scoreKey?: string | undefined
  /** Metadata key for the first-stage score that {@link getScore} read. Default: `'firstStageScore'`. */
  readonly firstStageScoreKey?: string | undefined
  /**
   * Metadata key for the number that the order is by when first-stage scores are blended in: 0..1, relative to these
   * documents. Written only then. Default: `'blendedScore'`.
   */
  readonly blendedScoreKey?: string | undefined
  /**
   * Reads the first-stage score of a document: any scale, higher is better; skip policies and `blend` go by it.
   * Default: the number under `firstStageScoreKey`, which {@link RerankRetriever} writes. No other key is tried: a
   * `metadata.score` is a similarity in one store and a distance in the next. Examples:
   * `(document) => document.metadata.bm25Score`, `(document) => -document.metadata.distance`.
   */
  readonly getScore?: GetScore | undefined
}

/** A ready `reranker`, or the options of `createReranker`; and the fields of this class. */
export type RerankCompressorOptions = RerankerSource & RerankCompressorFields

/** Options of one call. */
export interface RerankCallOptions {
  /** Overrides the compressor's `topN` for this call. */
  readonly topN?: number | undefined
  /** Overrides the compressor's `deadlineMs` for this call. In milliseconds. */
  readonly deadlineMs?: number | undefined
  /** Overrides the compressor's `instruction` for this call. */
  readonly instruction?: string | undefined
  /** Aborting rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** One entry of {@link RerankCompressor.rerank}. */
export interface RerankEntry {
  /** 0-based place in the documents given. */
  readonly index: number
  /** The reranker's score. Missing when no model scored this document: ranking was skipped, failed or came late. */
  readonly relevanceScore?: number
  /** The first-stage score, when there is one. */
  readonly firstStageScore?: number
  /** With `blend`: the mix of both that the order is by, 0..1 and relative to these documents. */
  readonly blendedScore?: number
  /** The end of the document was not read because it did not fit the model. */
  readonly truncated?: boolean
  /** A part of the query was not read beside this text, because it did not fit the model. */
  readonly queryTruncated?: boolean
  /** The stretch of the document that earned the score, when it was read in windows. */
  readonly bestSpan?: Span
}

/**
 * Reranks documents wherever LangChain takes a document compressor: `ContextualCompressionRetriever`,
 * `DocumentCompressorPipeline`, `MultiQueryRetriever`, `ParentDocumentRetriever`.
 *
 * Documents come back as copies, best first; those given are never changed. With no documents no model is loaded.
 */
export class RerankCompressor extends BaseDocumentCompressor {
  private readonly reranker: Reranker
  private readonly scoreKey: string
  private readonly firstStageScoreKey: string
  private readonly blendedScoreKey: string
  private readonly getScore: GetScore
  /** As it was made, for the trace. */
  private readonly ranking: RankingOptions

  /** @throws RerankError `'invalid-argument'` for an option that is unknown, wrong, or given beside a ready reranker. */
  constructor(options: RerankCompressorOptions = {}) {
    super()
    refuseTimeout('RerankCompressor', options)
    const { scoreKey, firstStageScoreKey, blendedScoreKey, getScore, ...source } = options
    this.reranker = asReranker(source, 'RerankCompressor')
    this.ranking = { topN: source.topN, deadlineMs: source.deadlineMs }
    this.scoreKey = scoreKey ?? 'relevanceScore'
    this.firstStageScoreKey = firstStageScoreKey ?? 'firstStageScore'
    this.blendedScoreKey = blendedScoreKey ?? 'blendedScore'
    if (getScore !== undefined && typeof getScore !== 'function') {
      throw new RerankError('invalid-argument', `RerankCompressor: getScore is ${typeof getScore}: pass a function`)
    }
    this.getScore = getScore ?? ((document) => scoreAt(document, this.firstStageScoreKey))
  }

  /**
   * @param documents in first-stage order.
   * @param query not empty.
   * @param callbacks what a retriever hands on (`runManager?.getChild()`), for the trace.
   * @param options for code that calls this directly; LangChain's own retrievers never pass them.
   * @returns copies of the best `topN` documents, best first.
   * @throws RerankError `'invalid-argument'` for what are no documents; what the reranker throws, see `onError` of
   * `createReranker`.
   */
  // oxlint-disable-next-line max-params -- the first three are LangChain's.
  override async compressDocuments(
    documents: DocumentInterface[],
    query: string,
    callbacks?: Callbacks,
    options: RerankCallOptions = {},
  ): Promise<DocumentInterface[]> {
    const { topN = this.ranking.topN, deadlineMs = this.ranking.deadlineMs } = options
    const settings = {
      candidates: documents?.length,
      ...(topN !== undefined && { topN }),
      ...(deadlineMs !== undefined && { deadlineMs }),
    }
    const run = { name: 'RerankCompressor', query, tags: ['reranker'], metadata: settings }
    return traceRetriever(callbacks, run, async (children) => {
      const rank = (): Promise<Ranking> => this.rank(documents, query, options)
      const { results } = await traceRanking(children, { query, ...settings }, rank)
      return results.map((result) => this.toDocument(documents[result.index] as DocumentInterface, result))
    })
  }

  /**
   * The ranking without the documents, for code that keeps its own. Not traced.
   *
   * @param documents LangChain documents, or plain texts.
   * @returns the best `topN` places, best first.
   * @throws RerankError what the reranker throws; see `onError` of `createReranker`.
   */
  async rerank(
    documents: readonly (DocumentInterface | string)[],
    query: string,
    options: RerankCallOptions = {},
  ): Promise<RerankEntry[]> {
    const asDocument = (item: DocumentInterface | string): DocumentInterface =>
      typeof item === 'string' ? { pageContent: item, metadata: {} } : item
    // What is no list is refused where documents are read.
    const whole = Array.isArray(documents) ? documents.map(asDocument) : (documents as never)
    const { results } = await this.rank(whole, query, options)
    return results.map(({ index, score, firstStageScore, blendedScore, truncated, queryTruncated, bestSpan }) => ({
      index,
      ...(score !== undefined && { relevanceScore: score }),
      ...(firstStageScore !== undefined && { firstStageScore }),
      ...(blendedScore !== undefined && { blendedScore }),
      ...(truncated !== undefined && { truncated }),
      ...(queryTruncated !== undefined && { queryTruncated }),
      ...(bestSpan !== undefined && { bestSpan }),
    }))
  }

  /** Loads the model ahead of the first call, for example while the retriever is being set up. Idempotent. */
  async warmup(): Promise<void> {
    await this.reranker.warmup()
  }

  /** Closes the reranker that this compressor made; a ready `reranker` is left to its maker. Idempotent. */
  async close(): Promise<void> {
    await this.reranker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  private async rank(
    documents: readonly DocumentInterface[],
    query: string,
    options: RerankCallOptions,
  ): Promise<Ranking> {
    refuseTimeout('RerankCompressor', options)
    const { topN, deadlineMs, instruction, signal } = options
    const candidates = toCandidates(documents, this.getScore)
    return this.reranker.rerank(query, candidates, { topN, deadlineMs, instruction, signal })
  }

  private toDocument(document: DocumentInterface, result: RankedResult): DocumentInterface {
    const changes: Record<string, unknown> = { [this.scoreKey]: result.score }
    if (result.firstStageScore !== undefined) changes[this.firstStageScoreKey] = result.firstStageScore
    if (result.blendedScore !== undefined) changes[this.blendedScoreKey] = result.blendedScore
    return withMetadata(document, changes)
  }
}
