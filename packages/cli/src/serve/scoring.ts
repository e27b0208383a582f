import { createHash } from 'node:crypto'
import { ProviderError, type Ranking, RerankError, type Reranker, type StageReport } from '@secondpass/core'
import type { Row } from './answer.js'
import { Flights, OutOfTime } from './flights.js'
import { RequestError, type RerankRequest } from './request.js'

/** What came of one request. */
export interface Scored {
  /** One for each document, best first. */
  readonly rows: readonly Row[]
  /** `'skipped'`: a policy of the reranker left the order as it was, and every score is the same. */
  readonly outcome: 'ranked' | 'skipped'
  readonly tokens: number
  readonly waitedMs: number
  readonly cacheHits: number
  /** Whether a text was cut to what the model reads. */
  readonly isTruncated: boolean
}

/** Bounds of one server. */
export interface Bounds {
  /** Documents that may be under way at a time. */
  readonly maxQueued: number
  /** Time for one request, `Infinity` for as long as it takes. */
  readonly deadlineMs: number
  /** Whether what is no probability is known to be a logit; asked after the model was loaded. */
  givesLogits(this: void): boolean
}

/**
 * The score of every document where a policy says that the model cannot tell: it favours none, and where a client mixes it
 * with a score of its own, that alone decides.
 */
const NO_OPINION = 0.5

/** The measure may be too low by this much before a request is refused for it. */
const OPTIMISM = 1.25

/** A time that a busy server asks for at most, in seconds. */
const LONGEST_RETRY_SECONDS = 30

/** Turns requests into rows: the same request once, no more than may wait, and errors that say when to come again. */
export class Scoring {
  readonly #reranker: Reranker
  readonly #bounds: Bounds
  readonly #flights = new Flights<Scored>()
  readonly #scale: Scale
  readonly #pace = new Pace()
  #documents = 0
  #requests = 0

  constructor(reranker: Reranker, bounds: Bounds) {
    this.#reranker = reranker
    this.#bounds = bounds
    this.#scale = new Scale(bounds.givesLogits)
  }

  /** Documents that are under way. */
  get documents(): number {
    return this.#documents
  }

  /** Requests that were answered by the work for another. */
  get joined(): number {
    return this.#flights.joined
  }

  /** Loads the model and runs it once, so that the first request finds everything warm. */
  async warmUp(): Promise<void> {
    await this.#reranker.warmup()
  }

  /**
   * @param signal aborts when the client has left
   * @throws RequestError; the reason of the signal.
   */
  async score(
    request: RerankRequest,
    { signal, deadlineMs }: { readonly signal: AbortSignal; readonly deadlineMs: number | undefined },
  ): Promise<Scored> {
    const { query, texts } = request
    if (texts.length === 0)
      return { rows: [], outcome: 'ranked', tokens: 0, waitedMs: 0, cacheHits: 0, isTruncated: false }
    const timeMs = Math.min(deadlineMs ?? Infinity, this.#bounds.deadlineMs)
    // One with less time than others goes before them, and is left to the queue.
    if (timeMs === this.#bounds.deadlineMs) this.#refuseHopeless(timeMs)
    const key = createHash('sha256')
      .update(JSON.stringify([query, texts]))
      .digest('base64')
    const waiter = { signal, deadline: performance.now() + timeMs }
    const isAlone = this.#requests === 0
    this.#requests += 1
    try {
      const scored = await this.#flights.share(key, waiter, {
        start: (first) => this.#rerank(request, first),
        isLate: (error) => error instanceof LateError,
      })
      if (request.refusesTruncation && scored.isTruncated) throw truncatedError()
      return scored
    } catch (error) {
      signal.throwIfAborted()
      throw this.#asRequestError(error, { isAlone, timeMs })
    } finally {
      this.#requests -= 1
    }
  }

  async #rerank(
    { query, texts }: RerankRequest,
    { signal, deadline }: { readonly signal: AbortSignal; readonly deadline: number },
  ): Promise<Scored> {
    this.#enter(texts.length)
    const startedAt = performance.now()
    this.#pace.begin(startedAt)
    try {
      const ranking = await this.#reranker.rerank(query, texts, {
        signal,
        deadlineMs: deadline - startedAt,
        topN: Infinity,
      })
      const scored = this.#read(ranking, texts.length)
      this.#pace.done(texts.length, performance.now())
      return scored
    } finally {
      this.#documents -= texts.length
      this.#pace.end()
    }
  }

  /** @throws RequestError with status 429 when too much is under way. */
  #enter(documents: number): void {
    const { maxQueued } = this.#bounds
    // A request that is larger by itself is taken when nothing else waits, as in the queue of a scorer.
    if (this.#documents > 0 && this.#documents + documents > maxQueued) {
      const waits = `${this.#documents} documents are under way`
      throw new RequestError(429, `The server is busy: ${waits}, too many to add ${documents}.`, this.#retryAfter())
    }
    this.#documents += documents
  }

  #read({ results, report }: Ranking, documents: number): Scored {
    const last = report.stages.findLast(({ outcome }) => outcome === 'ranked')
    const stats = report.stages.map((stage) => stage.stats)
    const sum = (name: string): number => stats.reduce((total, counted) => total + (counted[name] ?? 0), 0)
    const facts = { tokens: sum('tokens'), waitedMs: sum('waitedMs'), cacheHits: sum('cacheHits') }
    const isTruncated = sum('truncatedTexts') + sum('truncatedQueries') > 0
    if (last === undefined) {
      refuseUnscored(report.stages)
      const rows = Array.from({ length: documents }, (_, index) => ({ index, score: NO_OPINION, logit: 0 }))
      return { rows, outcome: 'skipped', ...facts, isTruncated }
    }
    this.#scale.learn(results)
    const scored = results.filter(({ scorerId }) => scorerId === last.scorerId)
    const rows = scored.map((result) => this.#scale.row(result)).sort((a, b) => b.score - a.score)
    const seen = new Set(rows.map(({ index }) => index))
    // What an earlier stage or a threshold left out comes last: a client that zips rows with documents needs them all.
    const rest = [...results.map(({ index }) => index), ...Array.from({ length: documents }, (_, at) => at)]
    for (const index of rest) {
      if (!seen.has(index)) rows.push({ index, score: 0, logit: Math.min(rows.at(-1)?.logit ?? 0, 0) })
      seen.add(index)
    }
    return { rows, outcome: 'ranked', ...facts, isTruncated }
  }

  /**
   * The queue of the scorer would refuse it too, but only after everything else that a call takes, and a server that is
   * asked for much more than it can do must not spend its time on saying no.
   *
   * @throws RequestError with status 429.
   */
  #refuseHopeless(timeMs: number): void {
    const bearable = this.#pace.documentsIn(timeMs, performance.now())
    if (this.#documents <= OPTIMISM * bearable) return
    throw new RequestError(
      429,
      `The server is busy and would not answer within ${Math.round(timeMs)} ms.`,
      this.#retryAfter(),
    )
  }

  /** When what is under way now should be done, in whole seconds. */
  #retryAfter(): number {
    const perSecond = this.#pace.documentsIn(1000, performance.now())
    return Math.min(LONGEST_RETRY_SECONDS, Math.max(1, Math.ceil(this.#documents / perSecond)))
  }

  #asRequestError(error: unknown, { isAlone, timeMs }: { isAlone: boolean; timeMs: number }): Error {
    if (error instanceof RequestError) return error
    const retryAfter = this.#retryAfter()
    const inTime = `within ${Math.round(timeMs)} ms`
    if (error instanceof LateError || error instanceof OutOfTime) {
      return isAlone
        ? new RequestError(504, `The documents could not be scored ${inTime}: send fewer, or allow more time.`)
        : new RequestError(429, `The server is busy and would not answer ${inTime}.`, retryAfter)
    }
    if (ProviderError.is(error) && error.status === 429) {
      return new RequestError(429, 'The service behind this server is busy.', retryAfter)
    }
    const code = RerankError.is(error) ? error.code : undefined
    if (code === 'overloaded') return new RequestError(429, 'The server is busy.', retryAfter)
    if (code === 'closed') return new RequestError(503, 'The server is shutting down.', 1)
    return new ScoringError(error)
  }
}

/** What the scorer failed with: kept for the operator, since its message may hold a text. */
export class ScoringError extends RequestError {
  override readonly name: string = 'ScoringError'

  constructor(cause: unknown) {
    const isUpstream = ProviderError.is(cause)
    super(
      isUpstream ? 502 : 500,
      isUpstream ? 'The service behind this server failed.' : 'The scorer failed; the log of the server says more.',
    )
    this.cause = cause
  }
}

class LateError extends Error {}

/** When nothing was answered for so long, nobody knows how fast answers come now. */
const STALE_MS = 1000

/** How fast documents are answered while there are any. */
class Pace {
  #perMs = 0
  #measuredAt = -Infinity
  #busySince = 0
  #underWay = 0

  begin(now: number): void {
    if (this.#underWay === 0) this.#busySince = now
    this.#underWay += 1
  }

  end(): void {
    this.#underWay -= 1
  }

  /** So many were answered: since the last answer, or since there was anything to do. */
  done(documents: number, now: number): void {
    const ms = Math.max(now - Math.max(this.#measuredAt, this.#busySince), 0.01)
    const isNew = now - this.#measuredAt > STALE_MS
    this.#measuredAt = now
    // By time and not by answers: those that come together are one measure.
    const weight = isNew ? 1 : 1 - Math.exp(-ms / STALE_MS)
    this.#perMs += weight * (documents / ms - this.#perMs)
  }

  /** How many are answered in a time; `Infinity` when that is not known. */
  documentsIn(ms: number, now: number): number {
    return now - this.#measuredAt > STALE_MS || this.#perMs === 0 ? Infinity : this.#perMs * ms
  }
}

/** @throws LateError or what the stage failed with, unless a policy skipped it. */
function refuseUnscored(stages: readonly StageReport[]): void {
  const stage = stages.findLast(({ outcome }) => outcome !== 'skipped')
  if (stage?.outcome === 'late') throw new LateError('late')
  if (stage !== undefined) throw stage.error ?? new Error('no stage gave scores')
}

function truncatedError(): RequestError {
  const fix = 'send shorter texts, or "truncate": true'
  return new RequestError(413, `A text is longer than the model reads: ${fix}.`)
}

type Numbered = Pick<Ranking['results'][number], 'index' | 'score' | 'logit' | 'scorerId'>

/**
 * Brings what scorers give to 0..1: a probability is one already; a scorer whose numbers were once outside has their sigmoid
 * sent from then on, so that the scale does not change from one request to the next more than once.
 */
class Scale {
  readonly #outside = new Set<string | undefined>()
  readonly #givesLogits: () => boolean

  constructor(givesLogits: () => boolean) {
    this.#givesLogits = givesLogits
  }

  learn(results: readonly Numbered[]): void {
    for (const { score, logit, scorerId } of results) {
      if (logit === undefined && score !== undefined && (score < 0 || score > 1)) this.#outside.add(scorerId)
    }
  }

  row({ index, score = 0, logit, scorerId }: Numbered): Row {
    if (logit !== undefined) return { index, score, logit }
    if (this.#givesLogits() || this.#outside.has(scorerId))
      return { index, score: 1 / (1 + Math.exp(-score)), logit: score }
    return { index, score, logit: logitOf(score) }
  }
}

/** The logit of a probability, finite also where that is 0 or 1. */
function logitOf(probability: number): number {
  const inside = Math.min(Math.max(probability, 1e-15), 1 - 1e-15)
  return Math.log(inside / (1 - inside))
}
