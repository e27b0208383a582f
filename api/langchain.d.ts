import { Callbacks, CallbackManagerForRetrieverRun } from '@langchain/core/callbacks/manager';
import { DocumentInterface } from '@langchain/core/documents';
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors';
import { RerankerSource, Span, Generate } from '@secondpass/core';
export { RerankerSource } from '@secondpass/core';
import { RunnableConfig } from '@langchain/core/runnables';
import { BaseRetriever, BaseRetrieverInput } from '@langchain/core/retrievers';
type GetScore = (document: DocumentInterface) => number | undefined;
interface RankingOptions {
    readonly topN?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly instruction?: string | undefined;
}
interface RerankCompressorFields extends RankingOptions {
    readonly scoreKey?: string | undefined;
    readonly firstStageScoreKey?: string | undefined;
    readonly blendedScoreKey?: string | undefined;
    readonly getScore?: GetScore | undefined;
}
type RerankCompressorOptions = RerankerSource & RerankCompressorFields;
interface RerankCallOptions {
    readonly topN?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly instruction?: string | undefined;
    readonly signal?: AbortSignal | undefined;
}
interface RerankEntry {
    readonly index: number;
    readonly relevanceScore?: number;
    readonly firstStageScore?: number;
    readonly blendedScore?: number;
    readonly truncated?: boolean;
    readonly queryTruncated?: boolean;
    readonly bestSpan?: Span;
}
declare class RerankCompressor extends BaseDocumentCompressor {
    private readonly reranker;
    private readonly scoreKey;
    private readonly firstStageScoreKey;
    private readonly blendedScoreKey;
    private readonly getScore;
    private readonly ranking;
    constructor(options?: RerankCompressorOptions);
    compressDocuments(documents: DocumentInterface[], query: string, callbacks?: Callbacks, options?: RerankCallOptions): Promise<DocumentInterface[]>;
    rerank(documents: readonly (DocumentInterface | string)[], query: string, options?: RerankCallOptions): Promise<RerankEntry[]>;
    warmup(): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    private rank;
    private toDocument;
}
interface PromptRunnable {
    invoke(input: string, options?: Partial<RunnableConfig>): Promise<unknown>;
}
declare function generateWith(model: PromptRunnable, config?: Omit<RunnableConfig, 'signal'>): Generate;
interface ScoredSearch {
    similaritySearchWithScore(query: string, k?: number, filter?: never, callbacks?: Callbacks): Promise<[
        DocumentInterface,
        number
    ][]>;
}
type FilterOf<Store extends ScoredSearch> = Parameters<Store['similaritySearchWithScore']>[2];
interface RerankRetrieverFields<Store extends ScoredSearch = ScoredSearch> extends BaseRetrieverInput, Omit<RerankCompressorFields, 'getScore'> {
    readonly vectorStore: Store;
    readonly k?: number | undefined;
    readonly topN?: number | undefined;
    readonly filter?: FilterOf<Store> | undefined;
    readonly higherIsBetter?: boolean | undefined;
    readonly storeScoreKey?: string | undefined;
}
type RerankRetrieverOptions<Store extends ScoredSearch = ScoredSearch> = RerankerSource & RerankRetrieverFields<Store>;
declare class RerankRetriever<Store extends ScoredSearch = ScoredSearch> extends BaseRetriever {
    lc_namespace: string[];
    private readonly compressor;
    private readonly vectorStore;
    private readonly k;
    private readonly filter;
    private readonly firstStage;
    static lc_name(): string;
    constructor(options: RerankRetrieverOptions<Store>);
    invoke(query: string, options?: RunnableConfig): Promise<DocumentInterface[]>;
    _getRelevantDocuments(query: string, run?: CallbackManagerForRetrieverRun): Promise<DocumentInterface[]>;
    warmup(): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    private search;
}
export { RerankCompressor, RerankRetriever, generateWith };
export type { FilterOf, GetScore, PromptRunnable, RankingOptions, RerankCallOptions, RerankCompressorFields, RerankCompressorOptions, RerankEntry, RerankRetrieverFields, RerankRetrieverOptions, ScoredSearch };
