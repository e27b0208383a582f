import { checkScorer, type OptionTable, readOptions, timeSpan, whole, withDefault } from '../base/check.js'
import { waitFor } from '../base/clock.js'
import { isDeadline, isRefusal, isSetupError, RerankError } from '../base/errors.js'
import type { Call, Milliseconds, Scope, Scorer } from '../types.js'
import { checkedNumbers, wrapScorer } from './wrapper.js'

/** Options of {@link withCircuitBreaker}. */
export interface CircuitBreakerOptions {
  /** After how many failures in a row the scorer is left alone; 1 or more. Default 5. */
  readonly failures?: number | undefined
  /** How long it is left alone before one call may try it again, in milliseconds, above 0. Default 30,000. */
  readonly restMs?: Milliseconds | undefined
}

const table = {
  failures: withDefault(whole(1), 5),
  restMs: withDefault(timeSpan, 30_000),
} satisfies OptionTable<CircuitBreakerOptions>

/**
 * Stops asking a scorer that keeps failing. After some failures in a row every call rejects at once, with a
 * `RerankError` of code `'scorer'` whose `cause` is the last failure; after a rest one call tries it, and its outcome
 * decides. Running into a deadline counts as a failure; an abort by the caller, an error in the setup and a call that was
 * refused because of what waits (`'overloaded'`, or late at once) do not count.
 *
 * Use it inside `withFallback`, or with `onError: 'keep-order'`. One breaker belongs to one scorer: calls that share it
 * share what it has learned. Its time is the clock of the calls.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function withCircuitBreaker<S extends Scope>(scorer: Scorer<S>, options: CircuitBreakerOptions = {}): Scorer<S> {
  checkScorer('scorer', scorer)
  const { failures, restMs } = readOptions(table, options)
  const breaker = new Breaker(scorer.id, failures, restMs)
  return wrapScorer<S>({
    id: () => scorer.id,
    scope: scorer.scope,
    inner: [scorer],
    scale: scorer,
    primary: scorer.primary,
    score: (query, texts, call) =>
      breaker.guard(call, async () => checkedNumbers(await scorer.score(query, texts, call), texts.length, scorer)),
  })
}

/** Closed (asking), open (resting) and half open (one call is trying). */
class Breaker {
  #failuresInARow = 0
  #lastFailure: unknown
  #restUntil: Milliseconds = -Infinity
  #isTrying = false

  constructor(
    readonly scorerId: string,
    readonly failures: number,
    readonly restMs: Milliseconds,
  ) {}

  async guard<T>(call: Call, work: () => Promise<T>): Promise<T> {
    const isOpen = this.#failuresInARow >= this.failures
    if (isOpen && (this.#isTrying || call.now() < this.#restUntil)) throw this.#refusal()
    if (isOpen) this.#isTrying = true
    try {
      const result = await waitFor(work, { signal: call.signal })
      this.#failuresInARow = 0
      return result
    } catch (error) {
      this.#learn(error, call)
      throw error
    } finally {
      if (isOpen) this.#isTrying = false
    }
  }

  #learn(error: unknown, call: Call): void {
    if (isSetupError(error) || isRefusal(error) || (call.signal.aborted && !isDeadline(error))) return
    this.#failuresInARow += 1
    this.#lastFailure = error
    this.#restUntil = call.now() + this.restMs
  }

  #refusal(): RerankError {
    return new RerankError(
      'scorer',
      `The scorer ${this.scorerId} failed ${this.#failuresInARow} times in a row and is left alone for up to ${this.restMs} ms (restMs): see the cause.`,
      { cause: this.#lastFailure },
    )
  }
}
