import type { Signal } from '../../skip/policy.js'
import { type CalibrationQuery, curveOf, groupsOf, lossesAt, measureAll, type Measured, thresholdsOf } from './query.js'

/**
 * Tests and bounds of a mean loss, valid for any number of queries and any distribution of losses in -1..1.
 *
 * The test is a bet against "the mean loss is above the limit a" (Waudby-Smith and Ramdas 2024, "Estimating means of bounded
 * random variables by betting", JRSS B; used to calibrate in Bates et al. 2021, "Distribution-free, risk-controlling
 * prediction sets", and Angelopoulos et al. 2021, "Learn then test"). One starts with a capital of 1 and, at each loss x,
 * multiplies it by
 *
 *     1 + c * (a - x) / (1 - a)        for a share c below 1, fixed before the losses are seen.
 *
 * If the mean is above a, the capital shrinks in expectation, so by Markov's inequality it reaches 1 / d with a chance of at
 * most d. Reaching it therefore disproves the hypothesis with confidence 1 - d. Unlike the Hoeffding-Bentkus bound, it
 * takes losses below 0 (queries that are better off skipped) without paying for the wider range, and it uses that
 * skipped queries are few and most losses are 0.
 */

/** Shares worth betting. The highest stops short of 1, where one full loss would end the game. */
const SHARES: readonly number[] = Array.from({ length: 20 }, (_, at) => Math.min(0.99, (at + 1) / 20))

/** Log of the capital after betting `share` against "the mean loss is above `limit`", which is below 1. */
export function logCapital(losses: readonly number[], limit: number, share: number): number {
  const stake = share / (1 - limit)
  return losses.reduce((sum, loss) => sum + Math.log1p(stake * (limit - loss)), 0)
}

/**
 * The share that earns most on these losses. They are sample data of their own: the share must be fixed before the losses
 * it is used on are seen. A tenth of a full loss is added, as a guard against losses not seen yet.
 */
export function bestShare(losses: readonly number[], limit: number): number {
  const worth = (share: number): number => logCapital(losses, limit, share) + 0.1 * logCapital([1], limit, share)
  return SHARES.reduce((best, share) => (worth(share) > worth(best) ? share : best))
}

/** Whether the losses show, at this confidence, that their mean is at most `limit`. */
export function isBelow(losses: readonly number[], limit: number, { share, confidence }: Bet): boolean {
  return logCapital(losses, limit, share) >= -Math.log1p(-confidence)
}

/** How to bet. */
export interface Bet {
  /** Share of the capital, above 0 and below 1, chosen without seeing the losses. */
  readonly share: number
  /** Above 0 and below 1. */
  readonly confidence: number
}

/** The smallest limit that the losses show their mean to be below, to 1e-6. 1 when they show nothing. */
export function upperBound(losses: readonly number[], bet: Bet): number {
  // The capital grows with the limit, so halving finds the smallest.
  let [low, high] = [-1, 1]
  while (high - low > 1e-6) {
    const middle = (low + high) / 2
    if (isBelow(losses, middle, bet)) high = middle
    else low = middle
  }
  return high
}

/** The two parts of a sample. Every time that a query was asked is in the same part. */
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
      isHopeful(attempt, measured, { ...goal, verification: groupsOf(verification).length }),
    )
    const thresholds = hopeful.map(({ threshold }) => threshold)
    const skipRate = curveOf(measured, thresholds).reduce((most, point) => Math.max(most, point.skipRate), 0)
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
  const losses = lossesAt(measured, threshold)
  const growth = logCapital(losses, maxLoss, share) / losses.length
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
    // Without any loss, each further query multiplies the capital by the same.
    const growth = (share: number): number => logCapital([0], maxLoss, share)
    const worth = (share: number): number => cut * growth(share) + 0.1 * logCapital([1], maxLoss, share)
    const share = SHARES.reduce((best, other) => (worth(other) > worth(best) ? other : best))
    return (count - cut) * growth(share) >= -Math.log1p(-confidence)
  }
  let [low, high] = [0, 3]
  while (high < Number.MAX_SAFE_INTEGER && !suffices(high)) [low, high] = [high, high * 2]
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2)
    if (suffices(middle)) high = middle
    else low = middle
  }
  return high
}
