import {
  between,
  callable,
  type Check,
  checkItems,
  isObject,
  must,
  type OptionTable,
  readOptions,
  record,
  required,
  whole,
  withDefault,
  signalOption,
} from '../../base/check.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { invalidArgument } from '../../base/errors.js'
import type { Candidate, Milliseconds } from '../../types.js'
import { type BootstrapOptions, bootstrapTable, type Tally } from '../bootstrap.js'
import type { BeforeAfter } from '../context.js'
import type { Reranks } from '../label.js'
import type { Spread } from '../lift.js'
import type { Verdict } from '../verdict.js'
import { fromZero } from '../run.js'

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

/** One question, done: plain JSON, so that a stopped run can resume from a file of them. */
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

/** What {@link measureEndToEnd} found, as plain JSON. `difference` is the net preference, or that of the mean grades. */
export interface EndToEndSummary extends Tally {
  readonly queries: number
  /** How many of them had the same context either way. They count as ties. */
  readonly sameContext: number
  readonly method: 'preference' | 'grade'
  readonly verdict: Verdict
  /** Mean grades. Missing when the judge compares. */
  readonly grades?: BeforeAfter
  /** Share of the compared pairs in which position alone decided: such a pair counts as a tie. Missing when graded. */
  readonly positionDecided?: number
  /** Passages in the context. */
  readonly topN: BeforeAfter
  /** Mean prompt tokens of a question. Missing unless every answer told or `countTokens` was given. */
  readonly tokens?: BeforeAfter & { readonly saved: number; readonly interval: Tally['interval'] }
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
  /** Told of each question that is done, one after another and awaited: append it to a file to be able to resume. */
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

const queriesToAsk: Check<EndToEndOptions['queries']> = (name, value) => {
  if (!Array.isArray(value) || value.length === 0) throw invalidArgument(name, value, 'pass at least one')
  checkItems(name, value, isObject, 'pass { queryId, query, candidates }')
  const seen = new Set<string>()
  for (const [at, { queryId, query, candidates }] of (value as EndToEndQuery[]).entries()) {
    if (typeof queryId !== 'string' || seen.has(queryId))
      throw invalidArgument(`queries[${at}].queryId`, queryId, 'pass a string that no other query has')
    seen.add(queryId)
    if (typeof query !== 'string') throw invalidArgument(`queries[${at}].query`, query, 'pass a string')
    if (!Array.isArray(candidates)) throw invalidArgument(`queries[${at}].candidates`, candidates, 'pass an array')
  }
}

const reranking: Check<Reranks> = (name, value) => {
  callable<Reranks['rerank']>()(`${name}.rerank`, (value as Partial<Reranks> | undefined)?.rerank)
}

const PRICE: OptionTable<TokenPrice> = { input: required(fromZero), output: withDefault(fromZero, 0) }

const END_TO_END = {
  queries: required(queriesToAsk),
  reranker: required(reranking),
  answer: required(callable<EndToEndOptions['answer']>()),
  judge: callable<Judge>(),
  grade: callable<Grade>(),
  topN: withDefault(whole(1), 10),
  rerankedTopN: whole(1),
  concurrency: withDefault(whole(1), 4),
  countTokens: callable<(text: string) => number>(),
  price: record<TokenPrice>(PRICE),
  rerankCost: withDefault(fromZero, 0),
  worthwhile: withDefault(between(0, 1), 0.02),
  done: must<readonly EndToEndRecord[]>(Array.isArray, 'pass the records of an earlier run'),
  onRecord: callable<(record: EndToEndRecord) => unknown>(),
  signal: signalOption,
  clock: withDefault(
    must<Pick<Clock, 'now'>>((value) => typeof (value as Partial<Clock>).now === 'function', 'pass { now() }'),
    systemClock,
  ),
  ...bootstrapTable,
} satisfies OptionTable<EndToEndOptions>

type Filled = 'topN' | 'rerankedTopN' | 'concurrency' | 'rerankCost' | 'worthwhile' | 'clock' | keyof BootstrapOptions

/** The options of a run, their defaults filled in. */
export type EndToEndJob<C extends Candidate = Candidate> = Omit<EndToEndOptions<C>, Filled> & {
  readonly [K in Filled]: Exclude<EndToEndOptions<C>[K], undefined>
}

/** @throws RerankError `'invalid-argument'` when an option is wrong. */
export function readEndToEnd<C extends Candidate>(options: EndToEndOptions<C>): EndToEndJob<C> {
  const read = readOptions(END_TO_END, options)
  const { judge, grade, topN, rerankedTopN = topN } = read
  if ((judge === undefined) === (grade === undefined))
    throw invalidArgument('judge', judge === undefined ? judge : 'given with grade', 'pass either judge or grade')
  if (read.done !== undefined) checkItems('done', read.done, isObject, 'pass the records of an earlier run')
  // The table knows any candidate; those of the caller are what went in.
  return { ...read, rerankedTopN } as EndToEndJob as unknown as EndToEndJob<C>
}
