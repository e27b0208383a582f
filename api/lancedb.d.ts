import { RerankerSource, Reranker } from '@secondpass/core';
export { RerankerSource } from '@secondpass/core';
interface ArrowType {
    readonly typeId: number;
    readonly precision?: unknown;
}
interface ArrowField {
    readonly name: string;
    readonly type: ArrowType;
    readonly nullable: boolean;
    readonly metadata: ReadonlyMap<string, string>;
}
interface ArrowBatch {
    readonly numRows: number;
    readonly schema: {
        readonly fields: readonly ArrowField[];
        readonly metadata: ReadonlyMap<string, string>;
    };
    readonly data: {
        readonly type: ArrowType;
        readonly children: readonly unknown[];
    };
    getChild(name: never): {
        get(index: number): unknown;
    } | null;
}
interface RowOptions {
    readonly textColumn?: string | undefined;
    readonly topN?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly instruction?: string | undefined;
}
type HybridRerankerOptions = RerankerSource & RowOptions;
declare class HybridReranker {
    private readonly reranker;
    private readonly textColumn;
    constructor(options?: HybridRerankerOptions);
    rerankHybrid<B extends ArrowBatch>(query: string, vecResults: B, ftsResults: B): Promise<B>;
    warmup(): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
}
interface RerankRowsOptions extends RowOptions {
    readonly signal?: AbortSignal | undefined;
}
type RerankedRow<R extends object> = R & {
    readonly _relevance_score?: number;
};
declare function rerankRows<R extends object>(reranker: Reranker, { query, rows, ...options }: {
    readonly query: string;
    readonly rows: readonly R[];
} & RerankRowsOptions): Promise<RerankedRow<R>[]>;
export { HybridReranker, rerankRows };
export type { HybridRerankerOptions, RerankRowsOptions, RerankedRow, RowOptions };
