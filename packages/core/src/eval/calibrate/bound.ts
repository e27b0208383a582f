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
