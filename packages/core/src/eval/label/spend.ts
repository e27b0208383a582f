import { type RerankError, invalidArgument } from '../../errors.js'

type Counters = Readonly<Record<string, number>>

/** What a run spends, and whether it may go on. */
export class Spend {
  readonly total: Record<string, number> = {}
  readonly #limit: Counters
  readonly #dearest: Record<string, number> = {}
  #queries = 0

  constructor(limit: Counters = {}) {
    this.#limit = limit
  }

  /**
   * Whether one more query fits, beside those under way, were each as dear as the dearest so far. Nothing is known before
   * the first: it goes alone.
   */
  fitsOneMore(underWay: number): boolean {
    const limits = Object.entries(this.#limit)
    if (limits.length === 0) return true
    if (this.#queries === 0) return underWay === 0
    return limits.every(
      ([counter, most]) => (this.total[counter] ?? 0) + (underWay + 1) * (this.#dearest[counter] ?? 0) <= most,
    )
  }

  /** @param stats what the teacher counted for one query, whether it succeeded or not. */
  add(stats: Counters): void {
    this.#queries += 1
    for (const [counter, by] of Object.entries(stats)) {
      this.total[counter] = (this.total[counter] ?? 0) + by
      this.#dearest[counter] = Math.max(this.#dearest[counter] ?? 0, by)
    }
  }

  /** The error for a limit on what the teacher does not count, which would limit nothing. Or nothing. */
  fault(): RerankError | undefined {
    const unknown = Object.keys(this.#limit).find((counter) => this.total[counter] === undefined)
    // A cache answers without spending anything.
    if (unknown === undefined || (this.total['cacheHits'] ?? 0) > 0) return undefined
    const known = Object.keys(this.total).join(', ') || 'nothing'
    const fix = `the teacher does not count it; limit what it counts (${known}), or set its price for 'cost'`
    return invalidArgument(`spendLimit.${unknown}`, this.#limit[unknown], fix)
  }
}
