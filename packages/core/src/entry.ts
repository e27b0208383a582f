import type { Candidate, Milliseconds, RankedResult, Scorer, StageReport } from './types.js'
import type { Clock } from './clock.js'

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
  /** The scores of the input only rise from the first candidate to the last: see `Blend.higherIsBetter`. */
  readonly scoresRise: boolean
}

/** What a stage hands on. */
export interface StageResult<C extends Candidate> {
  readonly list: readonly Entry<C>[]
  readonly report: StageReport
  /** What the whole call has to reject with. */
  readonly fatal?: unknown
}

/** The numbers of one head, checked, with the scorer that gave them. */
export interface Scored {
  readonly scorer: Scorer
  readonly numbers: readonly number[]
  /** The numbers as probabilities, when the scorer has them. */
  readonly probabilities?: readonly number[]
}
