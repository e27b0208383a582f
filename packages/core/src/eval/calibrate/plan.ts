import { bestShare, isBelow, logCapital } from './bound.js'
import { type Measured, curveOf, lossesAt, measureAll, thresholdsOf } from './curve.js'
import type { CalibrationQuery } from './query.js'
import type { Signal } from './signals.js'

/** The two parts of a sample. */
export interface Split {
  readonly selection: readonly CalibrationQuery[]
  readonly verification: readonly CalibrationQuery[]
}

/** What is to be shown, and how surely. */
export interface Goal {
  readonly maxLoss: number
  readonly confidence: number
}

/** A threshold and the share to bet on it. */
export interface Attempt {
  readonly threshold: number
  readonly share: number
}

/** What the selection part decided, before the verification part was looked at. */
export interface Plan {
  readonly signal: Signal
  /** Fewest skips first. */
  readonly attempts: readonly Attempt[]
}

/** The signal that promises the most skips, going by the selection part; nothing when none promises any. */
export function choose({ selection, verification }: Split, signals: readonly Signal[], goal: Goal): Plan | undefined {
  let best: { readonly plan: Plan; readonly skipRate: number } | undefined
  for (const signal of signals) {
    const measured = measureAll(selection, signal)
    const attempts = thresholdsOf(measured, signal).map((threshold) => {
      return { threshold, share: bestShare(lossesAt(measured, threshold), goal.maxLoss) }
    })
    const hopeful = attempts.filter((attempt) =>
      isHopeful(attempt, measured, { ...goal, verification: verification.length }),
    )
    const skipRate = Math.max(
      0,
      ...curveOf(
        measured,
        hopeful.map(({ threshold }) => threshold),
      ).map((point) => point.skipRate),
    )
    if (skipRate > (best?.skipRate ?? 0)) best = { plan: { signal, attempts }, skipRate }
  }
  return best?.plan
}

/** Whether the verification part would show it, if it were like the selection part. */
function isHopeful(
  { threshold, share }: Attempt,
  measured: readonly Measured[],
  { maxLoss, confidence, verification }: Goal & { readonly verification: number },
): boolean {
  const growth = logCapital(lossesAt(measured, threshold), maxLoss, share) / measured.length
  return growth * verification >= -Math.log1p(-confidence)
}

/** The last attempt, from the fewest skips on, before the first that the verification part does not confirm. */
export function verify(
  { signal, attempts }: Plan,
  queries: readonly CalibrationQuery[],
  goal: Goal,
): Attempt | undefined {
  const measured = measureAll(queries, signal)
  const failed = attempts.findIndex(({ threshold, share }) => {
    return !isBelow(lossesAt(measured, threshold), goal.maxLoss, { share, confidence: goal.confidence })
  })
  return failed < 0 ? attempts.at(-1) : attempts[failed - 1]
}

/** Share of the queries that choose the signal and how to bet; the others verify, because they carry the promise. */
export const SELECTION: number = 1 / 3

/** The smallest sample that could lead to a promise: one without any loss. */
export function leastSample({ maxLoss, confidence }: Goal): number {
  const suffices = (count: number): boolean => {
    const cut = Math.floor(count * SELECTION)
    const share = bestShare(new Array<number>(cut).fill(0), maxLoss)
    return isBelow(new Array<number>(count - cut).fill(0), maxLoss, { share, confidence })
  }
  let [low, high] = [0, 3]
  while (!suffices(high)) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (suffices(middle)) high = middle
    else low = middle
  }
  return high
}
