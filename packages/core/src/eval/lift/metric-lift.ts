import type { Interval } from './bootstrap.js'

/** One metric before and after. */
export interface MetricLift {
  readonly firstStage: number
  readonly reranked: number
  /** `reranked - firstStage`. */
  readonly difference: number
  /** The difference as a share of `firstStage`; missing when that is 0. */
  readonly relative?: number
  /** Paired bootstrap interval of the difference. */
  readonly interval: Interval
  /** Queries that gained more than 1e-9. */
  readonly wins: number
  readonly ties: number
  readonly losses: number
}
