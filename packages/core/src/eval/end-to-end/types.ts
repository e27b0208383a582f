import type { Candidate, Milliseconds, Ranking } from '../../types.js'
import type { BeforeAfter } from '../context.js'
import type { Interval } from '../lift/bootstrap.js'
import type { Spread } from '../lift/lift.js'
import type { Verdict } from '../lift/verdict.js'

/** One question with what the first stage found for it, best first. */
export interface EndToEndQuery<C extends Candidate = Candidate> {
  /** Stands in the records; each once. */
  readonly queryId: string
  readonly query: string
  readonly candidates: readonly C[]
  /** A right answer, for a judge that wants one. */
  readonly reference?: string | undefined
}

/** Without the reranker, or with it. */
export type Way = 'firstStage' | 'reranked'

/** What the user's own answer function is given. */
export interface AnswerInput<C extends Candidate = Candidate> {
  readonly queryId: string
  readonly query: string
  /** The context, most relevant first: the caller's own objects. */
  readonly passages: readonly C[]
  /** Which context this is. An answer function should not look at it, but may log it. */
  readonly way: Way
  readonly signal: AbortSignal
}

/** An answer with what it used. A plain string does as well. */
export interface Answer {
  readonly text: string
  /** Prompt tokens as billed. Default: `countTokens` over the passages, when that is given. */
  readonly inputTokens?: number | undefined
  /** Answer tokens as billed. Default: not counted. */
  readonly outputTokens?: number | undefined
}

/** Which of two answers is better. */
export type Preference = 'first' | 'second' | 'tie'

/** What a judge that compares is given. It does not learn which answer had the reranker. */
export interface JudgeInput {
  readonly query: string
  readonly answers: readonly [first: string, second: string]
  readonly reference?: string | undefined
  readonly signal: AbortSignal
}

/** Compares two answers. Asked twice for each question, with the answers swapped. */
export type Judge = (input: JudgeInput) => Preference | Promise<Preference>

/** What a judge that grades is given. */
export interface GradeInput {
  readonly query: string
  readonly answer: string
  readonly reference?: string | undefined
  readonly signal: AbortSignal
}

/** Grades one answer by itself, 0 to 1. */
export type Grade = (input: GradeInput) => number | Promise<number>

/** Whatever reranks: a `Reranker` of secondpass fits. */
export interface Reranks<C extends Candidate = Candidate> {
  rerank(
    query: string,
    candidates: readonly C[],
    options: { readonly topN: number; readonly signal: AbortSignal },
  ): Promise<Ranking<C>>
}

/** One question, done: plain JSON, so that a stopped run can go on from a file of them. */
export interface EndToEndRecord {
  readonly queryId: string
  /** Reranked less first stage, -1 to 1. By preference: 1 when both judgements prefer it, 0.5 when one does. */
  readonly difference: number
  /** Missing when the judge compares. */
  readonly grades?: BeforeAfter
  /** The judge named the same position both times, whatever stood there. Missing when it was not asked to compare. */
  readonly positionDecided?: boolean
  /** Both contexts were the same passages in the same order: one answer served for both, and nobody judged. */
  readonly sameContext: boolean
  readonly answers: Readonly<Record<Way, string>>
  readonly inputTokens?: BeforeAfter
  readonly outputTokens?: BeforeAfter
  readonly rerankMs: Milliseconds
  readonly answerMs: BeforeAfter
}

/** What {@link measureEndToEnd} found, as plain JSON. */
export interface EndToEndSummary {
  readonly queries: number
  /** How many of them had the same context either way. They count as ties. */
  readonly sameContext: number
  readonly method: 'preference' | 'grade'
  readonly verdict: Verdict
  /** Mean of the differences: net preference, or difference of the mean grades. */
  readonly difference: number
  /** Paired bootstrap interval of the difference. */
  readonly interval: Interval
  readonly wins: number
  readonly ties: number
  readonly losses: number
  /** Mean grades. Missing when the judge compares. */
  readonly grades?: BeforeAfter
  /** Share of the compared pairs in which position alone decided: such a pair counts as a tie. Missing when graded. */
  readonly positionDecided?: number
  /** Passages in the context. */
  readonly topN: BeforeAfter
  /** Mean prompt tokens of a question. Missing unless every answer told or `countTokens` was given. */
  readonly tokens?: BeforeAfter & { readonly saved: number; readonly interval: Interval }
  /** Mean cost of a question; `saved` is net of reranking. Missing without a price or without tokens. */
  readonly money?: BeforeAfter & { readonly reranking: number; readonly saved: number }
  readonly durationMs: { readonly reranking: Spread } & Readonly<Record<Way, Spread>>
}
