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
type Outcome = 'ranked' | 'skipped' | 'failed' | 'late';
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
interface Clock {
    now(): Milliseconds;
    setTimeout(callback: () => void, delayMs: Milliseconds): unknown;
    clearTimeout(handle: unknown): void;
    wallTime?(): Milliseconds;
}
type Judgements = ReadonlyMap<string, number>;
type Qrels = ReadonlyMap<string, Judgements>;
type Scores = ReadonlyMap<string, number>;
type Run = ReadonlyMap<string, Scores>;
interface RankOptions {
    readonly ties?: 'trec' | 'input-order' | undefined;
    readonly float32?: boolean | undefined;
}
declare function rankByScore(scores: Scores, options?: RankOptions): string[];
declare function runFromLists(lists: Iterable<readonly [
    queryId: string,
    ids: readonly string[]
]>): Run;
type WholeListName = 'nDCG' | 'nDCG-exp' | 'MRR' | 'MAP' | 'recall';
type CutName = 'precision' | 'success' | 'judged';
type MetricName = WholeListName | `${WholeListName | CutName}@${number}`;
type Metric = (ranked: readonly string[], judgements: Judgements) => number;
declare function metricOf(name: MetricName): Metric;
interface EvaluateOptions extends RankOptions {
    readonly metrics?: readonly MetricName[] | undefined;
    readonly queries?: 'all' | 'intersection' | undefined;
}
interface Evaluation {
    readonly means: Readonly<Record<string, number>>;
    readonly perQuery: ReadonlyMap<string, Readonly<Record<string, number>>>;
    readonly queries: number;
    readonly warnings: readonly string[];
}
declare const defaultMetrics: readonly MetricName[];
declare function evaluate(run: Run, qrels: Qrels, options?: EvaluateOptions): Evaluation;
declare function readTrecQrels(path: string): Promise<Qrels>;
declare function readTrecRun(path: string): Promise<Run>;
interface BeirDocument {
    readonly id: string;
    readonly title: string;
    readonly text: string;
}
interface BeirFolder {
    readonly queries: ReadonlyMap<string, string>;
    readonly qrels: Qrels;
    corpus(): AsyncGenerator<BeirDocument>;
}
declare function openBeirFolder(folder: string, split?: string): Promise<BeirFolder>;
declare function readBeirQrels(path: string): Promise<Qrels>;
interface LineFields {
    readonly file: string;
    readonly number: number;
    readonly offset: number;
    readonly length: number;
    readonly bytes: Buffer | undefined;
}
declare class Line implements LineFields {
    #private;
    readonly file: string;
    readonly number: number;
    readonly offset: number;
    readonly length: number;
    readonly bytes: Buffer | undefined;
    constructor({ file, number, offset, length, bytes }: LineFields);
    get text(): string;
}
interface ReadLinesOptions {
    readonly name?: string | undefined;
    readonly bytes?: number | undefined;
}
declare function readLines(from: string | AsyncIterable<Uint8Array | string>, { name, bytes }?: ReadLinesOptions): AsyncGenerator<Line>;
interface BootstrapOptions {
    readonly resamples?: number | undefined;
    readonly confidence?: number | undefined;
    readonly seed?: number | undefined;
}
type Interval = readonly [
    from: number,
    to: number
];
declare function bootstrapInterval(differences: readonly number[], options?: BootstrapOptions): Interval;
interface Tally {
    readonly difference: number;
    readonly interval: Interval;
    readonly wins: number;
    readonly ties: number;
    readonly losses: number;
}
interface MetricLift extends Tally {
    readonly firstStage: number;
    readonly reranked: number;
    readonly relative?: number;
}
interface Verdict {
    readonly kind: 'helps' | 'no-measurable-help' | 'hurts' | 'too-few-queries';
    readonly metric: string;
    readonly sentence: string;
    readonly moreQueries?: number;
}
interface FirstRelevantMove {
    readonly queryId: string;
    readonly from?: number;
    readonly to?: number;
}
interface FirstRelevant {
    readonly moves: readonly FirstRelevantMove[];
    readonly up: number;
    readonly same: number;
    readonly down: number;
    readonly medianFrom?: number;
    readonly medianTo?: number;
}
interface LiftOptions extends RankOptions, BootstrapOptions {
    readonly firstStage: Run;
    readonly reranked: Run;
    readonly qrels: Qrels;
    readonly metrics?: readonly MetricName[] | undefined;
    readonly worthwhile?: number | undefined;
    readonly durationsMs?: readonly Milliseconds[] | undefined;
    readonly costs?: readonly number[] | undefined;
}
interface Lift {
    readonly verdict: Verdict;
    readonly metrics: Readonly<Record<string, MetricLift>>;
    readonly perQuery: ReadonlyMap<string, number>;
    readonly firstRelevant: FirstRelevant;
    readonly poolRecall: number;
    readonly durationMs?: Spread;
    readonly cost?: Spread;
    readonly warnings: readonly string[];
}
interface Spread {
    readonly mean: number;
    readonly median: number;
    readonly p95: number;
}
declare function measureLift(options: LiftOptions): Lift;
interface DepthQuery {
    readonly queryId: string;
    readonly ids: readonly string[];
    readonly scores: readonly number[];
    readonly firstStageScores?: readonly (number | undefined)[] | undefined;
}
interface DepthOptions {
    readonly depths?: readonly number[] | undefined;
    readonly metric?: MetricName | undefined;
    readonly share?: number | undefined;
    readonly costPerText?: number | undefined;
    readonly costUnit?: string | undefined;
    readonly blend?: Blend | undefined;
}
interface DepthPoint {
    readonly depth: number;
    readonly value: number;
    readonly cost: number;
}
interface DepthAdvice {
    readonly curve: readonly DepthPoint[];
    readonly depth: number;
    readonly sentence: string;
}
declare function adviseDepth(queries: readonly DepthQuery[], qrels: Qrels, options?: DepthOptions): DepthAdvice;
interface ContextOptions extends RankOptions {
    readonly firstStage: Run;
    readonly reranked: Run;
    readonly qrels: Qrels;
    readonly tokensOf: (id: string) => number;
    readonly topN?: number | undefined;
    readonly pricePerMillionTokens?: number | undefined;
    readonly rerankCost?: number | undefined;
}
interface ContextSavings {
    readonly topN: number;
    readonly rerankedTopN: number;
    readonly recall: BeforeAfter;
    readonly tokens: BeforeAfter & {
        readonly saved: number;
    };
    readonly money?: BeforeAfter & {
        readonly reranking: number;
        readonly saved: number;
    };
    readonly sentence: string;
}
interface BeforeAfter {
    readonly firstStage: number;
    readonly reranked: number;
}
declare function measureContext(options: ContextOptions): ContextSavings;
interface LiveSample {
    readonly outcome?: Outcome;
    readonly overlap: number;
    readonly churn: number;
    readonly topCameFrom?: number;
    readonly durationMs: Milliseconds;
}
interface SampleLiveOptions {
    readonly rate: number;
    readonly topN?: number | undefined;
    readonly onSample?: ((sample: LiveSample) => unknown) | undefined;
    readonly random?: (() => number) | undefined;
}
interface LiveSummary {
    readonly sampled: number;
    readonly ranked: number;
    readonly meanOverlap: number;
    readonly meanChurn: number;
    readonly topUnchanged: number;
    readonly meanDurationMs: Milliseconds;
}
interface LiveSampler {
    <C extends Candidate>(ranking: Ranking<C>): Ranking<C>;
    summary(): LiveSummary;
}
declare function sampleLive(options: SampleLiveOptions): LiveSampler;
interface RecordSampleOptions {
    readonly file: string;
    readonly rate?: number | undefined;
    readonly maxMiB?: number | undefined;
    readonly warn?: ((message: string) => void) | undefined;
    readonly random?: (() => number) | undefined;
}
interface Recordable {
    rerank(query: string, candidates: readonly (string | Candidate)[], options?: never): Promise<unknown>;
    close(): Promise<void>;
}
declare function recordSample<R extends Recordable>(reranker: R, options: RecordSampleOptions): R;
type SignalPool = Pick<Pool, 'query' | 'candidates'>;
interface Signal {
    readonly name: string;
    measure(pool: SignalPool): number | undefined;
    policy?(threshold: number): PolicyData | undefined;
}
interface TopScoreOptions {
    readonly higherIsBetter?: boolean | undefined;
}
declare function topScoreSignal(options?: TopScoreOptions): Signal;
interface MarginOptions extends TopScoreOptions {
    readonly place?: number | undefined;
    readonly relative?: boolean | undefined;
}
declare function marginSignal(options?: MarginOptions): Signal;
interface ShapeOptions extends TopScoreOptions {
    readonly k?: number | undefined;
}
declare function shapeSignal(options?: ShapeOptions): Signal;
interface AgreementSignalOptions<C extends Candidate = Candidate> {
    readonly other: (candidate: C) => number | undefined;
    readonly k?: number | undefined;
}
declare function agreementSignal<C extends Candidate = Candidate>(options: AgreementSignalOptions<C>): Signal;
declare function queryLengthSignal(): Signal;
interface CalibrationQuery extends SignalPool {
    readonly loss: number;
    readonly truth?: 'labels' | 'reranker' | undefined;
}
interface SampledCall<C extends Candidate = Candidate> {
    readonly query: string;
    readonly candidates: readonly C[];
    readonly ranking: Ranking<C>;
    readonly judgements?: Judgements | undefined;
}
declare function calibrationQuery(call: SampledCall, k?: number): CalibrationQuery;
interface CurvePoint {
    readonly threshold: number;
    readonly skipRate: number;
    readonly loss: number;
}
interface Provenance {
    readonly scorerId: string;
    readonly retriever: string;
    readonly corpus: string;
    readonly date?: string | undefined;
}
interface Promised {
    readonly metric: string;
    readonly maxLoss: number;
    readonly confidence: number;
    readonly bound: number;
    readonly loss: number;
    readonly skipRate: number;
    readonly queries: {
        readonly selection: number;
        readonly verification: number;
    };
    readonly truth: 'labels' | 'reranker';
}
interface CalibrationFile extends Provenance, SkipCalibration {
    readonly scorerId: string;
    readonly retriever: string;
    readonly corpus: string;
    readonly date: string;
    readonly signal?: string;
    readonly threshold?: number;
    readonly promise?: Promised;
}
interface CalibrateOptions extends Provenance {
    readonly maxLoss: number;
    readonly confidence?: number | undefined;
    readonly signals?: readonly Signal[] | undefined;
    readonly metric?: string | undefined;
    readonly seed?: number | undefined;
}
interface SignalCurve {
    readonly signal: string;
    readonly measured: number;
    readonly curve: readonly CurvePoint[];
}
interface SkipCalibrationResult {
    readonly outcome: 'promised' | 'no-threshold' | 'too-few-queries';
    readonly sentence: string;
    readonly file: CalibrationFile;
    readonly curves: readonly SignalCurve[];
}
declare function calibrateSkip(queries: readonly CalibrationQuery[], options: CalibrateOptions): SkipCalibrationResult;
interface JudgedScore {
    readonly score: number;
    readonly relevant: boolean;
}
interface MinScoreTarget {
    readonly precision?: number | undefined;
    readonly recall?: number | undefined;
}
interface MinScore {
    readonly minScore?: number;
    readonly precision: number;
    readonly precisionInterval: readonly [
        number,
        number
    ];
    readonly recall: number;
    readonly recallInterval: readonly [
        number,
        number
    ];
    readonly kept: number;
}
declare function minScoreFor(sample: readonly JudgedScore[], target: MinScoreTarget): MinScore;
interface ScalingOptions {
    readonly method?: 'platt' | 'temperature' | undefined;
    readonly bins?: number | undefined;
    readonly seed?: number | undefined;
}
interface Scaling {
    readonly slope: number;
    readonly offset: number;
    readonly errorBefore: number;
    readonly errorAfter: number;
    probability(score: number): number;
}
declare function fitProbability(sample: readonly JudgedScore[], options?: ScalingOptions): Scaling;
declare function expectedCalibrationError(sample: readonly JudgedScore[], bins?: number): number;
interface LabelledCandidate {
    readonly id: string;
    readonly text: string;
    readonly label: number | null;
    readonly scores: Readonly<Record<string, number>>;
}
interface LabelledQuery {
    readonly id: string;
    readonly set: string;
    readonly query: string;
    readonly candidates: readonly LabelledCandidate[];
    readonly style: string;
}
interface QueryToLabel extends Partial<Pick<LabelledQuery, 'set' | 'style'>> {
    readonly id: string;
    readonly query: string;
    readonly candidates: readonly (Pick<LabelledCandidate, 'id' | 'text'> & Partial<LabelledCandidate>)[];
}
interface Reranks<C extends Candidate = Candidate> {
    rerank(query: string, candidates: readonly C[], options: {
        readonly topN: number;
        readonly signal: AbortSignal;
    }): Promise<Ranking<C>>;
}
type Teacher = Scorer | Reranks;
interface LabelOptions {
    readonly signal?: AbortSignal | undefined;
    readonly stats?: Record<string, number> | undefined;
}
declare function labelQuery(teacher: Teacher, query: QueryToLabel, options?: LabelOptions): Promise<LabelledQuery>;
interface EndToEndQuery<C extends Candidate = Candidate> {
    readonly queryId: string;
    readonly query: string;
    readonly candidates: readonly C[];
    readonly reference?: string | undefined;
}
type Way = 'firstStage' | 'reranked';
interface AnswerInput<C extends Candidate = Candidate> {
    readonly queryId: string;
    readonly query: string;
    readonly passages: readonly C[];
    readonly way: Way;
    readonly signal: AbortSignal;
}
interface Answer {
    readonly text: string;
    readonly inputTokens?: number | undefined;
    readonly outputTokens?: number | undefined;
}
type Preference = 'first' | 'second' | 'tie';
interface JudgeInput {
    readonly query: string;
    readonly answers: readonly [
        first: string,
        second: string
    ];
    readonly reference?: string | undefined;
    readonly signal: AbortSignal;
}
type Judge = (input: JudgeInput) => Preference | Promise<Preference>;
interface GradeInput {
    readonly query: string;
    readonly answer: string;
    readonly reference?: string | undefined;
    readonly signal: AbortSignal;
}
type Grade = (input: GradeInput) => number | Promise<number>;
interface EndToEndRecord {
    readonly queryId: string;
    readonly difference: number;
    readonly grades?: BeforeAfter;
    readonly positionDecided?: boolean;
    readonly sameContext: boolean;
    readonly answers: Readonly<Record<Way, string>>;
    readonly inputTokens?: BeforeAfter;
    readonly outputTokens?: BeforeAfter;
    readonly rerankMs: Milliseconds;
    readonly answerMs: BeforeAfter;
}
interface EndToEndSummary extends Tally {
    readonly queries: number;
    readonly sameContext: number;
    readonly method: 'preference' | 'grade';
    readonly verdict: Verdict;
    readonly grades?: BeforeAfter;
    readonly positionDecided?: number;
    readonly topN: BeforeAfter;
    readonly tokens?: BeforeAfter & {
        readonly saved: number;
        readonly interval: Tally['interval'];
    };
    readonly money?: BeforeAfter & {
        readonly reranking: number;
        readonly saved: number;
    };
    readonly durationMs: {
        readonly reranking: Spread;
    } & Readonly<Record<Way, Spread>>;
}
interface EndToEndOptions<C extends Candidate = Candidate> extends BootstrapOptions {
    readonly queries: readonly EndToEndQuery<C>[];
    readonly reranker: Reranks<C>;
    readonly answer: (input: AnswerInput<C>) => string | Answer | Promise<string | Answer>;
    readonly judge?: Judge | undefined;
    readonly grade?: Grade | undefined;
    readonly topN?: number | undefined;
    readonly rerankedTopN?: number | undefined;
    readonly concurrency?: number | undefined;
    readonly countTokens?: ((text: string) => number) | undefined;
    readonly price?: TokenPrice | undefined;
    readonly rerankCost?: number | undefined;
    readonly worthwhile?: number | undefined;
    readonly done?: readonly EndToEndRecord[] | undefined;
    readonly onRecord?: ((record: EndToEndRecord) => unknown) | undefined;
    readonly signal?: AbortSignal | undefined;
    readonly clock?: Pick<Clock, 'now'> | undefined;
}
interface TokenPrice {
    readonly input: number;
    readonly output?: number | undefined;
}
interface EndToEnd {
    readonly summary: EndToEndSummary;
    readonly records: readonly EndToEndRecord[];
}
declare function measureEndToEnd<C extends Candidate>(options: EndToEndOptions<C>): Promise<EndToEnd>;
interface JudgePrompt {
    readonly system: string;
    readonly user: string;
}
declare function llmJudge(complete: (prompt: JudgePrompt, signal: AbortSignal) => Promise<string>): Judge;
declare function wordsOf(text: string): string[];
export { Line, adviseDepth, agreementSignal, bootstrapInterval, calibrateSkip, calibrationQuery, defaultMetrics, evaluate, expectedCalibrationError, fitProbability, labelQuery, llmJudge, marginSignal, measureContext, measureEndToEnd, measureLift, metricOf, minScoreFor, openBeirFolder, queryLengthSignal, rankByScore, readBeirQrels, readLines, readTrecQrels, readTrecRun, recordSample, runFromLists, sampleLive, shapeSignal, topScoreSignal, wordsOf };
export type { Answer, AnswerInput, BeforeAfter, CalibrateOptions, CalibrationFile, CalibrationQuery, ContextOptions, ContextSavings, CurvePoint, DepthAdvice, DepthOptions, DepthPoint, DepthQuery, EndToEnd, EndToEndOptions, EndToEndQuery, EndToEndRecord, EndToEndSummary, EvaluateOptions, Evaluation, GradeInput, Judge, JudgeInput, JudgePrompt, JudgedScore, Judgements, LabelledQuery, Lift, LiftOptions, LiveSample, LiveSampler, MetricLift, MetricName, MinScore, Preference, Qrels, QueryToLabel, RankOptions, RecordSampleOptions, Run, SampleLiveOptions, SampledCall, Scaling, Signal, SignalCurve, SkipCalibrationResult, Spread, Teacher, Verdict };
