import { Generate, RerankerOptions, Scorer, Reranker, CrossEncoderOptions } from '@secondpass/core';
import { JSONObject, ProviderV3, RerankingModelV3 } from '@ai-sdk/provider';
type AskedModel = string | {
    readonly specificationVersion: string;
    doGenerate(options: never): unknown;
};
interface GenerateSettings {
    readonly temperature?: number | null | undefined;
    readonly maxRetries?: number | undefined;
    readonly maxOutputTokens?: number | undefined;
    readonly providerOptions?: Readonly<Record<string, object>> | undefined;
    readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
}
declare function generateWith(model: AskedModel, settings?: GenerateSettings): Generate;
interface RerankingSettings extends Omit<RerankerOptions, 'scorer' | 'model' | 'stages' | 'topN' | 'order'> {
    readonly modelId?: string | undefined;
    readonly textOf?: ((document: JSONObject) => string) | undefined;
}
interface CallOptions {
    readonly scores?: readonly (number | null)[];
    readonly deadlineMs?: number;
    readonly onError?: 'throw' | 'keep-order';
    readonly instruction?: string;
}
interface SecondpassProviderOptions {
    readonly models?: Readonly<Record<string, Scorer | Reranker>> | undefined;
    readonly crossEncoder?: Omit<CrossEncoderOptions, 'model'> | undefined;
}
interface SecondpassProvider extends ProviderV3, AsyncDisposable {
    reranking(model: 'bundled' | 'bundled-tiny' | (string & {}) | Scorer | Reranker, settings?: RerankingSettings): RerankingModelV3;
    rerankingModel(modelId: string): RerankingModelV3;
    close(): Promise<void>;
}
declare function createSecondpass(options?: SecondpassProviderOptions): SecondpassProvider;
declare const secondpass: SecondpassProvider;
export { createSecondpass, generateWith, secondpass };
export type { AskedModel, GenerateSettings, RerankingSettings, CallOptions as SecondpassCallOptions, SecondpassProvider, SecondpassProviderOptions };
