import { Generate, RerankerSource } from '@secondpass/core';
interface CompletingLLM {
    complete(params: {
        prompt: string;
    }): Promise<{
        readonly text: string;
    }>;
}
declare function generateWith(llm: CompletingLLM): Generate;
type MetadataModeName = 'ALL' | 'EMBED' | 'LLM' | 'NONE';
interface ScoredNode {
    readonly node: {
        getContent(metadataMode: never): string;
    };
    readonly score?: number | undefined;
}
type Reranked<N extends ScoredNode> = N & {
    readonly firstStageScore?: number;
    readonly blendedScore?: number;
};
type QueryContent = string | readonly {
    readonly type: string;
    readonly text?: string;
}[];
interface RerankPostprocessorFields {
    readonly topN?: number | undefined;
    readonly deadlineMs?: number | undefined;
    readonly instruction?: string | undefined;
    readonly metadataMode?: MetadataModeName | undefined;
    readonly getScore?: ((node: ScoredNode) => number | undefined) | undefined;
}
type RerankPostprocessorOptions = RerankPostprocessorFields & RerankerSource;
declare class RerankPostprocessor {
    private readonly reranker;
    private readonly fields;
    constructor(options?: RerankPostprocessorOptions);
    postprocessNodes<N extends ScoredNode>(nodes: N[], query?: QueryContent): Promise<Reranked<N>[]>;
    warmup(): Promise<void>;
    close(): Promise<void>;
    [Symbol.asyncDispose](): Promise<void>;
    private candidatesOf;
}
export { RerankPostprocessor, generateWith };
export type { CompletingLLM, MetadataModeName, QueryContent, RerankPostprocessorFields, RerankPostprocessorOptions, Reranked, ScoredNode };
