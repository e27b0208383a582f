import type {
  ContextSavings,
  DepthAdvice,
  EndToEndSummary,
  MetricLift,
  SignalCurve,
  Spread,
  Verdict,
} from '@secondpass/core/eval'

/**
 * What `secondpass eval` found, as plain JSON: the same figures stand in the HTML page and in the Markdown text. Shares
 * are 0..1, times in milliseconds, money in the unit the caller named.
 */
export interface EvalReport {
  readonly version: 1
  readonly title: string
  /** When it was made, ISO 8601. */
  readonly madeAt: string
  readonly about: ReportAbout
  /** Did reranking help? By the first of `metrics`. */
  readonly verdict: Verdict
  /** In the order asked; the first is what the verdict is by. */
  readonly metrics: readonly ReportMetric[]
  /** Where the first relevant document of the queries went. */
  readonly firstRelevant: FirstRelevantSummary
  /** Mean share of the relevant documents among the candidates at all: what no reranker can bring back is the rest. */
  readonly poolRecall: number
  /** How long reranking took, one call per query. Missing when it was not measured. */
  readonly latency?: LatencySummary
  /** What a call of the reranker cost, in `about.currency`. Missing when no price was given. */
  readonly rerankCost?: Spread
  /** Whether a shorter prompt would do. Missing without judgements to go by. */
  readonly context?: ContextSavings
  /** When it may be skipped. Missing when no first-stage scores were there to decide by. */
  readonly skip?: SkipSummary
  /** How deep to rerank. Missing when it was not asked for. */
  readonly depth?: DepthAdvice
  /** The user's own answers, with and without. Missing when no answer function was run. */
  readonly endToEnd?: EndToEndSummary
  readonly queries: {
    /** Most gained first, at most ten. */
    readonly gained: readonly QueryCase[]
    /** Most lost first, at most ten. */
    readonly lost: readonly QueryCase[]
  }
  /** What a person should know before believing the numbers. */
  readonly warnings: readonly string[]
}

/** What was measured, in words and numbers. */
export interface ReportAbout {
  /** Id of the scorer. */
  readonly scorerId: string
  /** The first stage, in words. */
  readonly retriever?: string
  /** The collection, in words. */
  readonly corpus?: string
  /** How many judged queries the means are over. */
  readonly queries: number
  /** Mean number of candidates of a query. */
  readonly candidates: number
  /** Share that the intervals hold, for example 0.95. */
  readonly confidence: number
  /** What money is counted in, for example `'USD'`. Default in the page: no unit. */
  readonly currency?: string
  /** How tokens of a prompt were counted, in words. Missing when nothing needs to be said of it. */
  readonly tokensCountedBy?: string
  /** How the scores were mixed with those of the first stage, in words. Missing when that is not known. */
  readonly blend?: string
  /** The machine, in words, beside the times. */
  readonly machine?: string
}

/** One metric before and after, with its name. */
export interface ReportMetric extends MetricLift {
  readonly name: string
}

/** What happened to the first relevant document of every query. */
export interface FirstRelevantSummary {
  readonly up: number
  readonly same: number
  readonly down: number
  /** Middle rank before, among the queries that found one. */
  readonly medianFrom?: number
  readonly medianTo?: number
}

/** How long the calls took. */
export interface LatencySummary extends Spread {
  readonly calls: number
  readonly max: number
  /** Bins of equal width, from below; the last holds its upper edge too. */
  readonly histogram: readonly LatencyBin[]
}

/** Calls of at least `from` and less than `to` milliseconds. */
export interface LatencyBin {
  readonly from: number
  readonly to: number
  readonly calls: number
}

/** The answer of the calibration, with what it was asked. */
export interface SkipSummary {
  readonly outcome: 'promised' | 'no-threshold' | 'too-few-queries'
  readonly sentence: string
  readonly maxLoss: number
  readonly confidence: number
  /** What a loss is a loss of, for example `'nDCG@10'`. */
  readonly metric: string
  /** Coverage against loss, one curve for each signal. They describe the sample and promise nothing. */
  readonly curves: readonly SignalCurve[]
  /** Present when `outcome` is `'promised'`. */
  readonly promised?: {
    readonly signal: string
    readonly threshold: number
    readonly skipRate: number
    /** Seen on the queries that verified it. */
    readonly loss: number
    /** Not exceeded, with the confidence. */
    readonly bound: number
  }
}

/** One query that gained or lost, with what stood on top before and after. */
export interface QueryCase {
  readonly queryId: string
  readonly query: string
  /** The verdict's metric before. */
  readonly firstStage: number
  /** The verdict's metric after. */
  readonly reranked: number
  readonly difference: number
  /** The top of the first stage, best first. */
  readonly before: readonly CasePassage[]
  /** The top after reranking, best first. */
  readonly after: readonly CasePassage[]
}

/** One passage of a {@link QueryCase}. Its text is of the caller's corpus and is not to be trusted. */
export interface CasePassage {
  readonly id: string
  /** Its place in this order, counted from 1. */
  readonly rank: number
  /** Its place in the other order; missing when it is not there. */
  readonly otherRank?: number
  /** Its judgement; missing when it was not judged. */
  readonly grade?: number
  /** The beginning of its text; missing when the corpus was not at hand. */
  readonly text?: string
}
