import {
  isFiniteNumber,
  must,
  type OptionTable,
  readOptions,
  sentence,
  signalOption,
  wholeOrInfinity,
} from './base/check.js'
import type { Clock } from './base/clock.js'
import { invalidArgument, noInstruction } from './base/errors.js'
import type { Settings } from './options.js'
import { checkCounter, type LayoutOptions, layoutTable, type Selection } from './select/select.js'
import type { Candidate, Milliseconds, RankedResult, ResultOrder, StageReport } from './types.js'

/** A candidate on its way through the stages: a result that has no rank yet. */
export type Entry<C extends Candidate = Candidate> = Omit<RankedResult<C>, 'rank'> & { readonly text: string }

/** What every stage of one call shares. */
export interface Run {
  readonly query: string
  readonly clock: Clock
  /** A time on the clock. */
  readonly startedAt: Milliseconds
  /** A time on the clock, `Infinity` for none. */
  readonly deadline: Milliseconds
  readonly signal: AbortSignal | undefined
  /** What counts as relevant, for scorers that take it; every scorer of the call does. */
  readonly instruction: string | undefined
  /** The first-stage scores of the input, in its order. */
  readonly inputScores: readonly (number | undefined)[]
}

/** What a stage hands on. */
export interface StageResult<C extends Candidate> {
  readonly list: readonly Entry<C>[]
  readonly report: StageReport
  /** What the whole call has to reject with. */
  readonly fatal?: unknown
}

/** What a candidate becomes in the results: itself, or `{ text }` when it was a string. */
export type CandidateOf<T extends string | Candidate> = T extends Candidate ? T : Candidate

/** Options of one call of `rerank`. What is left out is as the reranker was made. */
export interface RerankOptions extends LayoutOptions {
  /** How many results come back at most, 1 or more. Default: what the reranker was made with. */
  readonly topN?: number | undefined
  /**
   * Time for this call, in milliseconds, counted from its start. Zero or less, as a used-up time budget gives: nothing
   * is scored and the order stays. `Infinity`: none. Default: what the reranker was made with.
   */
  readonly deadlineMs?: Milliseconds | undefined
  /**
   * What counts as relevant in this call, in words: `'Prefer what holds in Germany.'`. It takes the place of an instruction
   * that the scorer was made with. Refused unless every stage's scorer takes one: models that read instructions, language
   * models, and some services. Default: what the scorer was made with.
   */
  readonly instruction?: string | undefined
  /** Aborting it rejects the call with the signal's reason, at any point. */
  readonly signal?: AbortSignal | undefined
}

const callTable = {
  topN: wholeOrInfinity(1),
  ...layoutTable,
  deadlineMs: must<number>(
    (value) => typeof value === 'number' && !Number.isNaN(value),
    'pass milliseconds, or leave it out',
  ),
  instruction: sentence,
  signal: signalOption,
} satisfies OptionTable<RerankOptions>

/** One call, checked. */
export interface Request<C extends Candidate> {
  readonly entries: readonly Entry<C>[]
  readonly selection: Selection
  readonly order: ResultOrder
  readonly run: Run
}

/** Checks the arguments of one call. Reads each candidate once, so that a later change by the caller does no harm. */
export function readRequest<T extends string | Candidate>(
  settings: Settings,
  input: { query: string; candidates: readonly T[]; options: RerankOptions },
): Request<CandidateOf<T>> {
  const startedAt = settings.clock.now()
  const options = readOptions(callTable, input.options)
  const { deadlineMs = settings.deadlineMs, order = settings.order, signal, instruction } = options
  if (instruction !== undefined) checkInstruction(instruction, settings)
  checkCounter(options.maxTokens, settings.countTokens)
  const query: unknown = input.query
  if (typeof query !== 'string' || query.trim() === '') {
    throw invalidArgument('query', query, 'pass a string that is not blank')
  }
  if (!Array.isArray(input.candidates)) {
    throw invalidArgument('candidates', input.candidates, 'pass an array of strings or of objects with a text')
  }
  // Array.from, unlike map, also visits the holes of a sparse array.
  const entries = Array.from(input.candidates, (candidate: T, index) => readCandidate(candidate, index))
  const inputScores = entries.map((entry) => entry.firstStageScore)
  const deadline = startedAt + deadlineMs
  const run = { query, clock: settings.clock, startedAt, deadline, signal, instruction, inputScores }
  return { entries, selection: selectionOf(settings, options), order, run }
}

/** Before anything runs or is sent; a scorer that knows only once it is loaded refuses by itself. */
function checkInstruction(instruction: string, { stages }: Settings): void {
  const deaf = stages.find(({ scorer }) => scorer.takesInstruction !== true)
  if (deaf === undefined) return
  if (stages.length === 1) throw noInstruction(deaf.scorer.id, instruction)
  const fix = `${deaf.scorer.id} takes none; give it to the scorers that do, as their option`
  throw invalidArgument('instruction', instruction, fix)
}

function selectionOf(settings: Settings, options: RerankOptions): Selection {
  const { topN = settings.topN, maxTokens = settings.maxTokens, signal } = options
  const { countTokens, diversity } = settings
  return { topN, maxTokens, countTokens, diversity, signal }
}

function readCandidate<T extends string | Candidate>(given: T, index: number): Entry<CandidateOf<T>> {
  // A string has no type of its own to keep, so this is the one place where the candidate's type is asserted.
  const candidate = (typeof given === 'string' ? { text: given } : given) as CandidateOf<T>
  if (typeof candidate !== 'object' || candidate === null) {
    throw invalidArgument(`candidates[${index}]`, candidate, 'pass a string or an object with a text')
  }
  const { text, score } = candidate
  if (typeof text !== 'string') throw invalidArgument(`candidates[${index}].text`, text, 'pass a string')
  if (score === undefined) return { candidate, index, text }
  if (!isFiniteNumber(score)) {
    throw invalidArgument(`candidates[${index}].score`, score, 'pass a finite number, or leave it out')
  }
  return { candidate, index, text, firstStageScore: score }
}
