import { checkStillWanted, count } from '../../base/call.js'
import { type Checks, flag, must, oneOf, truncationSide, wholeOrInfinity } from '../../base/check.js'
import { Pacer } from '../../base/clock.js'
import { RerankError, show } from '../../base/errors.js'
import type { Turns } from '../../base/schedule.js'
import { allWindows, bestWindows, windowsByWords } from '../../base/spans.js'
import type { Call, TextNote, TruncationSide } from '../../types.js'
import type { DocumentVectors } from '../documents/vectors.js'
import type { OpenStore } from '../documents/store.js'
import type { EncodedPair, EncodedQuery, PairEncoder } from './pairs.js'

/** How much of a long text is read; the same for every scorer that reads pairs of tokens. */
export interface ReadingOptions {
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number | undefined
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'windows'`: the text is read in
   * overlapping windows, its score is that of the best one, the result says in `bestSpan` where that stands, the report
   * counts `windows`; each window costs a run. `'error'`: the call rejects, also when the query does not fit.
   */
  readonly longText?: 'truncate' | 'windows' | 'error' | undefined
  /**
   * Which side of the query is cut off when it does not fit beside a text: `'right'` (default) its end, `'left'` its
   * beginning, for a conversation that ends in the question. The results then say `queryTruncated`, and the report counts
   * `truncatedQueries`.
   */
  readonly queryTruncationSide?: TruncationSide | undefined
  /**
   * Whether control tokens that a query or text spells, such as `[SEP]`, `</s>` or `<|im_end|>`, are read as the characters
   * that they are. Default `true`: only the model's own template places control tokens. `false`: they act as control
   * tokens, as in Python unless told otherwise (`split_special_tokens` there), for texts that nobody else wrote.
   */
  readonly splitSpecialTokens?: boolean | undefined
  /**
   * How many tokens a window shares with the next, from 0. Default 64, and at most half a window. No effect unless
   * `longText` is `'windows'`.
   */
  readonly windowOverlap?: number | undefined
  /**
   * Most windows of one text, from 1, `Infinity` for as many as it takes. Default 100, about 38,000 tokens of a model that
   * reads 512. What lies behind them is not read: the result says `truncated`, the report counts `truncatedTexts`. No effect
   * unless `longText` is `'windows'`.
   */
  readonly maxWindows?: number | undefined
  /**
   * How many windows of one text the model reads, from 1: those in which most of the query's words stand, by BM25 among the
   * windows of that text. What stands in the others alone is not read: the result says `truncated`, the report counts
   * `truncatedTexts`. Default `Infinity`, all of them. No effect unless `longText` is `'windows'`.
   */
  readonly windowsToRead?: number | undefined
}

/** See {@link ReadingOptions}. */
export const readingOptions: Checks<ReadingOptions> = {
  maxLength: must(isWholeFrom(5), 'pass a whole number of tokens from 5, or leave it out'),
  longText: oneOf('truncate', 'windows', 'error'),
  queryTruncationSide: truncationSide,
  splitSpecialTokens: flag,
  windowOverlap: must(isWholeFrom(0), 'pass a whole number of tokens from 0'),
  maxWindows: wholeOrInfinity(1),
  windowsToRead: wholeOrInfinity(1),
}

function isWholeFrom(least: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= least
}

/** The options that change the numbers, or whether there are any, as parts of a scorer's id. */
export function readingParts(options: ReadingOptions): string[] {
  const { maxLength, longText, windowOverlap, queryTruncationSide, splitSpecialTokens } = options
  const { maxWindows = DEFAULT_MAX_WINDOWS, windowsToRead = Infinity } = options
  const most = maxWindows === DEFAULT_MAX_WINDOWS ? '' : `-max${maxWindows}`
  const some = windowsToRead === Infinity ? '' : `-read${windowsToRead}`
  return [
    ...(maxLength === undefined ? [] : [`max${maxLength}`]),
    ...(longText === 'windows' ? [`windows-${windowOverlap ?? 'default'}${most}${some}`] : []),
    ...(longText === 'error' ? ['long-refused'] : []),
    ...(queryTruncationSide === 'left' ? ['query-left'] : []),
    ...(splitSpecialTokens === false ? ['special-tokens'] : []),
  ]
}

/** Several threads add up in another order, which changes the last digits; one goes without saying. */
export function threadsPart(threads: number | undefined): string[] {
  return threads === undefined || threads === 1 ? [] : [`threads${threads}`]
}

/** A model that is ready to score. */
export interface LoadedModel {
  readonly pairs: PairEncoder
  /**
   * The same with the instruction of a call.
   *
   * @throws RerankError `'invalid-argument'` for a model that takes none.
   */
  pairsWith(instruction: string): Promise<PairEncoder>
  readonly runner: PairRunner
  /** Texts that were encoded ahead of time, for a model that reads them apart. */
  readonly store?: OpenStore | undefined
  /** Providers that were asked for and could not be used; reports count them. */
  readonly refusedProviders?: number
}

/** The pairs of one request; each is encoded when it is asked for. */
export interface PairSource {
  readonly length: number
  pair(at: number): Promise<EncodedPair>
  /** See {@link effortOf}. */
  effort(at: number): number
}

/** Computes logits, in this thread or in workers. */
export interface PairRunner {
  /** The logit of one pair. @param call counts in `passageCacheHits` whether the passage was known */
  score(pair: EncodedPair, call: Pick<Call, 'stats'>): Promise<number>
  /** Whether a text was read before and costs less now; missing where nothing is kept. */
  knows?(text: string): boolean
  /** What the model makes of the text of a pair, whatever the query is; missing for a model that reads both together. */
  readonly encodeText?: ((pair: EncodedPair) => Promise<Uint8Array>) | undefined
  /**
   * Frees the model.
   *
   * @param idle settled when no run is under way
   */
  close(idle: Promise<void>): Promise<void>
}

/** What a call may take from its model. */
export interface Running {
  /** Names the scorer in errors. */
  readonly scorerId: string
  readonly call: Call
  readonly turns: Turns
  /** Runs at a time. */
  readonly places: number
}

const CHARACTERS_PER_TOKEN = 4

/** What a run costs whatever it reads, in tokens. */
const TOKENS_PER_RUN = 8

/** What a run costs whose text is known, of what it costs otherwise: .21 from memory, .35 from a file of documents. */
const KNOWN_SHARE = 0.25

/** How large a run is, in tokens, without reading the text: near enough to tell how long a queue is. */
export function effortOf(queryLength: number, text: string, { maxLength, knows }: Reach): number {
  const tokens = Math.min(maxLength, (queryLength + text.length) / CHARACTERS_PER_TOKEN)
  return TOKENS_PER_RUN + tokens * (knows?.(text) === true ? KNOWN_SHARE : 1)
}

/** What limits how much of a text is read. */
export interface Reach {
  readonly maxLength: number
  readonly knows?: PairRunner['knows'] | undefined
}

/** What is to be read, and how. */
export interface Asked {
  readonly query: string
  readonly texts: readonly string[]
  readonly options: Pick<ReadingOptions, 'longText' | 'windowOverlap' | 'maxWindows' | 'windowsToRead'>
}

/** What came of one text. */
interface Reading {
  readonly logit: number
  readonly note?: TextNote
}

const DEFAULT_OVERLAP_TOKENS = 64
const DEFAULT_MAX_WINDOWS = 100

/** Scores texts; equal texts earn equal scores, so each is read once. One logit per text, in order. */
export async function readTexts(asked: Asked, model: LoadedModel, running: Running): Promise<number[]> {
  const { call } = running
  const placeOf = new Map<string, number>()
  for (const text of asked.texts) if (!placeOf.has(text)) placeOf.set(text, placeOf.size)
  count(call, 'texts', asked.texts.length)
  if (model.refusedProviders !== undefined) count(call, 'refusedProviders', model.refusedProviders)
  const distinct = { ...asked, texts: [...placeOf.keys()] }
  const readings = await (asked.options.longText === 'windows' ? readWindows : readWhole)(distinct, model, running)
  return asked.texts.map((text, at) => {
    const { logit, note } = readings[placeOf.get(text) as number] as Reading
    if (note !== undefined) call.note(at, note)
    return logit
  })
}

async function readWhole(asked: Asked, { pairs, runner, store }: LoadedModel, running: Running): Promise<Reading[]> {
  const batch = new PairBatch(pairs, asked, {
    knows: (text) => runner.knows?.(text) === true || store?.has(text) === true,
    find: store && ((text) => store.find(text, running.call)),
  })
  const logits = await runPairs(batch, runner, running).finally(() => batch.addCounts(running.call))
  return asked.texts.map((_, at) => {
    const note = batch.notes.get(at)
    return { logit: logits[at] as number, ...(note && { note }) }
  })
}

/** Reads each text in windows that fit beside the query, and keeps the best window of each. */
async function readWindows({ query, texts, options }: Asked, model: LoadedModel, running: Running): Promise<Reading[]> {
  const { pairs } = model
  const maxLength = pairs.roomForText(await pairs.encodeQuery(query))
  const overlap = Math.min(options.windowOverlap ?? DEFAULT_OVERLAP_TOKENS, Math.floor(maxLength / 2))
  // How much longer a piece is than a window does not matter.
  const measure = (parts: readonly string[]): Promise<number[]> =>
    Promise.all(parts.map((part) => pairs.countTokens(part, maxLength + 1)))
  const { maxWindows = DEFAULT_MAX_WINDOWS, windowsToRead = Infinity } = options
  const { call } = running
  const pacer = new Pacer(() => checkStillWanted(running.scorerId, call))
  const all = await allWindows(texts, { maxLength, overlap, maxWindows, measure }, pacer)
  const { windows, unread } = await windowsByWords(query, all, { most: windowsToRead, pacer })
  count(call, 'windows', windows.length)
  if (unread.size > 0) count(call, 'truncatedTexts', unread.size)
  const read = await readWhole({ query, texts: windows.map(({ text }) => text), options: {} }, model, running)
  const best = bestWindows(
    windows.map(({ owner }) => owner),
    read.map(({ logit }) => logit),
  )
  // What was not read of any window was not read of the text.
  const notes: TextNote[] = best.map((_, owner) => (unread.has(owner) ? { truncated: true } : {}))
  for (const [window, { owner }] of windows.entries()) {
    const { note } = read[window] as Reading
    if (note !== undefined) notes[owner] = { ...notes[owner], ...note }
  }
  return best.map((window, owner) => {
    const { span } = windows[window] as (typeof windows)[number]
    return { logit: (read[window] as Reading).logit, note: { ...notes[owner], bestSpan: span } }
  })
}

/** The error for work that `close()` ended. */
export function closedWhileScoring(): RerankError {
  return new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
}

/** What is known of texts before they are read. */
export interface Known {
  /** Whether one costs less than it would otherwise, as far as that shows without looking. */
  readonly knows?: PairRunner['knows'] | undefined
  /** What the model made of one ahead of time. */
  readonly find?: ((text: string) => Promise<DocumentVectors | undefined>) | undefined
}

/**
 * The pairs of one request. The query is encoded once; a text when its turn comes, or that of one just before it, unless it
 * was encoded ahead of time. `longText: 'error'` refuses a text that does not fit; it is cut otherwise.
 */
export class PairBatch implements PairSource {
  readonly #pairs: PairEncoder
  readonly #known: Known
  readonly #asked: string
  #query: Promise<EncodedQuery> | undefined
  readonly #begun = new Map<number, Promise<EncodedPair>>()
  readonly #texts: readonly string[]
  readonly #refusesLong: boolean
  #tokens = 0
  #stored = 0
  /** What was not read, by the place of the text. */
  readonly notes: Map<number, TextNote> = new Map()

  constructor(pairs: PairEncoder, { query, texts, options }: Asked, known: Known = {}) {
    this.#pairs = pairs
    this.#known = known
    this.#asked = query
    this.#texts = texts
    this.#refusesLong = options.longText === 'error'
  }

  get length(): number {
    return this.#texts.length
  }

  async pair(at: number): Promise<EncodedPair> {
    const text = this.#texts[at] as string
    const pair = { ...((await this.#findPair(text)) ?? (await this.#encodePair(at))), text }
    this.#tokens += pair.ids.length
    if (pair.truncated || pair.queryTruncated) this.#note(at, pair)
    return pair
  }

  /** The pair with what the model made of its text ahead of time; nothing where that is not kept, or not of the whole text. */
  async #findPair(text: string): Promise<EncodedPair | undefined> {
    const { apart } = this.#pairs
    const { ids, data } = (apart && (await this.#known.find?.(text))) ?? {}
    if (apart === undefined || ids === undefined || data === undefined || data.length === 0) return undefined
    this.#query ??= this.#pairs.encodeQuery(this.#asked)
    const pair = apart.joinPair(await this.#query, ids)
    // Cut to fit beside this query, it is another text.
    if (pair.truncated) return undefined
    this.#stored += 1
    return { ...pair, states: data as Uint8Array }
  }

  #encodePair(at: number): Promise<EncodedPair> {
    if (!this.#begun.has(at)) this.#encodeFrom(at)
    return this.#begun.get(at) as Promise<EncodedPair>
  }

  /** What was not begun yet of this text and those behind it. */
  #encodeFrom(first: number): void {
    this.#query ??= this.#pairs.encodeQuery(this.#asked)
    for (const [past, text] of this.#texts.slice(first, first + (this.#pairs.together ?? 1)).entries()) {
      if (this.#begun.has(first + past)) continue
      const pair = this.#query.then((query) => this.#pairs.encodePair(query, text))
      // Whoever asks for the pair hears of it; nobody may.
      pair.catch(() => {})
      this.#begun.set(first + past, pair)
    }
  }

  effort(at: number): number {
    const { maxLength } = this.#pairs
    return effortOf(this.#asked.length, this.#texts[at] as string, { maxLength, knows: this.#known.knows })
  }

  #note(at: number, { truncated, queryTruncated }: EncodedPair): void {
    this.notes.set(at, { ...(truncated && { truncated }), ...(queryTruncated && { queryTruncated }) })
    if (!this.#refusesLong) return
    const fix = "shorten it, or pass longText: 'truncate' to have a part of it left unread"
    const [what, beside] = queryTruncated ? [this.#asked, 'query'] : [this.#texts[at], 'text']
    const message = `The ${beside} ${show(what)} does not fit the model with its ${queryTruncated ? 'text' : 'query'}: ${fix}.`
    throw new RerankError('invalid-argument', message)
  }

  /** Adds what was read so far to the report's counters. */
  addCounts(call: Call): void {
    count(call, 'tokens', this.#tokens)
    if (this.#known.find !== undefined) count(call, 'storedTexts', this.#stored)
    const notes = [...this.notes.values()]
    count(call, 'truncatedTexts', notes.filter(({ truncated }) => truncated).length)
    if (notes.some(({ queryTruncated }) => queryTruncated)) count(call, 'truncatedQueries', 1)
  }
}

/**
 * Runs the pairs one at a time, each when it is the call's turn. A batch would pad every pair to the longest, and in int8
 * one activation scale would cover all of it, so that neighbours changed a score; and nothing else could go in between. A
 * pair is encoded when its turn has come, so that many long texts do not hold up the event loop before the first run.
 */
async function runPairs(
  pairs: PairSource,
  runner: PairRunner,
  { call, turns, places }: Running,
): Promise<Float64Array> {
  const logits = new Float64Array(pairs.length)
  const order = [...logits.keys()]
  // A long pair taken last would keep one worker busy while the others have nothing left to do.
  if (places > 1) order.sort((one, other) => pairs.effort(other) - pairs.effort(one))
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < order.length) {
      const at = order[next++] as number
      logits[at] = await turns.turn(pairs.effort(at), async () => runner.score(await pairs.pair(at), call))
      count(call, 'runs', 1)
    }
  }
  await Promise.all(Array.from({ length: Math.min(places, pairs.length) }, lane))
  call.signal.throwIfAborted()
  return logits
}
