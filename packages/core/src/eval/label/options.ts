import { checkClock, checkFunction, checkOneOf, checkOptions, checkWhole } from '../../base/check.js'
import { type Clock, systemClock } from '../../base/clock.js'
import { invalidArgument } from '../../base/errors.js'
import { checkTeacher, type Teacher } from './teacher.js'

/** How far a run of `label` is. */
export interface LabelProgress {
  /** Queries of the input that are behind us: labelled now or by an earlier run, or left out. */
  readonly done: number
  /** Queries in the input. */
  readonly total: number
  /** How many of `done` an earlier run had labelled. */
  readonly resumed: number
  /** How many of `done` were left out because the teacher failed (`onError: 'skip'`). */
  readonly failed: number
  /** What the teacher counted in this run: `requests`, `tokens`, `cost`, `calls`, … */
  readonly spent: Readonly<Record<string, number>>
  /** Time since this run began, in milliseconds. */
  readonly elapsedMs: number
  /** Expected time to the end in milliseconds, at the pace of this run. Missing until a query is labelled. */
  readonly remainingMs?: number
}

/** Options of `label`. */
export interface LabelOptions {
  /** Path of a JSONL file with one query and its candidates on each line; see {@link LabelledQuery}. */
  readonly input: string
  /** Path of the JSONL file to write. One that an earlier run began is continued. */
  readonly output: string
  /** Who gives the scores. Its logits are written where it has them, not probabilities. */
  readonly teacher: Teacher
  /** Queries under way at a time, from 1. Lines are written in the order of the input all the same. Default 1. */
  readonly concurrency?: number | undefined
  /** Queries begun per minute at most, evenly spaced; more than 0. Default: no limit. */
  readonly queriesPerMinute?: number | undefined
  /**
   * What this run may spend, by what the teacher counts: `{ cost: 5 }`, `{ searchUnits: 1000 }`, `{ calls: 2000 }`. The
   * run ends before a query that would exceed it, were it as dear as the dearest so far; the first cannot be foreseen.
   * What an earlier run spent does not count.
   */
  readonly spendLimit?: Readonly<Record<string, number>> | undefined
  /**
   * When the teacher fails on a query. `'stop'` (default): the run rejects, and the next one begins there. `'skip'`: the
   * query is left out and counted, and the next run does not come back to it. An abort, and an error of the setup (a wrong
   * option, a missing model), always stop.
   */
  readonly onError?: 'stop' | 'skip' | undefined
  /** Told once before the first query and after each; what it throws ends the run. */
  readonly onProgress?: ((progress: LabelProgress) => void) | undefined
  /** Told of every query that `onError: 'skip'` leaves out. */
  readonly onFailure?: ((failure: LabelFailure) => void) | undefined
  /** Aborting rejects at once with the signal's reason; what is written stays. */
  readonly signal?: AbortSignal | undefined
  /** Where time comes from, for tests. */
  readonly clock?: Clock | undefined
}

/** A query that was left out. */
export interface LabelFailure {
  readonly id: string
  /** 1-based line of the input. */
  readonly line: number
  readonly error: Error
}

/** What a run of `label` did. */
export interface LabelSummary extends Omit<LabelProgress, 'remainingMs'> {
  /** Lines this run wrote. */
  readonly written: number
  /** Present when the run ended early and cleanly. */
  readonly stoppedBy?: 'spend-limit'
}

/** Options as given, with defaults filled in. */
export interface LabelJob extends LabelOptions {
  readonly concurrency: number
  readonly clock: Clock
}

const optionNames: readonly string[] = [
  'input',
  'output',
  'teacher',
  'concurrency',
  'queriesPerMinute',
  'spendLimit',
  'onError',
  'onProgress',
  'onFailure',
  'signal',
  'clock',
] satisfies (keyof LabelOptions)[]

/** @throws RerankError `'invalid-argument'` for a wrong option. */
export function checkLabelOptions(options: LabelOptions): LabelJob {
  checkOptions('options', options, optionNames)
  const { input, output, teacher, concurrency = 1, clock = systemClock } = options
  checkPath('input', input)
  checkPath('output', output)
  if (output.endsWith('.gz')) throw invalidArgument('output', output, 'lines are not packed; leave out .gz')
  checkTeacher('teacher', teacher)
  checkWhole('concurrency', concurrency, 1)
  if (options.queriesPerMinute !== undefined) checkAboveZero('queriesPerMinute', options.queriesPerMinute)
  checkOneOf('onError', options.onError ?? 'stop', ['stop', 'skip'])
  checkSpendLimit(options.spendLimit ?? {})
  for (const name of ['onProgress', 'onFailure'] as const) {
    if (options[name] !== undefined) checkFunction(name, options[name])
  }
  checkClock(clock)
  return { ...options, concurrency, clock }
}

function checkSpendLimit(limit: unknown): void {
  if (typeof limit !== 'object' || limit === null || Array.isArray(limit)) {
    throw invalidArgument('spendLimit', limit, 'pass numbers by what the teacher counts, for example { cost: 5 }')
  }
  for (const [counter, most] of Object.entries(limit)) checkAboveZero(`spendLimit.${counter}`, most)
}

function checkAboveZero(name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0) return
  throw invalidArgument(name, value, 'pass a number above 0, or leave it out for no limit')
}

function checkPath(name: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return
  throw invalidArgument(name, value, 'pass the path of a JSONL file')
}
