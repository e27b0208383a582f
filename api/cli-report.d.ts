import { Verdict, MetricLift, Spread, ContextSavings, SignalCurve, DepthAdvice, EndToEndSummary, Lift, Run, Qrels, SkipCalibrationResult } from '@secondpass/core/eval';
interface EvalReport {
    readonly version: 1;
    readonly title: string;
    readonly madeAt: string;
    readonly about: ReportAbout;
    readonly verdict: Verdict;
    readonly metrics: readonly ReportMetric[];
    readonly firstRelevant: FirstRelevantSummary;
    readonly poolRecall: number;
    readonly latency?: LatencySummary;
    readonly rerankCost?: Spread;
    readonly context?: ContextSavings;
    readonly skip?: SkipSummary;
    readonly depth?: DepthAdvice;
    readonly endToEnd?: EndToEndSummary;
    readonly queries: {
        readonly gained: readonly QueryCase[];
        readonly lost: readonly QueryCase[];
    };
    readonly warnings: readonly string[];
}
interface ReportAbout {
    readonly scorerId: string;
    readonly retriever?: string;
    readonly corpus?: string;
    readonly queries: number;
    readonly candidates: number;
    readonly confidence: number;
    readonly currency?: string;
    readonly tokensCountedBy?: string;
    readonly blend?: string;
    readonly machine?: string;
}
interface ReportMetric extends MetricLift {
    readonly name: string;
}
interface FirstRelevantSummary {
    readonly up: number;
    readonly same: number;
    readonly down: number;
    readonly medianFrom?: number;
    readonly medianTo?: number;
}
interface LatencySummary extends Spread {
    readonly calls: number;
    readonly max: number;
    readonly histogram: readonly LatencyBin[];
}
interface LatencyBin {
    readonly from: number;
    readonly to: number;
    readonly calls: number;
}
interface SkipSummary {
    readonly outcome: 'promised' | 'no-threshold' | 'too-few-queries';
    readonly sentence: string;
    readonly maxLoss: number;
    readonly confidence: number;
    readonly metric: string;
    readonly curves: readonly SignalCurve[];
    readonly promised?: {
        readonly signal: string;
        readonly threshold: number;
        readonly skipRate: number;
        readonly loss: number;
        readonly bound: number;
    };
}
interface QueryCase {
    readonly queryId: string;
    readonly query: string;
    readonly firstStage: number;
    readonly reranked: number;
    readonly difference: number;
    readonly before: readonly CasePassage[];
    readonly after: readonly CasePassage[];
}
interface CasePassage {
    readonly id: string;
    readonly rank: number;
    readonly otherRank?: number;
    readonly grade?: number;
    readonly text?: string;
}
interface Compared {
    readonly lift: Lift;
    readonly firstStage: Run;
    readonly reranked: Run;
    readonly qrels: Qrels;
    readonly ties?: 'trec' | 'input-order' | undefined;
}
declare function chooseCases(compared: Compared): {
    readonly gained: QueryCase[];
    readonly lost: QueryCase[];
};
declare function documentsOf(cases: {
    readonly gained: readonly QueryCase[];
    readonly lost: readonly QueryCase[];
}): Set<string>;
interface ReportInput extends Compared {
    readonly about: Omit<ReportAbout, 'queries' | 'candidates'>;
    readonly queries: ReadonlyMap<string, string>;
    readonly textOf?: ((id: string) => string | undefined) | undefined;
    readonly title?: string | undefined;
    readonly durationsMs?: readonly number[] | undefined;
    readonly context?: ContextSavings | undefined;
    readonly depth?: DepthAdvice | undefined;
    readonly endToEnd?: EndToEndSummary | undefined;
    readonly skip?: {
        readonly result: SkipCalibrationResult;
        readonly maxLoss: number;
        readonly confidence: number;
        readonly metric: string;
    } | undefined;
    readonly madeAt?: Date | undefined;
}
declare function buildReport(input: ReportInput): EvalReport;
declare function renderHtml(report: EvalReport): Promise<string>;
declare function renderMarkdown(report: EvalReport): string;
export { buildReport, chooseCases, documentsOf, renderHtml, renderMarkdown };
export type { CasePassage, Compared, EvalReport, FirstRelevantSummary, LatencyBin, LatencySummary, QueryCase, ReportAbout, ReportInput, ReportMetric, SkipSummary };
