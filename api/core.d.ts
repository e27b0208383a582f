type RerankErrorCode = 'invalid-argument' | 'model-files' | 'runtime' | 'scorer' | 'deadline' | 'overloaded' | 'closed';
declare class RerankError extends Error {
    readonly name: string;
    readonly code: RerankErrorCode;
    constructor(code: RerankErrorCode, message: string, options?: ErrorOptions);
    static is(error: unknown): error is RerankError;
}
interface ProviderFault {
    readonly provider: string;
    readonly status?: number | undefined;
    readonly retryable: boolean;
    readonly retryAfterMs?: number | undefined;
    readonly providerMessage?: string | undefined;
    readonly cause?: unknown;
}
declare class ProviderError extends RerankError {
    readonly name: string;
    readonly provider: string;
    readonly status: number | undefined;
    readonly retryable: boolean;
    readonly retryAfterMs: number | undefined;
    readonly providerMessage: string | undefined;
    constructor(message: string, fault: ProviderFault);
    static is(error: unknown): error is ProviderError;
}
declare global {
    interface SymbolConstructor {
        readonly asyncDispose: unique symbol;
    }
    interface AsyncDisposable {
        [Symbol.asyncDispose](): PromiseLike<void>;
    }
}
type Milliseconds = number;
interface Candidate {
    readonly text: string;
    readonly score?: number | undefined;
    readonly id?: string | undefined;
}
type Scope = 'pair' | 'pool';
interface Span {
    readonly start: number;
    readonly end: number;
}
interface TextNote {
    readonly truncated?: boolean;
    readonly queryTruncated?: boolean;
    readonly bestSpan?: Span;
}
type TruncationSide = 'left' | 'right';
interface Call {
    readonly signal: AbortSignal;
    readonly deadline: Milliseconds;
    now(): Milliseconds;
    readonly stats: Record<string, number>;
    readonly caller?: object | undefined;
    readonly instruction?: string | undefined;
    note(position: number, note: TextNote): void;
    answeredBy?(scorer: Scorer, because?: Error): void;
}
interface Scorer<S extends Scope = Scope> {
    readonly id: string;
    readonly scope: S;
    score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]>;
    readonly toProbability?: ((score: number) => number) | undefined;
    countTokens?(text: string): number | Promise<number>;
    readonly primary?: Scorer;
    readonly defaults?: ScorerDefaults | undefined;
    readonly takesInstruction?: boolean | undefined;
    warmup?(): Promise<void>;
    close?(): Promise<void>;
}
interface ScorerDefaults {
    readonly blend?: Blend | undefined;
    readonly scripts?: readonly string[] | undefined;
    readonly languages?: readonly string[] | undefined;
}
interface Pool {
    readonly query: string;
    readonly candidates: readonly Candidate[];
    readonly scorerId: string;
}
interface SkipReason {
    readonly policy: string;
    readonly evidence: Readonly<Record<string, number | string | boolean>>;
}
interface SkipPolicy {
    (pool: Pool): SkipReason | undefined;
    evidence?(pool: Pool): SkipReason['evidence'] | undefined;
}
type Outcome = 'ranked' | 'skipped' | 'failed' | 'late';
type ResultOrder = 'relevance' | 'edges';
type OnError = 'throw' | 'keep-order';
interface Blend {
    readonly weight: number | BlendWeights;
    readonly normalize?: 'min-max' | 'z-score' | undefined;
    readonly higherIsBetter?: boolean | undefined;
}
interface BlendWeights {
    readonly lexical: number;
    readonly fused?: number | undefined;
    readonly other: number;
}
type BlendOmitted = 'missing-score' | 'rising-scores';
interface RankedResult<C extends Candidate = Candidate> {
    readonly candidate: C;
    readonly index: number;
    readonly rank: number;
    readonly score?: number;
    readonly logit?: number;
    readonly scorerId?: string;
    readonly blendedScore?: number;
    readonly firstStageScore?: number;
    readonly truncated?: boolean;
    readonly queryTruncated?: boolean;
    readonly bestSpan?: Span;
}
interface StageReport {
    readonly scorerId: string;
    readonly outcome: Outcome;
    readonly skipReason?: SkipReason;
    readonly error?: Error;
    readonly fallbackReason?: Error;
    readonly candidates: number;
    readonly blended: boolean;
    readonly blendWeight?: number;
    readonly blendOmitted?: BlendOmitted;
    readonly durationMs: Milliseconds;
    readonly stats: Readonly<Record<string, number>>;
}
interface Report {
    readonly stages: readonly StageReport[];
    readonly candidates: number;
    readonly returned: number;
    readonly belowMinScore: number;
    readonly unscored: number;
    readonly nearDuplicates: number;
    readonly notCompared?: number;
    readonly overBudget: number;
    readonly durationMs: Milliseconds;
    readonly error?: unknown;
}
interface Ranking<C extends Candidate = Candidate> {
    readonly results: readonly RankedResult<C>[];
    readonly report: Report;
}
type FilePolicyName = 'above-threshold' | 'agreement' | 'clear-margin' | 'keyword-query' | 'score-shape' | 'small-pool';
type PolicyData = {
    readonly policy: FilePolicyName;
    readonly options: Readonly<Record<string, unknown>>;
} | {
    readonly policy: 'any-of' | 'all-of';
    readonly policies: readonly PolicyData[];
};
interface SkipCalibration {
    readonly version: 1;
    readonly scorerId: string;
    readonly retriever?: string;
    readonly corpus?: string;
    readonly date?: string;
    readonly topScores?: readonly [
        least: number,
        largest: number
    ];
    readonly skip: PolicyData | null;
}
type Fetch = (url: string, init: RequestInit) => Promise<Response>;
interface Clock {
    now(): Milliseconds;
    setTimeout(callback: () => void, delayMs: Milliseconds): unknown;
    clearTimeout(handle: unknown): void;
    wallTime?(): Milliseconds;
}
interface Diversity {
    readonly threshold?: number | undefined;
    readonly lambda?: number | undefined;
}
type TokenCounter = (text: string) => number | Promise<number>;
interface LayoutOptions {
    readonly maxTokens?: number | undefined;
    readonly order?: ResultOrder | undefined;
}
interface PromptOptions extends LayoutOptions {
    readonly countTokens?: TokenCounter | undefined;
    readonly diversity?: Diversity | undefined;
}
interface StageOptions {
    readonly scorer: Scorer;
    readonly depth?: number | undefined;
    readonly skip?: SkipPolicy | false | undefined;
    readonly onError?: OnError | undefined;
    readonly deadlineMs?: Milliseconds | undefined;
    readonly blend?: Blend | false | undefined;
}
interface RerankerOptions extends Omit<StageOptions, 'scorer' | 'deadlineMs'>, PromptOptions {
    readonly scorer?: Scorer | undefined;
    readonly model?: string | undefined;
    readonly stages?: readonly StageOptions[] | undefined;
    readonly topN?: number | undefined;
    readonly minScore?: number | undefined;
    readonly keepUnscored?: boolean | undefined;
    readonly deadlineMs?: Milliseconds | undefined;
    readonly onReport?: ((report: Report) => unknown) | undefined;
    readonly telemetry?: boolean | undefined;
    readonly clock?: Clock | undefined;
}
type CandidateOf<T extends string | Candidate> = T extends Candidate ? T : Candidate;
interface RerankOptions extends LayoutOptions {
    readonly topN?: number | undefined;
    readonly deadlineMs?: Milliseconds | undefined;
    readonly instruction?: string | undefined;
    readonly signal?: AbortSignal | undefined;
}
interface Reranker extends AsyncDisposable {
    rerank<T extends string | Candidate>(query: string, candidates: readonly T[], options?: RerankOptions): Promise<Ranking<CandidateOf<T>>>;
    warmup(): Promise<void>;
    close(): Promise<void>;
}
declare function createReranker(options?: RerankerOptions): Reranker;
type CallDefaults = Pick<RerankOptions, 'topN' | 'deadlineMs' | 'instruction'>;
type RerankerSource = CallDefaults & ({
    readonly reranker: Reranker;
} | (Omit<RerankerOptions, 'topN' | 'deadlineMs'> & {
    readonly reranker?: undefined;
}));
declare function asReranker(source: RerankerSource, owner: string): Reranker;
interface QueueOptions {
    readonly maxQueued?: number | undefined;
}
type VectorPrecision = 'float32' | 'float16' | 'int8';
interface DocumentVectors {
    readonly precision: VectorPrecision | 'packed';
    readonly rows: number;
    readonly dimensions: number;
    readonly data: Float32Array | Uint16Array | Int8Array | Uint8Array;
    readonly steps?: Float32Array | undefined;
    readonly ids?: Int32Array | undefined;
    readonly truncated: boolean;
}
interface DocumentStore {
    get(text: string): DocumentVectors | undefined | Promise<DocumentVectors | undefined>;
    set(text: string, vectors: DocumentVectors): unknown;
}
interface EncodeDocumentsOptions {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number, all: number) => void) | undefined;
}
interface EncodeToFileOptions {
    readonly signal?: AbortSignal | undefined;
    readonly onProgress?: ((done: number) => void) | undefined;
}
interface EncodedFile {
    readonly documents: number;
    readonly encoded: number;
    readonly tooLong: number;
    readonly bytes: number;
}
interface EncodesDocuments {
    readonly documentsId: string;
    encodeDocuments(texts: readonly string[], options?: EncodeDocumentsOptions): Promise<DocumentVectors[]>;
    encodeDocumentsToFile(texts: Iterable<string> | AsyncIterable<string>, path: string, options?: EncodeToFileOptions): Promise<EncodedFile>;
}
type Dtype = 'auto' | 'int8' | 'uint8' | 'q4' | 'fp16' | 'fp32';
interface HubOptions {
    readonly endpoint?: string | undefined;
    readonly token?: string | undefined;
    readonly cacheFolder?: string | undefined;
    readonly offline?: boolean | undefined;
    readonly fetch?: Fetch | undefined;
}
interface DownloadProgress {
    readonly model: string;
    readonly file: string;
    readonly fileBytes: number;
    readonly fileTotal: number;
    readonly bytes: number;
    readonly total: number;
}
type OnProgress = (progress: DownloadProgress) => void;
type Activation = 'sigmoid' | 'identity';
type TokenizerKind = 'wordpiece' | 'rust' | 'javascript';
interface ReadingOptions {
    readonly maxLength?: number | undefined;
    readonly longText?: 'truncate' | 'windows' | 'error' | undefined;
    readonly queryTruncationSide?: TruncationSide | undefined;
    readonly splitSpecialTokens?: boolean | undefined;
    readonly windowOverlap?: number | undefined;
    readonly maxWindows?: number | undefined;
    readonly windowsToRead?: number | undefined;
}
type TemplateName = 'qwen3-reranker' | 'mxbai-rerank-v2';
interface ScoringOptions {
    readonly template?: TemplateName | undefined;
    readonly instruction?: string | undefined;
    readonly activation?: Activation | undefined;
}
interface RuntimeCopy {
    readonly version: string;
    readonly folder: string;
}
interface FoundCopy extends RuntimeCopy {
    readonly isLoaded: boolean;
}
type Provider = 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'dml' | 'webgpu' | 'wasm';
interface Refusal {
    readonly provider: Provider;
    readonly reason: string;
}
interface Opened {
    readonly provider: Provider;
    readonly refused: readonly Refusal[];
}
interface ModelSourceOptions {
    readonly model?: string | undefined;
    readonly revision?: string | undefined;
    readonly dtype?: Dtype | undefined;
    readonly onProgress?: OnProgress | undefined;
    readonly hub?: HubOptions | undefined;
    readonly providers?: readonly Provider[] | undefined;
}
interface GraphInUse {
    readonly kind: 'lean' | 'original';
    readonly reason?: string;
}
interface GraphOption {
    readonly graph?: 'lean' | 'original' | undefined;
}
interface FetchModelOptions extends Omit<ModelSourceOptions, 'model'>, GraphOption {
    readonly signal?: AbortSignal | undefined;
    readonly verify?: boolean | undefined;
}
interface FetchedModel {
    readonly id: string;
    readonly commit: string;
    readonly path: string;
    readonly graphPath: string;
}
declare function fetchModel(model: string, options?: FetchModelOptions): Promise<FetchedModel>;
interface CrossEncoderOptions extends ReadingOptions, ScoringOptions, ModelSourceOptions, GraphOption, QueueOptions {
    readonly workers?: number | 'auto' | 'measured' | undefined;
    readonly threads?: number | 'measured' | undefined;
    readonly spinning?: boolean | undefined;
    readonly passageCacheMiB?: number | undefined;
    readonly store?: DocumentStore | string | undefined;
    readonly providers?: readonly Provider[] | undefined;
}
interface Placement {
    readonly threads: number;
    readonly workers: number;
}
interface Step {
    readonly count: number;
    readonly pairMs: number;
}
interface DtypeTime {
    readonly dtype: 'fp32' | 'int8';
    readonly pairMs: number;
}
interface Limits {
    readonly cores: number;
    readonly memoryBytes: number;
    readonly graphBytes: number;
}
interface CrossEncoder extends Scorer<'pair'>, EncodesDocuments, AsyncDisposable {
    readonly opened: Opened | undefined;
    readonly tokenizer: TokenizerKind | undefined;
    readonly graph: GraphInUse | undefined;
    readonly placement: Placement | undefined;
    readonly toProbability: ((score: number) => number) | undefined;
    readonly defaults: ScorerDefaults | undefined;
    countTokens(text: string): Promise<number>;
    warmup(): Promise<void>;
    close(): Promise<void>;
}
declare function crossEncoder(options?: CrossEncoderOptions): CrossEncoder;
interface MeasuredCount {
    readonly steps: readonly Step[];
    readonly chosen: number;
    readonly reason: string;
}
interface MeasuredReport {
    readonly file: string | null;
    readonly limits: Limits;
    readonly threads: MeasuredCount;
    readonly workers: MeasuredCount;
    readonly dtypes: readonly DtypeTime[];
}
interface Advice {
    readonly about: string;
    readonly reason: string;
    readonly action: string;
}
interface MachineReport {
    readonly node: string;
    readonly platform: string;
    readonly arch: string;
    readonly osRelease: string;
    readonly libc?: string | undefined;
    readonly cpuModel: string;
    readonly instructionSets?: readonly string[] | undefined;
    readonly cores: number;
    readonly usableCores: number;
    readonly memoryBytes: number;
    readonly freeMemoryBytes: number;
}
interface CachedModelReport {
    readonly model: string;
    readonly commits: readonly string[];
    readonly bytes: number;
    readonly unfinishedBytes: number;
}
interface CacheReport {
    readonly folder: string;
    readonly models: readonly CachedModelReport[];
    readonly bytes: number;
}
interface TrialReport {
    readonly scorerId: string;
    readonly defaults: ScorerDefaults | null;
    readonly provider: string;
    readonly refused: readonly {
        readonly provider: string;
        readonly reason: string;
    }[];
    readonly tokenizer: string;
    readonly graph: string;
    readonly loadMs: number;
    readonly pairMs: number;
    readonly logit: number;
}
interface DoctorOptions extends Pick<CrossEncoderOptions, 'model' | 'revision' | 'dtype' | 'graph' | 'providers' | 'threads' | 'spinning' | 'workers' | 'hub'> {
    readonly measure?: boolean | undefined;
}
declare function doctor(options?: DoctorOptions): Promise<DoctorReport>;
interface Unknown {
    readonly error: string;
}
interface RuntimeReport {
    readonly version: string;
    readonly folder: string;
    readonly copies: readonly FoundCopy[];
    readonly backends: readonly string[];
    readonly telemetry: 'off' | 'on';
}
interface BundledModelReport {
    readonly id: string;
    readonly path: string;
    readonly defaults: ScorerDefaults | null;
    readonly isIntact: boolean;
}
interface DoctorReport {
    readonly secondpass: string;
    readonly machine: MachineReport | Unknown;
    readonly runtime: RuntimeReport | Unknown;
    readonly tokenizers: string | null;
    readonly peers: Readonly<Record<string, string | null>>;
    readonly model: BundledModelReport | Unknown;
    readonly cache: CacheReport | Unknown;
    readonly environment: Readonly<Record<string, string>>;
    readonly trial: TrialReport | Unknown;
    readonly measured: MeasuredReport | Unknown;
    readonly problems: readonly string[];
    readonly advice: readonly Advice[];
}
interface RemoteScorer<S extends Scope = Scope> extends Scorer<S> {
    close(): Promise<void>;
}
interface HostedOptions extends QueueOptions {
    readonly apiKey?: string | undefined;
    readonly instruction?: string | undefined;
    readonly headers?: Readonly<Record<string, string>> | undefined;
    readonly maxTexts?: number | undefined;
    readonly concurrency?: number | undefined;
    readonly timeoutMs?: Milliseconds | undefined;
    readonly maxRetries?: number | undefined;
    readonly maxRetryWaitMs?: Milliseconds | undefined;
    readonly maxResponseBytes?: number | undefined;
    readonly fetch?: Fetch | undefined;
    readonly clock?: Clock | undefined;
    readonly random?: (() => number) | undefined;
}
interface VendorOptions extends HostedOptions {
    readonly baseUrl?: string | undefined;
}
type FormName = 'cohere' | 'voyage' | 'tei' | 'nim' | 'isaacus' | 'deepinfra';
type PresetName = 'azure' | 'contextual' | 'dashscope' | 'deepinfra' | 'fireworks' | 'isaacus' | 'novita' | 'nvidia' | 'openrouter' | 'scaleway' | 'siliconflow' | 'siliconflow-cn' | 'together' | 'zeroentropy';
interface SharedOptions extends HostedOptions {
    readonly scope?: Scope | undefined;
    readonly scoreType?: 'probability' | 'logit' | undefined;
    readonly extraBody?: Readonly<Record<string, unknown>> | undefined;
    readonly pricePerMillionTokens?: number | undefined;
    readonly pricePerSearchUnit?: number | undefined;
}
interface PresetOptions extends SharedOptions {
    readonly preset: PresetName;
    readonly model: string;
    readonly url?: string | undefined;
    readonly form?: undefined;
    readonly keyHeader?: undefined;
    readonly instructionField?: undefined;
}
interface UrlOptions extends SharedOptions {
    readonly url: string;
    readonly form: FormName;
    readonly model?: string | undefined;
    readonly keyHeader?: 'authorization' | 'api-key' | 'x-api-key' | undefined;
    readonly instructionField?: string | undefined;
    readonly preset?: undefined;
}
type CompatibleOptions = PresetOptions | UrlOptions;
declare function compatible(options: CompatibleOptions & {
    readonly scope: 'pool';
}): RemoteScorer<'pool'>;
declare function compatible(options: CompatibleOptions): RemoteScorer<'pair'>;
interface AwsCredentials {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken?: string | undefined;
}
interface BedrockOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly region?: string | undefined;
    readonly credentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined;
    readonly pricePerSearchUnit?: number | undefined;
}
declare function bedrock(options?: BedrockOptions): RemoteScorer<'pair'>;
interface CohereClient {
    rerank(request: {
        model: string;
        query: string;
        documents: string[];
        maxTokensPerDoc?: number;
    }, options?: {
        maxRetries?: number;
        timeoutInSeconds?: number;
        abortSignal?: AbortSignal;
    }): PromiseLike<unknown>;
}
interface CohereOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly maxTokensPerDoc?: number | undefined;
    readonly relevantSpans?: boolean | undefined;
    readonly client?: CohereClient | 'cohere-ai' | undefined;
    readonly pricePerMillionTokens?: number | undefined;
    readonly pricePerSearchUnit?: number | undefined;
}
declare function cohere(options?: CohereOptions): RemoteScorer<'pair'>;
type JinaPairModel = 'jina-reranker-v2-base-multilingual' | 'jina-reranker-m0' | 'jina-colbert-v2';
interface JinaOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly pricePerMillionTokens?: number | undefined;
}
declare function jina(options: JinaOptions & {
    readonly model: JinaPairModel;
}): RemoteScorer<'pair'>;
declare function jina(options?: JinaOptions): RemoteScorer<'pool'>;
interface MixedbreadOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly pricePerMillionTokens?: number | undefined;
}
declare function mixedbread(options?: MixedbreadOptions): RemoteScorer<'pair'>;
interface PineconeOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly pricePerRerankUnit?: number | undefined;
}
declare function pinecone(options?: PineconeOptions): RemoteScorer<'pair'>;
type ServerDialect = 'tei' | 'vllm' | 'vllm-score' | 'infinity' | 'llamacpp' | 'nim' | 'huggingface';
interface CommonServerOptions extends HostedOptions {
    readonly url?: string | undefined;
    readonly urls?: readonly string[] | undefined;
    readonly model?: string | undefined;
    readonly truncate?: boolean | undefined;
    readonly coolDownMs?: Milliseconds | undefined;
}
type ServerOptions = CommonServerOptions & ({
    readonly dialect: 'tei' | 'vllm' | 'vllm-score' | 'infinity';
    readonly scoreType?: 'probability' | 'logit' | undefined;
} | {
    readonly dialect: 'llamacpp' | 'huggingface';
    readonly scoreType: 'probability' | 'logit';
} | {
    readonly dialect: 'nim';
    readonly scoreType?: 'logit' | undefined;
});
declare function server(options: ServerOptions): RemoteScorer<'pair'>;
type AccessToken = string | (() => string | Promise<string>);
interface VertexOptions extends Omit<HostedOptions, 'apiKey'> {
    readonly project: string;
    readonly accessToken: AccessToken;
    readonly model?: string | undefined;
    readonly location?: string | undefined;
    readonly baseUrl?: string | undefined;
    readonly pricePerSearchUnit?: number | undefined;
}
declare function vertex(options: VertexOptions): RemoteScorer<'pair'>;
interface VoyageOptions extends VendorOptions {
    readonly model?: string | undefined;
    readonly baseUrl?: string | undefined;
    readonly truncation?: boolean | undefined;
    readonly maxTokens?: number | undefined;
    readonly pricePerMillionTokens?: number | undefined;
}
declare function voyage(options?: VoyageOptions): RemoteScorer<'pair'>;
interface WatsonxOptions extends Omit<HostedOptions, 'apiKey'> {
    readonly baseUrl: string;
    readonly accessToken: AccessToken;
    readonly projectId?: string | undefined;
    readonly spaceId?: string | undefined;
    readonly model?: string | undefined;
    readonly truncateInputTokens?: number | undefined;
    readonly scoreType?: 'probability' | 'logit' | undefined;
    readonly pricePerMillionTokens?: number | undefined;
}
declare function watsonx(options: WatsonxOptions): RemoteScorer<'pair'>;
interface WorkersAiBinding {
    run(model: never, inputs: never, options?: never): PromiseLike<unknown>;
}
interface WorkersAiOptions extends VendorOptions {
    readonly binding?: WorkersAiBinding | undefined;
    readonly accountId?: string | undefined;
    readonly model?: string | undefined;
}
declare function workersAi(options: WorkersAiOptions): RemoteScorer<'pair'>;
interface GenerateCall extends Pick<Call, 'signal' | 'deadline' | 'now' | 'stats'> {
    readonly signal: AbortSignal;
    readonly deadline: Milliseconds;
    now(): Milliseconds;
    readonly stats: Record<string, number>;
    readonly maxAnswerTokens: number;
}
type Generate = (prompt: string, call: GenerateCall) => Promise<string>;
interface LlmOptions extends QueueOptions {
    readonly model?: string | undefined;
    readonly instruction?: string | undefined;
    readonly maxPassageTokens?: number | undefined;
    readonly maxQueryTokens?: number | undefined;
    readonly queryTruncationSide?: TruncationSide | undefined;
    readonly countTokens?: ((text: string) => number) | undefined;
    readonly countTokensName?: string | undefined;
    readonly concurrency?: number | undefined;
    readonly timeoutMs?: Milliseconds | undefined;
    readonly clock?: Clock | undefined;
}
interface LlmListwiseOptions extends LlmOptions {
    readonly generate: Generate;
    readonly windowSize?: number | undefined;
    readonly stride?: number | undefined;
    readonly maxCalls?: number | undefined;
    readonly onUnreadable?: 'keep-order' | 'throw' | undefined;
}
declare function llmListwise(options: LlmListwiseOptions): RemoteScorer<'pool'>;
interface YesNo {
    readonly yes: number;
    readonly no: number;
}
interface LikelyToken {
    readonly token: string;
    readonly logprob: number;
}
type GenerateYesNo = (prompt: string, call: GenerateCall) => Promise<YesNo | readonly LikelyToken[]>;
interface PointwiseLimits extends LlmOptions {
    readonly maxCalls?: number | undefined;
}
interface LlmGradeOptions extends PointwiseLimits {
    readonly generate: Generate;
    readonly generateYesNo?: undefined;
    readonly maxGrade?: number | undefined;
    readonly maxRetries?: number | undefined;
}
interface LlmYesNoOptions extends PointwiseLimits {
    readonly generateYesNo: GenerateYesNo;
    readonly generate?: undefined;
    readonly maxGrade?: undefined;
    readonly maxRetries?: undefined;
}
type LlmPointwiseOptions = LlmGradeOptions | LlmYesNoOptions;
declare function llmPointwise(options: LlmPointwiseOptions): RemoteScorer<'pair'>;
interface Colbert extends Scorer<'pair'>, EncodesDocuments, AsyncDisposable {
    warmup(): Promise<void>;
    close(): Promise<void>;
}
interface ColbertOptions extends Omit<ModelSourceOptions, 'model'>, QueueOptions {
    readonly model: string;
    readonly store?: DocumentStore | string | undefined;
    readonly precision?: VectorPrecision | undefined;
    readonly maxLength?: number | undefined;
    readonly queryTruncationSide?: TruncationSide | undefined;
    readonly splitSpecialTokens?: boolean | undefined;
    readonly threads?: number | undefined;
}
declare function colbert(options: ColbertOptions): Colbert;
declare function writeDocuments(documents: Iterable<readonly [
    text: string,
    vectors: DocumentVectors
]>, documentsId: string): Generator<Uint8Array>;
declare function readDocuments(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>, documentsId: string): Promise<Map<string, DocumentVectors>>;
type TransformersDevice = 'wasm' | 'webgpu' | 'cpu';
type TransformersDtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4';
interface LoadedTransformersModel {
    readonly model: (inputs: Record<string, unknown>) => Promise<unknown>;
    readonly tokenizer: (text: string) => unknown;
}
interface TransformersProgress {
    readonly file: string;
    readonly fileBytes: number;
    readonly fileTotal: number;
}
interface TransformersOptions extends ReadingOptions, ScoringOptions, QueueOptions {
    readonly model: string | LoadedTransformersModel;
    readonly revision?: string | undefined;
    readonly device?: TransformersDevice | undefined;
    readonly dtype?: TransformersDtype | undefined;
    readonly name?: string | undefined;
    readonly temperature?: number | undefined;
    readonly wasmPaths?: string | {
        readonly mjs: string;
        readonly wasm: string;
    } | undefined;
    readonly threads?: number | undefined;
    readonly onProgress?: ((progress: TransformersProgress) => void) | undefined;
}
interface TransformersScorer extends Scorer<'pair'>, AsyncDisposable {
    readonly toProbability: ((score: number) => number) | undefined;
    readonly defaults: ScorerDefaults | undefined;
    countTokens(text: string): Promise<number>;
    warmup(): Promise<void>;
    close(): Promise<void>;
}
declare function transformers(options: TransformersOptions): TransformersScorer;
interface Bm25Options {
    readonly k1?: number | undefined;
    readonly b?: number | undefined;
    readonly words?: ((text: string) => readonly string[]) | undefined;
}
declare function bm25(options?: Bm25Options): Scorer<'pool'>;
interface CalibratedOptions<C extends Candidate = Candidate> {
    readonly other?: ((candidate: C) => number | undefined) | undefined;
    readonly warn?: ((message: string) => void) | undefined;
}
declare function calibrated<C extends Candidate = Candidate>(json: unknown, options?: CalibratedOptions<C>): SkipPolicy;
declare function anyOf(...policies: readonly SkipPolicy[]): SkipPolicy;
declare function allOf(...policies: readonly SkipPolicy[]): SkipPolicy;
declare function not(policy: SkipPolicy): SkipPolicy;
interface SmallPoolOptions {
    readonly size: number;
}
declare function smallPool(options: SmallPoolOptions): SkipPolicy;
interface TopScoreOptions {
    readonly higherIsBetter?: boolean | undefined;
}
interface AboveThresholdOptions extends TopScoreOptions {
    readonly threshold: number;
}
declare function aboveThreshold(options: AboveThresholdOptions): SkipPolicy;
interface MarginOptions extends TopScoreOptions {
    readonly place?: number | undefined;
    readonly relative?: boolean | undefined;
}
interface ClearMarginOptions extends MarginOptions {
    readonly margin: number;
}
declare function clearMargin(options: ClearMarginOptions): SkipPolicy;
interface ShapeOptions extends TopScoreOptions {
    readonly k?: number | undefined;
}
interface ScoreShapeOptions extends ShapeOptions {
    readonly atLeast: number;
}
declare function scoreShape(options: ScoreShapeOptions): SkipPolicy;
interface AgreementSignalOptions<C extends Candidate = Candidate> {
    readonly other: (candidate: C) => number | undefined;
    readonly k?: number | undefined;
}
interface AgreementOptions<C extends Candidate = Candidate> extends AgreementSignalOptions<C> {
    readonly atLeast: number;
}
declare function agreement<C extends Candidate = Candidate>(options: AgreementOptions<C>): SkipPolicy;
interface KeywordQueryOptions {
    readonly maxWords?: number | undefined;
    readonly identifiers?: boolean | undefined;
}
declare function keywordQuery(options?: KeywordQueryOptions): SkipPolicy;
interface OtherScriptOptions {
    readonly scripts?: readonly string[] | undefined;
    readonly languages?: readonly string[] | undefined;
    readonly maxShare?: number | undefined;
}
declare function otherScript(options?: OtherScriptOptions): SkipPolicy;
interface CircuitBreakerOptions {
    readonly failures?: number | undefined;
    readonly restMs?: Milliseconds | undefined;
}
declare function withCircuitBreaker<S extends Scope>(scorer: Scorer<S>, options?: CircuitBreakerOptions): Scorer<S>;
type CachedScore = number | ({
    readonly score: number;
} & TextNote);
interface ScoreCache {
    get(key: string): unknown;
    set(key: string, entry: CachedScore): unknown;
}
interface CacheOptions {
    readonly readTimeoutMs?: Milliseconds | undefined;
    readonly clock?: Clock | undefined;
}
declare function withCache(scorer: Scorer<'pair'>, cache: ScoreCache, options?: CacheOptions): Scorer<'pair'>;
interface ChunkOptions {
    readonly maxLength?: number | undefined;
    readonly overlap?: number | undefined;
    readonly maxChunks?: number | undefined;
    readonly chunksToRead?: number | undefined;
    readonly measure?: ((text: string) => number) | undefined;
    readonly measureName?: string | undefined;
}
declare function withChunks(scorer: Scorer<'pair'>, options?: ChunkOptions): Scorer<'pair'>;
interface FallbackOptions {
    readonly deadlineMs?: Milliseconds | undefined;
    readonly clock?: Clock | undefined;
}
declare function withFallback(scorer: Scorer, other: Scorer, options?: FallbackOptions): Scorer<'pool'>;
interface FusionOptions<C extends Candidate = Candidate> {
    readonly k?: number | undefined;
    readonly weights?: readonly number[] | undefined;
    readonly key?: ((candidate: C) => string) | undefined;
}
interface FusedCandidate<C extends Candidate = Candidate> extends Candidate {
    readonly score: number;
    readonly candidate: C;
    readonly ranks: readonly (number | undefined)[];
    readonly scores: readonly (number | undefined)[];
}
declare function reciprocalRankFusion<T extends string | Candidate>(lists: readonly (readonly T[])[], options?: FusionOptions<T extends Candidate ? T : Candidate>): FusedCandidate<T extends Candidate ? T : Candidate>[];
export { ProviderError, RerankError, aboveThreshold, agreement, allOf, anyOf, asReranker, bedrock, bm25, calibrated, clearMargin, cohere, colbert, compatible, createReranker, crossEncoder, doctor, fetchModel, jina, keywordQuery, llmListwise, llmPointwise, mixedbread, not, otherScript, pinecone, readDocuments, reciprocalRankFusion, scoreShape, server, smallPool, transformers, vertex, voyage, watsonx, withCache, withChunks, withCircuitBreaker, withFallback, workersAi, writeDocuments };
export type { AboveThresholdOptions, AgreementOptions, BedrockOptions, Blend, Bm25Options, CachedScore, CalibratedOptions, Call, Candidate, ChunkOptions, CircuitBreakerOptions, ClearMarginOptions, Clock, CohereClient, CohereOptions, Colbert, ColbertOptions, CompatibleOptions, CrossEncoder, CrossEncoderOptions, Diversity, DoctorOptions, DoctorReport, DocumentStore, DocumentVectors, DownloadProgress, Dtype, EncodedFile, FallbackOptions, Fetch, FetchModelOptions, FetchedModel, FusionOptions, Generate, GenerateCall, GenerateYesNo, HubOptions, JinaOptions, KeywordQueryOptions, LlmListwiseOptions, LlmPointwiseOptions, MixedbreadOptions, OtherScriptOptions, Outcome, PineconeOptions, Pool, Provider, RankedResult, Ranking, RemoteScorer, Report, RerankErrorCode, RerankOptions, Reranker, RerankerOptions, RerankerSource, ScoreCache, ScoreShapeOptions, Scorer, ScorerDefaults, ServerDialect, ServerOptions, SkipCalibration, SkipPolicy, SkipReason, SmallPoolOptions, Span, StageOptions, StageReport, TextNote, TokenCounter, TransformersOptions, TransformersScorer, VertexOptions, VoyageOptions, WatsonxOptions, WorkersAiOptions };
