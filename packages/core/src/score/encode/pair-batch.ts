import { RerankError, show } from '../../errors.js'
import { count } from '../../stats.js'
import type { Call } from '../../types.js'
import type { EncodedPair, EncodedQuery, PairEncoder } from './pairs.js'
import type { PairSource } from './runner.js'

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
