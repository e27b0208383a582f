import { checkStillWanted, count } from '../base/call.js'
import { checkScorer, type OptionTable, readOptions, timeSource, timeSpan, withDefault } from '../base/check.js'
import { type Clock, Pacer, systemClock, waitFor } from '../base/clock.js'
import { invalidArgument, isDeadline } from '../base/errors.js'
import type { Call, Milliseconds, Scorer, TextNote } from '../types.js'
import { sha256 } from './sha256.js'
import { callLike, checkedNumbers, wrapScorer } from './wrapper.js'

/**
 * What is kept for one pair: the score alone, or with what the scorer noted about the text. Plain data, so that it may
 * be written as JSON.
 */
export type CachedScore = number | ({ readonly score: number } & TextNote)

/**
 * Where scores are kept: a `Map`, an `LRUCache`, or anything over a network that has these two methods. The keys are
 * digests of 43 characters, which tell nothing of the texts.
 */
export interface ScoreCache {
  /** The entry, or nothing. Whatever is no {@link CachedScore} counts as nothing. */
  get(key: string): unknown
  /** Keeps an entry. What it returns is not looked at, except that a rejection is swallowed and counted. */
  set(key: string, entry: CachedScore): unknown
}

/** Whether a cache gave back what may have been put into it. */
export function isCachedScore(entry: unknown): entry is CachedScore {
  if (typeof entry === 'number') return Number.isFinite(entry)
  if (typeof entry !== 'object' || entry === null) return false
  const { score, truncated, queryTruncated, bestSpan } = entry as Partial<Record<string, unknown>>
  const flags = [truncated, queryTruncated]
  if (!Number.isFinite(score) || flags.some((flag) => flag !== undefined && typeof flag !== 'boolean')) return false
  return bestSpan === undefined || isSpan(bestSpan)
}

/** What of an entry is a note: whatever else a cache holds beside it belongs into no result. */
function noteOf({ truncated, queryTruncated, bestSpan }: TextNote): TextNote {
  return {
    ...(truncated !== undefined && { truncated }),
    ...(queryTruncated !== undefined && { queryTruncated }),
    ...(bestSpan !== undefined && { bestSpan: { start: bestSpan.start, end: bestSpan.end } }),
  }
}

function isSpan(value: unknown): boolean {
  const { start, end } = (value ?? {}) as { start?: unknown; end?: unknown }
  return Number.isInteger(start) && Number.isInteger(end) && (start as number) <= (end as number)
}

/** Options of {@link withCache}. */
export interface CacheOptions {
  /**
   * How long a call waits for the cache at most, in milliseconds, above 0, `Infinity` for as long as it takes. What has not
   * come by then is scored, and counts in `cacheErrors`. Default 1000.
   */
  readonly readTimeoutMs?: Milliseconds | undefined
  /** Where time comes from, for tests. */
  readonly clock?: Clock | undefined
}

const table = {
  readTimeoutMs: withDefault(timeSpan, 1000),
  clock: withDefault(timeSource, systemClock),
} satisfies OptionTable<CacheOptions>

/**
 * Keeps scores of pairs, so that the same text is not read twice for the same query. Only for `'pair'` scorers: the score
 * of a `'pool'` scorer depends on the other texts.
 *
 * A key covers the scorer's id, the call's instruction, the query and the text, so a cache may be shared by many scorers and outlive a change of
 * model. Calls that miss the same pair at the same time score it once. A cache that fails, hangs, or holds something that
 * is no score, only costs time. The report counts `cacheHits`, `cacheMisses`, and `cacheErrors`.
 *
 * @param cache a bounded one for anything that runs long: a plain `Map` grows without end.
 * @throws RerankError `'invalid-argument'` for a scorer of scope `'pool'`, a cache without `get` and `set`, or a wrong
 * option.
 */
export function withCache(scorer: Scorer<'pair'>, cache: ScoreCache, options: CacheOptions = {}): Scorer<'pair'> {
  checkScorer('scorer', scorer)
  if (scorer.scope !== 'pair') {
    throw invalidArgument(
      'scorer',
      (scorer as Scorer).id,
      "pass a scorer of scope 'pair': other scores depend on the whole pool",
    )
  }
  if (typeof cache?.get !== 'function' || typeof cache.set !== 'function') {
    throw invalidArgument('cache', cache, 'pass a Map, an LRUCache or another object with get(key) and set(key, entry)')
  }
  const { readTimeoutMs, clock } = readOptions(table, options)
  const flights: Flights = new Map()
  return wrapScorer({
    id: () => scorer.id,
    scope: 'pair',
    inner: [scorer],
    scale: scorer,
    score: (query, texts, call) =>
      new CachedCall({ scorer, cache, flights, readTimeoutMs, clock }, query, call).score(texts),
  })
}

/** Pairs on their way, by key, so that a second call for the same pair waits instead of scoring. */
export type Flights = Map<string, Promise<Found>>
type Found = ReadonlyMap<string, CachedScore>

/** What all calls of one cached scorer share. */
export interface Shelf {
  readonly scorer: Scorer<'pair'>
  readonly cache: ScoreCache
  readonly flights: Flights
  readonly readTimeoutMs: Milliseconds
  readonly clock: Clock
}

/** One request: joins what is under way, looks up the rest, scores what is left. */
export class CachedCall {
  readonly #found = new Map<string, CachedScore>()
  readonly #scored = new Set<string>()

  constructor(
    readonly shelf: Shelf,
    readonly query: string,
    readonly call: Call,
  ) {}

  async score(texts: readonly string[]): Promise<readonly number[]> {
    const keyOf = keyMaker(this.shelf.scorer.id, this.query, this.call.instruction)
    const pacer = new Pacer(() => checkStillWanted(this.shelf.scorer.id, this.call))
    const keys: string[] = []
    for (const text of texts) {
      keys.push(keyOf(text))
      await pacer.spend(text.length)
    }
    const missing = new Map(keys.map((key, at) => [key, texts[at] as string]))
    while (missing.size > 0) {
      await this.#fill(missing)
      for (const key of this.#found.keys()) missing.delete(key)
    }
    const misses = keys.filter((key) => this.#scored.has(key)).length
    count(this.call, 'cacheMisses', misses)
    count(this.call, 'cacheHits', keys.length - misses)
    this.#countUnread(keys)
    return keys.map((key, at) => this.#read(this.#found.get(key) as CachedScore, at))
  }

  #read(entry: CachedScore, at: number): number {
    if (typeof entry === 'number') return entry
    this.call.note(at, noteOf(entry))
    return entry.score
  }

  /** What was not read when a score was made is not read by using it again; the scorer itself counts the others. */
  #countUnread(keys: readonly string[]): void {
    const kept = [...new Set(keys)].filter((key) => !this.#scored.has(key)).map((key) => this.#found.get(key))
    const notes = kept.map((entry): TextNote => (typeof entry === 'object' ? entry : {}))
    const truncated = notes.filter((note) => note.truncated === true).length
    if (truncated > 0) count(this.call, 'truncatedTexts', truncated)
    if (this.#scored.size === 0 && notes.some((note) => note.queryTruncated)) count(this.call, 'truncatedQueries', 1)
  }

  /** Joins the flights of others and starts one for the rest. A flight whose caller gave up leaves its pairs missing. */
  async #fill(missing: ReadonlyMap<string, string>): Promise<void> {
    const { flights } = this.shelf
    const joined = new Set([...missing.keys()].flatMap((key) => flights.get(key) ?? []))
    const own = new Map([...missing].filter(([key]) => !flights.has(key)))
    const fill = (): Promise<unknown> => {
      const work = [...joined].map((flight) => this.#join(flight, missing))
      if (own.size > 0) work.push(this.#fly(own))
      return Promise.all(work)
    }
    await waitFor(fill, { signal: this.call.signal })
  }

  async #join(flight: Promise<Found>, missing: ReadonlyMap<string, string>): Promise<void> {
    try {
      for (const [key, entry] of await flight) if (missing.has(key)) this.#found.set(key, entry)
    } catch (error) {
      if (!(error instanceof GivenUp)) throw error
    }
  }

  /** Finds pairs that nobody else is after. */
  async #fly(own: ReadonlyMap<string, string>): Promise<void> {
    const { flights } = this.shelf
    // Ends with the caller's signal, so that a scorer that hangs does not hold up every later call for these pairs.
    const landing = waitFor(() => this.#lookUpOrScore(own), { signal: this.call.signal })
    const flight = landing.catch((error: unknown) => {
      throw isOnlyMine(error, this.call) ? new GivenUp() : error
    })
    flight.catch(() => {}) // Nobody may be joining.
    for (const key of own.keys()) flights.set(key, flight)
    try {
      for (const [key, entry] of await landing) this.#found.set(key, entry)
    } finally {
      for (const key of own.keys()) flights.delete(key)
    }
  }

  async #lookUpOrScore(own: ReadonlyMap<string, string>): Promise<Found> {
    const kept = await this.#lookUp([...own.keys()])
    const rest = new Map([...own].filter(([key]) => !kept.has(key)))
    if (rest.size === 0) return kept
    this.call.signal.throwIfAborted()
    return new Map([...kept, ...(await this.#scoreAndKeep(rest))])
  }

  async #lookUp(keys: readonly string[]): Promise<Found> {
    const { cache, clock, readTimeoutMs } = this.shelf
    const kept = new Map<string, CachedScore>()
    let errors = keys.length
    const look = async (key: string): Promise<void> => {
      const entry = await cache.get(key)
      errors -= 1
      if (isCachedScore(entry)) kept.set(key, entry)
    }
    const deadline = clock.now() + readTimeoutMs
    const looking = (): Promise<unknown> => Promise.allSettled(keys.map(look))
    await waitFor(looking, { clock, deadline, deadlineError: () => new TookTooLong() }).catch(() => {})
    this.#countErrors(errors)
    // A copy: an answer that comes later must not meet its own score.
    return new Map(kept)
  }

  async #scoreAndKeep(rest: ReadonlyMap<string, string>): Promise<Found> {
    const { scorer } = this.shelf
    const notes: TextNote[] = []
    let isOwnAnswer = true
    const inner = callLike(this.call, {
      note: (at, note) => void (notes[at] = { ...notes[at], ...note }),
      answeredBy: (other, because) => {
        isOwnAnswer = false
        this.call.answeredBy?.(other, because)
      },
    })
    const numbers = checkedNumbers(await scorer.score(this.query, [...rest.values()], inner), rest.size, scorer)
    const entries = [...rest.keys()].map((key, at): [string, CachedScore] => {
      this.#scored.add(key)
      const score = numbers[at] as number
      return [key, notes[at] === undefined ? score : { ...notes[at], score }]
    })
    // Numbers of another scorer do not belong under the id of this one.
    if (isOwnAnswer) this.#keep(entries)
    return new Map(entries)
  }

  /** Nobody waits for the cache to have written. */
  #keep(entries: readonly [string, CachedScore][]): void {
    for (const [key, entry] of entries) {
      try {
        Promise.resolve(this.shelf.cache.set(key, entry)).catch(() => this.#countErrors(1))
      } catch {
        this.#countErrors(1)
      }
    }
  }

  #countErrors(errors: number): void {
    if (errors > 0) count(this.call, 'cacheErrors', errors)
  }
}

/** The cache did not answer in time, which says nothing about the pairs. */
class TookTooLong extends Error {}

/** The caller of a flight gave up, which says nothing about the pairs. */
class GivenUp extends Error {}

function isOnlyMine(error: unknown, { signal }: Call): boolean {
  return signal.aborted || isDeadline(error)
}

/**
 * All 16 bits of each unit count, and what stands before the text has a fixed length, so no two pairs can be mistaken for
 * each other. Scorer and query are read once and not for each text.
 */
function keyMaker(scorerId: string, query: string, instruction: string | undefined): (text: string) => string {
  // A letter first, where there is no instruction a digit: the two kinds of key never meet.
  const told = instruction === undefined ? '' : `i${instruction.length}:${instruction}`
  const start = digest(`${told}${scorerId.length}:${scorerId}${query}`)
  return (text) => digest(start + text)
}

type Crypto = typeof import('node:crypto')

/**
 * SHA-256 of a text with all 16 bits of each unit, in 43 characters. Node's own is ten times as fast as ours; asked for
 * so that no bundler for browsers looks for it.
 */
export function digest(text: string): string {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  const crypto = process?.getBuiltinModule?.('node:crypto') as Crypto | undefined
  return crypto?.createHash('sha256').update(text, 'utf16le').digest('base64url') ?? sha256(text)
}
