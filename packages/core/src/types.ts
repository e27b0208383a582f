/**
 * The five nouns of secondpass and the words around them.
 *
 * - **index**: 0-based place in the caller's input.
 * - **rank**: 1-based place in the answer.
 * - **score**: the scorer's own number; higher is better; comparable only within one scorer id.
 * - **depth**: how many candidates from the top a stage looks at.
 * - **stage**: a scorer with its depth, skip policy and error policy.
 * - **topN**: how many results come back.
 */

// What `await using` needs, in the words of TypeScript's own library, for programs that are compiled without that part,
// `esnext.disposable`. With it, the two declarations are one.
declare global {
  interface SymbolConstructor {
    readonly asyncDispose: unique symbol
  }
  interface AsyncDisposable {
    [Symbol.asyncDispose](): PromiseLike<void>
  }
}

/** A duration or a point in time, in milliseconds. */
export type Milliseconds = number

/** One thing a retriever found. Extra properties are allowed, never read, and come back untouched. */
export interface Candidate {
  /** What the scorer reads. May be empty. */
  readonly text: string
  /**
   * First-stage score on any scale, higher is better. Left out when the retriever gives none;
   * a policy never skips, and nothing is blended, on a score that is not there.
   */
  readonly score?: number | undefined
  /** The caller's own name for this candidate. Not used for scoring. */
  readonly id?: string | undefined
}

/**
 * What a score depends on. `'pair'`: on the query and the text alone. `'pool'`: on the other texts too.
 * Caching, splitting over workers or requests, windows and thresholds are lawful for `'pair'` only.
 */
export type Scope = 'pair' | 'pool'

/** A stretch of a text, in UTF-16 code units as in `text.slice(start, end)`. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** What a scorer has to say about one text besides its number. */
export interface TextNote {
  /** A part of the text was not read, its end unless windows were chosen, because it did not fit the model. */
  readonly truncated?: boolean
  /** A part of the query was not read beside this text, because it did not fit the model. */
  readonly queryTruncated?: boolean
  /** The stretch of the text that earned the score, when the text was read in windows. */
  readonly bestSpan?: Span
}

/**
 * Which side of something too long is cut off, in the terms of Hugging Face's `truncation_side`: `'right'` its end,
 * `'left'` its beginning.
 */
export type TruncationSide = 'left' | 'right'

/** What travels with one request to a scorer. */
export interface Call {
  /** Aborts when the caller aborts or the stage no longer wants the answer. */
  readonly signal: AbortSignal
  /**
   * A time on the clock {@link Call.now}, `Infinity` for none. A scorer that blocks the event loop looks at it
   * between units of work and rejects with a `RerankError` of code `'deadline'` once it has passed.
   */
  readonly deadline: Milliseconds
  /** The clock: monotonic, in milliseconds. */
  now(): Milliseconds
  /** Counters that each layer adds to (tokens, runs, cacheHits…); the report prints them. */
  readonly stats: Record<string, number>
  /**
   * Who asks. Where calls without a deadline wait for one another, callers take turns, so that one with many calls does
   * not hold up one with few. A reranker names itself.
   */
  readonly caller?: object | undefined
  /**
   * What counts as relevant in this call, in words; it takes the place of an instruction that the scorer was made with. Only
   * a scorer with {@link Scorer.takesInstruction} is handed one. The same pair may have another score with another.
   */
  readonly instruction?: string | undefined
  /** Says something about the text at `position` of the `texts` given to `score`. */
  note(position: number, note: TextNote): void
  /**
   * Says which scorer gave these numbers, when it is not the one that was asked, as a fallback does: results and report
   * then carry its id and its `toProbability`, and no `minScore` meant for another scorer is held against them.
   *
   * @param because why the scorer that was meant to answer did not; the report shows it.
   */
  answeredBy?(scorer: Scorer, because?: Error): void
}

/**
 * Gives one number per text: the only seam of the library.
 *
 * Contract of {@link Scorer.score}: as many numbers as texts, in the same order, all finite, higher is better;
 * or a rejection. All or nothing.
 */
export interface Scorer<S extends Scope = Scope> {
  /** Model, revision, quantisation and everything else that changes the numbers. */
  readonly id: string
  /** See {@link Scope}. */
  readonly scope: S
  score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]>
  /**
   * Maps a score to a probability in 0..1; strictly increasing except where it saturates. Present when the scorer's
   * numbers are logits: results then carry the probability as `score` and the number itself as `logit`. A scorer that is
   * loaded on first use may know only then.
   */
  readonly toProbability?: ((score: number) => number) | undefined
  /**
   * How many tokens a text has for this scorer, special tokens and query left aside. Present when the scorer has a
   * tokenizer; the `maxTokens` of a reranker is counted with it.
   */
  countTokens?(text: string): number | Promise<number>
  /**
   * Present on a scorer that may hand over to another: the one that is meant to answer, on whose scale a `minScore` is.
   * Such a scorer has the scope `'pool'`, since which one answers depends on the moment and not on the pair.
   */
  readonly primary?: Scorer
  /**
   * What the scorer recommends for itself; a stage's own `blend` and `skip` win. Wrappers pass on those of the scorer whose
   * numbers they hand over. A scorer that is loaded on first use may know them only then.
   */
  readonly defaults?: ScorerDefaults | undefined
  /**
   * `true` for a scorer that judges by {@link Call.instruction}; one that may find out only when it is asked rejects then,
   * before anything runs or is sent. Missing or `false`: a call with an instruction is refused.
   */
  readonly takesInstruction?: boolean | undefined
  /** Loads ahead of the first call. Idempotent. */
  warmup?(): Promise<void>
  /** Frees what the scorer holds. Idempotent; a later call to `score` rejects. */
  close?(): Promise<void>
}

/** How a scorer is used well, as far as it knows: see {@link Scorer.defaults}. */
export interface ScorerDefaults {
  /** How its order is best mixed with the first stage's. Missing: not at all. */
  readonly blend?: Blend | undefined
  /**
   * The scripts it reads, as Unicode names them: `['Latin']`. A query that is mostly in another one keeps the order of
   * the first stage. Missing: every script.
   */
  readonly scripts?: readonly string[] | undefined
  /**
   * The languages it reads, as two letters of ISO 639-1: `['en']`. Passages whose small words are of another language keep
   * the order of the first stage. Missing: every language.
   */
  readonly languages?: readonly string[] | undefined
}

/** What a skip policy sees: the pool as the stage would score it, before any model runs. */
export interface Pool {
  readonly query: string
  /** The head of the list that the stage would score, in its present order. */
  readonly candidates: readonly Candidate[]
  /** Id of the scorer that would run. */
  readonly scorerId: string
}

/** Why a stage was not run: the policy and the numbers it decided on. */
export interface SkipReason {
  /** The policy's name, for example `'clear-margin'`. */
  readonly policy: string
  /** The evidence, as plain values: what was measured and what it was held against. */
  readonly evidence: Readonly<Record<string, number | string | boolean>>
}

/** Looks at the pool and answers with a reason not to score, or nothing. Pure: no clock, no state, no I/O. */
export interface SkipPolicy {
  (pool: Pool): SkipReason | undefined
  /**
   * What the policy decides on, whichever way it decides; nothing when the pool does not hold it, for example because a
   * score is missing. `not` takes missing evidence for no decision. A plain function needs no such method.
   */
  evidence?(pool: Pool): SkipReason['evidence'] | undefined
}

/** How a stage ended. Anything but `'ranked'` left the list as the stage found it. */
export type Outcome = 'ranked' | 'skipped' | 'failed' | 'late'

/** How results are laid out: best first, or the best at both ends and the least relevant in the middle. */
export type ResultOrder = 'relevance' | 'edges'

/** What to do when a scorer fails at run time. Configuration errors and aborts always reject. */
export type OnError = 'throw' | 'keep-order'

/** Mixing the scorer's order with the first stage's. */
export interface Blend {
  /**
   * Share of the scorer in the mix, 0..1, or one share for each kind of search. Both sides are normalised over the head
   * that was scored, then `weight * scorer + (1 - weight) * firstStage` orders the head. No effect when any candidate of the
   * head has no score.
   */
  readonly weight: number | BlendWeights
  /**
   * How the two sides are brought to one scale. `'min-max'` (default): spread over 0..1, so that the extremes decide.
   * `'z-score'`: distance from the mean in standard deviations, which one far-off score disturbs less; `blendedScore` is
   * then not bounded. A side whose numbers are all equal counts 0 either way.
   */
  readonly normalize?: 'min-max' | 'z-score' | undefined
  /**
   * `false` when the first stage gives distances. Default: `true`, but nothing is blended when three or more scores
   * only rise from the first candidate of the input to the last, because a retriever puts the best first: such scores
   * are most likely distances.
   */
  readonly higherIsBetter?: boolean | undefined
}

/**
 * A share for each kind of search: by words, where a model that reads gains most; lists fused by their ranks, which say
 * nothing of how well a passage was found; and any other, whose order may be better than that of a small model.
 *
 * The scores of the whole input tell them apart. Words: some are above 1.001, where no cosine, no probability and no fused
 * rank is; none is negative; and the least has at most .8 of the best. Fused ranks: all are above 0 and none is above .1,
 * as sums of `1 / (60 + rank)` over up to six lists are, the offset of Cormack, Clarke and Büttcher (SIGIR 2009) that most
 * engines have. Nothing counts as either of them with `higherIsBetter: false`.
 */
export interface BlendWeights {
  /** Share of the scorer behind BM25 and the like, 0..1. */
  readonly lexical: number
  /** Share of the scorer behind reciprocal rank fusion, 0..1. Default: `other`. */
  readonly fused?: number | undefined
  /** Share of the scorer behind search by vectors, and whatever is neither of the others clearly; 0..1. */
  readonly other: number
}

/**
 * Why a blend had no effect. `'missing-score'`: a candidate of the head has no first-stage score. `'rising-scores'`: the
 * scores only rise, as distances do; set `higherIsBetter` to say which they are.
 */
export type BlendOmitted = 'missing-score' | 'rising-scores'

/** One result. `candidate` is the caller's own object, or `{ text }` when a string was given. */
export interface RankedResult<C extends Candidate = Candidate> {
  readonly candidate: C
  /** 0-based place in the caller's input. */
  readonly index: number
  /**
   * 1-based place in the answer by relevance: 1 is the best. The same as the place in `results`, counted from 1, unless
   * `order` is `'edges'`.
   */
  readonly rank: number
  /**
   * The number of the last stage that ranked this candidate: a probability in 0..1 when its scorer has
   * `toProbability`, the scorer's own number otherwise. Missing when no stage ranked it.
   */
  readonly score?: number
  /** The scorer's own number behind a probability: what the order is by. Missing when `score` is not a probability. */
  readonly logit?: number
  /** Id of the scorer that gave `score`. */
  readonly scorerId?: string
  /**
   * With `blend`: the mixed number that the order is by instead of the scorer's. Relative to this pool; 0..1 unless
   * `normalize` is `'z-score'`.
   */
  readonly blendedScore?: number
  /** The candidate's own `score`, as the retriever gave it. */
  readonly firstStageScore?: number
  /** A part of the text was not read, its end unless windows were chosen, because it did not fit the model. */
  readonly truncated?: boolean
  /** A part of the query was not read beside this text, because it did not fit the model. */
  readonly queryTruncated?: boolean
  /** The stretch of the text that earned the score, when the text was read in windows. */
  readonly bestSpan?: Span
}

/** What one stage did and why. */
export interface StageReport {
  /** Id of the stage's scorer. */
  readonly scorerId: string
  readonly outcome: Outcome
  /** Present when `outcome` is `'skipped'`. */
  readonly skipReason?: SkipReason
  /** Present when `outcome` is `'failed'` or `'late'`: the error that was swallowed. */
  readonly error?: Error
  /** Present when another scorer answered in place of the one that was meant to: why that one did not. */
  readonly fallbackReason?: Error
  /** How many candidates the stage looked at. */
  readonly candidates: number
  /** Whether the order is by the blend with the first stage rather than by the scorer alone. */
  readonly blended: boolean
  /** The scorer's share in the blend that the order is by. Missing when the scorer alone decided, and without an order. */
  readonly blendWeight?: number
  /** Why the blend that was asked for had no effect on a stage that ranked. */
  readonly blendOmitted?: BlendOmitted
  /** Wall-clock time of the stage. */
  readonly durationMs: Milliseconds
  /** The scorer's counters: `texts`, `runs`, `tokens`, `truncatedTexts`, `truncatedQueries`, `cacheHits`, `passageCacheHits`, … */
  readonly stats: Readonly<Record<string, number>>
}

/** What was done in one call of `rerank`, and why. */
export interface Report {
  readonly stages: readonly StageReport[]
  /** How many candidates came in. */
  readonly candidates: number
  /** How many results went out, after all that chooses among them: `minScore`, `diversity`, `maxTokens`, `topN`. */
  readonly returned: number
  /** How many ranked results `minScore` removed. */
  readonly belowMinScore: number
  /** How many results `minScore` removed because the last stage's scorer had not read them; 0 with `keepUnscored`. */
  readonly unscored: number
  /** How many results `diversity` left out for a better one that says the same. Counted until `topN` were chosen. */
  readonly nearDuplicates: number
  /** How many results `diversity` did not hold against the others, because the deadline had passed. Missing for none. */
  readonly notCompared?: number
  /** How many results were passed over because they did not fit what was left of `maxTokens`. Counted like those. */
  readonly overBudget: number
  /** Wall-clock time of the whole call. */
  readonly durationMs: Milliseconds
  /** Only in a report handed to `onReport` for a call that rejected: what it rejected with. */
  readonly error?: unknown
}

/** The answer of `rerank`. */
export interface Ranking<C extends Candidate = Candidate> {
  /** At most `topN`, best first; with `order: 'edges'` best first, second best last. */
  readonly results: readonly RankedResult<C>[]
  readonly report: Report
}

/** The policies that a calibration file can hold: those that are nothing but numbers, and `agreement`. */
export type FilePolicyName =
  | 'above-threshold'
  | 'agreement'
  | 'clear-margin'
  | 'keyword-query'
  | 'score-shape'
  | 'small-pool'

/** One policy as data: its name, and its options or the policies it combines. */
export type PolicyData =
  | { readonly policy: FilePolicyName; readonly options: Readonly<Record<string, unknown>> }
  | { readonly policy: 'any-of' | 'all-of'; readonly policies: readonly PolicyData[] }

/** A calibration file: when to skip, found on a sample of queries. Other fields are kept for people, and not read. */
export interface SkipCalibration {
  readonly version: 1
  /** Id of the scorer whose answers counted as right. */
  readonly scorerId: string
  /** The retriever whose scores were looked at, in words. */
  readonly retriever?: string
  /** The collection that was searched, in words. */
  readonly corpus?: string
  /** The day it was made, as `YYYY-MM-DD`. */
  readonly date?: string
  /**
   * The least and the largest first-stage score that stood on top of a list of the sample, by which scores of another
   * retriever are noticed. Missing when the sample had none.
   */
  readonly topScores?: readonly [least: number, largest: number]
  /** When to skip; `null` when no policy kept the promised quality, which then never skips. */
  readonly skip: PolicyData | null
}
