import { count } from '../../base/call.js'
import { ProviderError, RerankError } from '../../base/errors.js'
import { Gate } from '../../base/schedule.js'
import { estimateTokens } from '../../base/words.js'
import type { Call, Scope, Scorer } from '../../types.js'
import { type Answer, readScores } from './answer.js'
import { Endpoints } from './endpoints.js'
import { hostOf, type ProviderNames } from './http.js'
import type { HostedOptions } from './options.js'
import { deadlineError, type HostedClock, machineClock, timed, withRetries, Work } from './work.js'

/** A scorer that asks a service over HTTP. */
export interface HostedScorer<S extends Scope = Scope> extends Scorer<S> {
  close(): Promise<void>
}

export interface RerankRequest {
  readonly query: string
  readonly texts: readonly string[]
}

/** What a provider's own file has to say. */
export interface Provider<S extends Scope> {
  readonly id: string
  readonly scope: S
  readonly names: ProviderNames
  /** Where it is; several when they serve the same model. */
  readonly urls: readonly string[]
  readonly coolDownMs?: number
  readonly pricePerUnit?: number | undefined
  /** Present when the scores are logits. */
  toProbability?(score: number): number
  /** How much fits one request; asked before each call. */
  limits(ask: (exchange: Exchange<unknown>) => Promise<unknown>): RequestLimits | Promise<RequestLimits>
  /** Sends one request to one server and reads its answer. */
  exchange(request: RerankRequest, url: string, signal: AbortSignal): Promise<Answer>
}

type Exchange<T> = (url: string, signal: AbortSignal) => Promise<T>

/** Makes a scorer of a provider: splitting, retries, timeouts, checks and merging are the same for all. */
export function hostedScorer<S extends Scope>(provider: Provider<S>, options: HostedOptions): HostedScorer<S> {
  const engine = new Engine(provider, options)
  const { toProbability } = provider
  return {
    id: provider.id,
    scope: provider.scope,
    score: (query, texts, call) => engine.score(query, texts, call),
    close: async () => engine.close(),
    ...(toProbability && { toProbability: (score: number) => toProbability(score) }),
  }
}

class Engine {
  readonly #provider: Provider<Scope>
  readonly #options: HostedOptions
  readonly #clock: HostedClock
  readonly #endpoints: Endpoints
  readonly #gate: Gate
  readonly #underWay = new Set<Work>()
  #closed = false

  constructor(provider: Provider<Scope>, options: HostedOptions) {
    this.#provider = provider
    this.#options = options
    this.#clock = options.clock ?? machineClock
    this.#endpoints = new Endpoints(provider.urls, this.#clock, provider.coolDownMs ?? 10_000)
    this.#gate = new Gate(options.concurrency ?? 4)
  }

  async score(query: string, texts: readonly string[], call: Call): Promise<readonly number[]> {
    call.signal.throwIfAborted()
    if (this.#closed) throw closedError(this.#provider.id)
    if (call.now() >= call.deadline) throw deadlineError()
    if (texts.length === 0) return []
    const work = new Work(call)
    this.#underWay.add(work)
    try {
      return await this.#scoreAll({ query: sendable(query), texts: texts.map(sendable) }, work)
    } finally {
      this.#underWay.delete(work)
      work.end()
    }
  }

  close(): void {
    this.#closed = true
    for (const work of this.#underWay) work.stop(closedError(this.#provider.id))
  }

  async #scoreAll({ query, texts }: RerankRequest, work: Work): Promise<readonly number[]> {
    const limits = await this.#provider.limits((exchange) => this.#ask(work, exchange))
    const batches = this.#split(query, texts, limits)
    const scores = new Array<number>(texts.length)
    const one = async (batch: Batch): Promise<void> => {
      const numbers = await this.#gate.pass(work, () => this.#scoreBatch(query, batch, work))
      for (const [at, number] of numbers.entries()) scores[batch.start + at] = number
    }
    try {
      await Promise.all(batches.map(one))
    } catch (error) {
      // All or nothing: the other requests of this call are of no use any more.
      work.stop(error)
      throw error
    }
    return scores
  }

  #split(query: string, texts: readonly string[], limits: RequestLimits): Batch[] {
    const batches = splitTexts(query, texts, limits)
    if (this.#provider.scope === 'pair' || batches.length === 1) return batches
    const message = `${this.#provider.id} reads all texts together, at most ${limits.maxTexts} a request, and ${texts.length} were given: split they would have scores that do not compare. Set depth to ${limits.maxTexts} or less.`
    throw new RerankError('scorer', message)
  }

  async #scoreBatch(query: string, { texts }: Batch, work: Work): Promise<number[]> {
    const { names, pricePerUnit, exchange } = this.#provider
    const answer = await this.#withRetries(work, (url, signal) => exchange({ query, texts }, url, signal))
    // What cannot be used was billed all the same.
    if (answer.bill !== undefined) countBill(work.call, answer.bill, pricePerUnit)
    return readScores(answer, texts.length, names)
  }

  #withRetries<T>(work: Work, exchange: Exchange<T>): Promise<T> {
    const { maxRetries = 2, maxRetryWaitMs = 20_000, random = Math.random } = this.#options
    const route = this.#endpoints.route()
    const policy = {
      clock: this.#clock,
      maxRetries: Math.max(maxRetries, this.#endpoints.count - 1),
      maxRetryWaitMs,
      random,
      hasOther: () => route.hasOther(),
    }
    return withRetries(() => route.through((url) => this.#timed(work, url, exchange)), policy, work)
  }

  /** A question beside the scoring: asked once, of whichever server is due. */
  #ask(work: Work, exchange: Exchange<unknown>): Promise<unknown> {
    return this.#endpoints.route().through((url) => this.#timed(work, url, exchange))
  }

  #timed<T>(work: Work, url: string, exchange: Exchange<T>): Promise<T> {
    const { timeoutMs = 30_000 } = this.#options
    const { provider } = this.#provider.names
    const message = `${provider} at ${hostOf(url)} gave no answer within ${timeoutMs} ms: raise timeoutMs, or lower maxTexts.`
    const timeoutError = (): Error => new ProviderError(message, { provider, retryable: true })
    return timed((signal) => exchange(url, signal), work, { clock: this.#clock, timeoutMs, timeoutError })
  }
}

/**
 * A text as services accept it: several refuse an empty one, and half a surrogate pair is not UTF-8, on which some fail.
 */
function sendable(text: string): string {
  return text === '' ? ' ' : text.replace(/\p{Surrogate}/gu, '\ufffd')
}

function closedError(id: string): RerankError {
  return new RerankError('closed', `The scorer ${id} was closed: make a new one to go on.`)
}

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

/** How much one request may hold. */
export interface RequestLimits {
  /** Texts per request. */
  readonly maxTexts: number
  /** Tokens per request, counting the query once for every text; estimated. Missing when the provider sets no bound. */
  readonly maxTokens?: number
  /** Tokens of one query and text that the provider reads at most; the rest is cut off and does not count. */
  readonly maxPairTokens?: number
}

/** A run of texts that goes into one request. */
export interface Batch {
  /** Where its first text stands among all. */
  readonly start: number
  readonly texts: readonly string[]
}

/** Cuts the texts into requests that keep the limits. A text that is too long for any request goes alone. */
export function splitTexts(query: string, texts: readonly string[], limits: RequestLimits): Batch[] {
  const { maxTexts, maxTokens = Infinity, maxPairTokens = Infinity } = limits
  const queryTokens = maxTokens === Infinity ? 0 : estimateTokens(query)
  const batches: { start: number; texts: string[] }[] = []
  let tokens = 0
  for (const [position, text] of texts.entries()) {
    const pairTokens = maxTokens === Infinity ? 0 : Math.min(queryTokens + estimateTokens(text), maxPairTokens)
    const last = batches.at(-1)
    if (last === undefined || last.texts.length >= maxTexts || tokens + pairTokens > maxTokens) {
      batches.push({ start: position, texts: [text] })
      tokens = pairTokens
    } else {
      last.texts.push(text)
      tokens += pairTokens
    }
  }
  return batches
}
