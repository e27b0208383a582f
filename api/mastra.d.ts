import { RerankerSource, Reranker } from '@secondpass/core';
type RelevanceOptions = RerankerSource & {
    readonly topN?: undefined;
};
declare class RelevanceScorer {
    private readonly reranker;
    private readonly waiting;
    constructor(options?: RelevanceOptions);
    getRelevanceScore(query: string, text: string): Promise<number>;
    warmup(): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    private rank;
}
interface MastraResult {
    readonly score: number;
    readonly metadata?: Readonly<Record<string, unknown>> | undefined;
    readonly document?: string | undefined;
}
interface Reranked<R extends MastraResult> {
    readonly result: R;
    readonly score: number;
    readonly details: {
        readonly semantic: number;
        readonly vector: number;
        readonly position: number;
    };
}
interface RerankResultsOptions {
    readonly topK?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly instruction?: string | undefined;
    readonly signal?: AbortSignal | undefined;
}
declare function rerankResults<R extends MastraResult>(reranker: Reranker, { query, results, ...options }: {
    readonly query: string;
    readonly results: readonly R[];
} & RerankResultsOptions): Promise<Reranked<R>[]>;
export { RelevanceScorer, rerankResults };
export type { MastraResult, RelevanceOptions, RerankResultsOptions, Reranked };
