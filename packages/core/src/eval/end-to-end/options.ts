import { checkFunction, checkKeys, checkWhole, checkWithin } from '../../base/check.js'
import type { Clock } from '../../base/clock.js'
import { invalidArgument } from '../../base/errors.js'
import type { Candidate, Milliseconds, Ranking } from '../../types.js'
import type { BootstrapOptions, Interval } from '../bootstrap.js'
import type { BeforeAfter } from '../context.js'
import type { Spread, Verdict } from '../lift.js'

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

/** Options of {@link measureEndToEnd}. */
export interface EndToEndOptions<C extends Candidate = Candidate> extends BootstrapOptions {
  readonly queries: readonly EndToEndQuery<C>[]
  /** What reranks; without a `topN`, `minScore` or deadline of its own, so that enough passages come back. */
  readonly reranker: Reranks<C>
  /** The application's own way from passages to an answer. Called once or twice for each question. */
  readonly answer: (input: AnswerInput<C>) => string | Answer | Promise<string | Answer>
  /** Compares the two answers: pass this or `grade`. Called twice for each question, with the answers swapped. */
  readonly judge?: Judge | undefined
  /** Grades each answer by itself, 0 to 1: pass this or `judge`. */
  readonly grade?: Grade | undefined
  /** Passages in the context without the reranker, 1 or more. Default 10. */
  readonly topN?: number | undefined
  /** Passages in the context with the reranker, 1 or more: a smaller number shows whether a shorter prompt does. Default `topN`. */
  readonly rerankedTopN?: number | undefined
  /** How many questions are under way at a time, 1 or more. Default 4. */
  readonly concurrency?: number | undefined
  /** Tokens of a passage, for answers that do not tell what they used. Default: tokens are not counted. */
  readonly countTokens?: ((text: string) => number) | undefined
  /** What a million tokens cost, in the caller's unit. Default: nothing is said of money. */
  readonly price?: TokenPrice | undefined
  /** What reranking costs for one question, in the same unit. Default 0, as on a machine that runs anyway. */
  readonly rerankCost?: number | undefined
  /**
   * A gain below this does not count as help: for grades a share of the grade without, for preferences a net share. 0 to 1.
   * Default 0.02.
   */
  readonly worthwhile?: number | undefined
  /** Records of an earlier run: their questions are not asked again. Records of other questions are left out. */
  readonly done?: readonly EndToEndRecord[] | undefined
  /** Told of each question that is done, one after another and awaited: append it to a file to be able to go on. */
  readonly onRecord?: ((record: EndToEndRecord) => unknown) | undefined
  /** Ends the run: what is under way is told, and the promise rejects with the reason. */
  readonly signal?: AbortSignal | undefined
  /** Where time comes from. Default: the clock of the machine. */
  readonly clock?: Pick<Clock, 'now'> | undefined
}

/** What a million tokens cost, in the caller's unit. */
export interface TokenPrice {
  /** Of prompt tokens; from 0. */
  readonly input: number
  /** Of answer tokens; from 0. Default 0. */
  readonly output?: number | undefined
}

/** @throws RerankError `'invalid-argument'` when an option is wrong. */
export function checkEndToEnd<C extends Candidate>(options: EndToEndOptions<C>): void {
  checkKeys('options', options, KEYS)
  const { reranker, answer, judge, grade, topN = 10, rerankedTopN = topN, concurrency = 4 } = options
  checkFunction('reranker.rerank', reranker?.rerank)
  checkFunction('answer', answer)
  if ((judge === undefined) === (grade === undefined))
    throw invalidArgument('judge', judge === undefined ? judge : 'given with grade', 'pass either judge or grade')
  checkFunction(judge === undefined ? 'grade' : 'judge', judge ?? grade)
  for (const name of ['countTokens', 'onRecord'] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name])
  }
  checkWhole('topN', topN, 1)
  checkWhole('rerankedTopN', rerankedTopN, 1)
  checkWhole('concurrency', concurrency, 1)
  const { price, rerankCost = 0, worthwhile = 0.02 } = options
  if (price !== undefined) checkKeys('price', price, ['input', 'output'])
  checkWithin('price.input', price?.input ?? 0, [0, Number.MAX_VALUE])
  checkWithin('price.output', price?.output ?? 0, [0, Number.MAX_VALUE])
  checkWithin('rerankCost', rerankCost, [0, Number.MAX_VALUE])
  checkWithin('worthwhile', worthwhile, [0, 1])
  checkQueries(options.queries)
}

const KEYS =
  'queries reranker answer judge grade topN rerankedTopN concurrency countTokens price rerankCost worthwhile done onRecord signal clock resamples confidence seed'.split(
    ' ',
  )

function checkQueries(queries: readonly EndToEndQuery[]): void {
  if (!Array.isArray(queries) || queries.length === 0) throw invalidArgument('queries', queries, 'pass at least one')
  const seen = new Set<string>()
  for (const [at, { queryId, query, candidates }] of queries.entries()) {
    if (typeof queryId !== 'string' || seen.has(queryId))
      throw invalidArgument(`queries[${at}].queryId`, queryId, 'pass a string that no other query has')
    seen.add(queryId)
    if (typeof query !== 'string') throw invalidArgument(`queries[${at}].query`, query, 'pass a string')
    if (!Array.isArray(candidates)) throw invalidArgument(`queries[${at}].candidates`, candidates, 'pass an array')
  }
}
