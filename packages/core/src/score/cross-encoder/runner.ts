import { count } from '../../base/call.js'
import { RerankError, show } from '../../base/errors.js'
import type { Call } from '../../types.js'
import type { EncodedPair, EncodedQuery, PairEncoder } from './pairs.js'

/** The pairs of one request; each is encoded when it is asked for. */
export interface PairSource {
  readonly length: number
  pair(at: number): EncodedPair
}

/** Computes the logits of many pairs: in this thread or in workers. */
export interface PairRunner {
  /** One logit per pair, in order; rejects when the call is aborted or its deadline passes. */
  run(pairs: PairSource, call: Call): Promise<Float64Array>
  close(): Promise<void>
}

/**
 * Rejects work that nobody waits for any more. Looked at between runs, since a run cannot be interrupted.
 *
 * @throws the signal's reason, or RerankError `'deadline'`.
 */
export function stillWanted(call: Call): void {
  call.signal.throwIfAborted()
  if (call.now() >= call.deadline) throw deadlinePassed()
}

/** The error for work that was not done in time. */
export function deadlinePassed(): RerankError {
  return new RerankError(
    'deadline',
    'The deadline passed before every text was scored: allow more time or fewer texts.',
  )
}

/** One request. `longText: 'error'` refuses a text that does not fit instead of cutting it. */
export interface BatchRequest {
  readonly query: string
  readonly texts: readonly string[]
  readonly longText?: 'truncate' | 'error'
}

/** The pairs of one request. The query is encoded once; a text when its turn comes. */
export class PairBatch implements PairSource {
  readonly #pairs: PairEncoder
  readonly #query: EncodedQuery
  readonly #texts: readonly string[]
  readonly #longText: 'truncate' | 'error'
  #tokens = 0
  /** Places of the texts whose end did not fit. */
  readonly truncated: Set<number> = new Set()

  constructor(pairs: PairEncoder, { query, texts, longText = 'truncate' }: BatchRequest) {
    this.#pairs = pairs
    this.#query = pairs.encodeQuery(query)
    this.#texts = texts
    this.#longText = longText
  }

  get length(): number {
    return this.#texts.length
  }

  pair(at: number): EncodedPair {
    const pair = this.#pairs.encodePair(this.#query, this.#texts[at] as string)
    this.#tokens += pair.ids.length
    if (pair.truncated) this.#note(at)
    return pair
  }

  #note(at: number): void {
    this.truncated.add(at)
    if (this.#longText !== 'error') return
    const fix = "shorten it, or pass longText: 'truncate' to have its end left unread"
    throw new RerankError('invalid-argument', `${show(this.#texts[at])} does not fit the model with its query: ${fix}.`)
  }

  /** Adds what was read so far to the report's counters. */
  addCounts(call: Call): void {
    count(call, 'tokens', this.#tokens)
    count(call, 'truncatedTexts', this.truncated.size)
  }
}

/** A model that is open. */
export interface OpenModel {
  /** The logit of one pair. */
  score(pair: EncodedPair): Promise<number>
  release(): Promise<void>
  /** Awaited after each run, for a runtime that does not let the event loop turn by itself. */
  turn?(): Promise<void>
}

/**
 * Runs the pairs one at a time. A batch would pad every pair to the longest, and in int8 one activation scale would cover
 * all of it, so that neighbours changed a score; the signal and the clock are looked at in between. Closing waits for the
 * run under way.
 */
export function oneByOne(model: OpenModel): PairRunner {
  let closed = false
  const underWay = new Set<Promise<number>>()
  return {
    async run(pairs, call) {
      const logits = new Float64Array(pairs.length)
      for (let at = 0; at < pairs.length; at++) {
        stillWanted(call)
        if (closed) throw new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
        const run = model.score(pairs.pair(at))
        underWay.add(run)
        logits[at] = await run.finally(() => underWay.delete(run))
        count(call, 'runs', 1)
        await model.turn?.()
      }
      call.signal.throwIfAborted()
      return logits
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await model.release()
    },
  }
}
