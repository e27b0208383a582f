import { count } from '../../stats.js'
import type { Call } from '../../types.js'

/** What a provider bills by, as its answer says. */
export type Unit = 'searchUnits' | 'rerankUnits' | 'billedTokens' | 'tokens'

/** How many units one answer cost. */
export interface Bill {
  readonly unit: Unit
  /** As it stood in the answer; anything but a number counts for nothing. */
  readonly units: unknown
}

/** Adds a bill to the report: the units and, when the caller said what one costs, their cost in the caller's currency. */
export function countBill(call: Call, { unit, units }: Bill, pricePerUnit: number | undefined): void {
  if (typeof units !== 'number' || !Number.isFinite(units)) return
  count(call, unit, units)
  if (pricePerUnit !== undefined) count(call, 'cost', units * pricePerUnit)
}
