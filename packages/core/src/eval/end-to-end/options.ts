import type { Candidate } from '../../types.js'
import type { Clock } from '../../clock.js'
import { invalidArgument } from '../../errors.js'
import { checkFunction } from '../../checks.js'
import { checkKeys, checkWhole, checkWithin } from '../checks.js'
import type { BootstrapOptions } from '../lift/bootstrap.js'
import type { Answer, AnswerInput, EndToEndQuery, EndToEndRecord, Grade, Judge, Reranks } from './types.js'

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
