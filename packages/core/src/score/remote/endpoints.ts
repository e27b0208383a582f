import type { Clock } from '../../base/clock.js'
import { isDeadline, ProviderError } from '../../base/errors.js'
import type { Route, Servers } from './hosted.js'

interface Endpoint {
  readonly url: string
  inFlight: number
  /** Whether its last outcome was a failure. */
  isDoubtful: boolean
  /** Not asked before this time, unless all are doubtful. */
  restsUntil: number
}

/** How long a server that said it is busy is left alone, unless it says how long. */
const BUSY_REST_MS = 1000

/**
 * The servers that can take a request. Each is judged by the outcome of what it was sent: after a failure it is left
 * alone for a while, then one request at a time finds out whether it is back.
 */
export class Endpoints implements Servers {
  readonly #endpoints: readonly Endpoint[]
  readonly #clock: Clock
  readonly #coolDownMs: number
  #turn = 0

  constructor(urls: readonly string[], clock: Clock, coolDownMs: number) {
    this.#endpoints = urls.map((url) => ({ url, inFlight: 0, isDoubtful: false, restsUntil: -Infinity }))
    this.#clock = clock
    this.#coolDownMs = coolDownMs
  }

  get count(): number {
    return this.#endpoints.length
  }

  /** The way of one request: each attempt goes to a server that this request has not tried, while there is one. */
  route(): Route {
    const tried = new Set<Endpoint>()
    return {
      hasOther: () => this.#endpoints.some((endpoint) => !tried.has(endpoint) && this.#isOpen(endpoint)),
      through: (run) => {
        if (tried.size === this.#endpoints.length) tried.clear()
        const endpoint = this.#pick(tried)
        tried.add(endpoint)
        return this.#use(endpoint, run)
      },
    }
  }

  #pick(tried: ReadonlySet<Endpoint>): Endpoint {
    // Turn by turn, so that equally busy servers share the load.
    const start = this.#turn++ % this.#endpoints.length
    const turned = [...this.#endpoints.slice(start), ...this.#endpoints.slice(0, start)]
    const untried = turned.filter((endpoint) => !tried.has(endpoint))
    const open = untried.filter((endpoint) => this.#isOpen(endpoint))
    const [first, ...others] = open.length > 0 ? open : untried
    // When all are resting, the one that has rested longest.
    const load = (endpoint: Endpoint): number => (open.length > 0 ? endpoint.inFlight : endpoint.restsUntil)
    return others.reduce((best, endpoint) => (load(endpoint) < load(best) ? endpoint : best), first as Endpoint)
  }

  #isOpen({ isDoubtful, inFlight, restsUntil }: Endpoint): boolean {
    return !isDoubtful || (inFlight === 0 && this.#clock.now() >= restsUntil)
  }

  async #use<T>(endpoint: Endpoint, run: (url: string) => Promise<T>): Promise<T> {
    endpoint.inFlight += 1
    try {
      const answer = await run(endpoint.url)
      endpoint.isDoubtful = false
      return answer
    } catch (error) {
      const restMs = this.#restMs(error)
      if (restMs !== undefined) {
        endpoint.isDoubtful = true
        endpoint.restsUntil = this.#clock.now() + restMs
      }
      throw error
    } finally {
      endpoint.inFlight -= 1
    }
  }

  /** How long to leave a server alone after this error; nothing when it is not the server's fault. */
  #restMs(error: unknown): number | undefined {
    // A server that hangs is mostly noticed by the caller's deadline, or his `AbortSignal.timeout`.
    if (isDeadline(error) || (error as Error | undefined)?.name === 'TimeoutError') return this.#coolDownMs
    if (!ProviderError.is(error) || !error.retryable) return undefined
    return error.status === 429 ? (error.retryAfterMs ?? BUSY_REST_MS) : this.#coolDownMs
  }
}
