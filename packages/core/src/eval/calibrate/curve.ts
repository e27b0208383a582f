import type { CalibrationQuery } from './query.js'
import type { Signal } from './signals.js'

/** What skipping from one threshold on means for a set of queries. */
export interface CurvePoint {
  readonly threshold: number
  /** Share of the queries that is skipped. */
  readonly skipRate: number
  /** Mean loss over all queries, those not skipped counting 0. */
  readonly loss: number
}

/** A query with the value of one signal. */
export interface Measured {
  /** Missing when the pool does not hold the signal. */
  readonly value: number | undefined
  readonly loss: number
}

/** The value of a signal for each query. */
export function measureAll(queries: readonly CalibrationQuery[], signal: Signal): Measured[] {
  return queries.map((query) => ({ value: signal.measure(query), loss: query.loss }))
}

/** The loss of each query under a threshold. */
export function lossesAt(measured: readonly Measured[], threshold: number): number[] {
  return measured.map(({ value, loss }) => (isSkipped(value, threshold) ? loss : 0))
}

/** Thresholds that skip about 5 %, 10 %, … 100 % of the queries that have the signal, fewest first. */
export function thresholdsOf(measured: readonly Measured[], signal: Signal): number[] {
  const values = measured.flatMap(({ value }) => value ?? []).sort((a, b) => b - a)
  const picks = Array.from({ length: 20 }, (_, at) => values[Math.ceil(((at + 1) / 20) * values.length) - 1])
  const distinct = [...new Set(picks)].filter((value) => value !== undefined)
  return distinct.filter((value) => signal.policy === undefined || signal.policy(value) !== undefined)
}

/** The coverage-loss curve of a set of queries. */
export function curveOf(measured: readonly Measured[], thresholds: readonly number[]): CurvePoint[] {
  return thresholds.map((threshold) => ({
    threshold,
    skipRate: measured.filter(({ value }) => isSkipped(value, threshold)).length / measured.length,
    loss: meanOf(lossesAt(measured, threshold)),
  }))
}

export function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function isSkipped(value: number | undefined, threshold: number): boolean {
  return value !== undefined && value >= threshold
}
