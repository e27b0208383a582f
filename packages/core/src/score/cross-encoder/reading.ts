import { count } from '../../base/call.js'
import { type Checks, flag, must, oneOf, truncationSide } from '../../base/check.js'
import { RerankError, show } from '../../base/errors.js'
import { bestWindows, textWindows } from '../../base/spans.js'
import type { Call, Span, TextNote, TruncationSide } from '../../types.js'
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
}

/** See {@link ReadingOptions}. */
export const readingOptions: Checks<ReadingOptions> = {
  maxLength: must(isWholeFrom(5), 'pass a whole number of tokens from 5, or leave it out'),
  longText: oneOf('truncate', 'windows', 'error'),
  queryTruncationSide: truncationSide,
  splitSpecialTokens: flag,
  windowOverlap: must(isWholeFrom(0), 'pass a whole number of tokens from 0'),
}

function isWholeFrom(least: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= least
}

/** The options that change the numbers, or whether there are any, as parts of a scorer's id. */
export function readingParts(options: ReadingOptions): string[] {
  const { maxLength, longText, windowOverlap, queryTruncationSide, splitSpecialTokens } = options
  return [
    ...(maxLength === undefined ? [] : [`max${maxLength}`]),
    ...(longText === 'windows' ? [`windows-${windowOverlap ?? 'default'}`] : []),
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
  readonly runner: PairRunner
}

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

/** What is to be read, and how. */
export interface Asked {
  readonly query: string
  readonly texts: readonly string[]
  readonly options: Pick<ReadingOptions, 'longText' | 'windowOverlap'>
}

/** What came of one text. */
interface Reading {
  readonly logit: number
  readonly note?: TextNote
}

const DEFAULT_OVERLAP_TOKENS = 64

/** Scores texts; equal texts earn equal scores, so each is read once. One logit per text, in order. */
export async function readTexts(asked: Asked, model: LoadedModel, call: Call): Promise<number[]> {
  const placeOf = new Map<string, number>()
  for (const text of asked.texts) if (!placeOf.has(text)) placeOf.set(text, placeOf.size)
  count(call, 'texts', asked.texts.length)
  const distinct = { ...asked, texts: [...placeOf.keys()] }
  const readings = await (asked.options.longText === 'windows' ? readWindows : readWhole)(distinct, model, call)
  return asked.texts.map((text, at) => {
    const { logit, note } = readings[placeOf.get(text) as number] as Reading
    if (note !== undefined) call.note(at, note)
    return logit
  })
}

async function readWhole(asked: Asked, { pairs, runner }: LoadedModel, call: Call): Promise<Reading[]> {
  const batch = new PairBatch(pairs, asked)
  const logits = await runner.run(batch, call).finally(() => batch.addCounts(call))
  return asked.texts.map((_, at) => {
    const note = batch.notes.get(at)
    return { logit: logits[at] as number, ...(note && { note }) }
  })
}

/** Reads each text in windows that fit beside the query, and keeps the best window of each. */
async function readWindows({ query, texts, options }: Asked, model: LoadedModel, call: Call): Promise<Reading[]> {
  const { pairs } = model
  const maxLength = pairs.roomForText(pairs.encodeQuery(query))
  const overlap = Math.min(options.windowOverlap ?? DEFAULT_OVERLAP_TOKENS, Math.floor(maxLength / 2))
  const measure = (text: string): number => pairs.countTokens(text)
  const windows = texts.flatMap((text, owner) =>
    textWindows(text, { maxLength, overlap, measure }).map((span) => ({
      owner,
      span,
      text: text.slice(span.start, span.end),
    })),
  )
  count(call, 'windows', windows.length)
  const read = await readWhole({ query, texts: windows.map(({ text }) => text), options: {} }, model, call)
  const best = bestWindows(
    windows.map(({ owner }) => owner),
    read.map(({ logit }) => logit),
  )
  // What was not read of any window was not read of the text.
  const notes: TextNote[] = best.map(() => ({}))
  for (const [window, { owner }] of windows.entries()) {
    const { note } = read[window] as Reading
    if (note !== undefined) notes[owner] = { ...notes[owner], ...note }
  }
  return best.map((window, owner) => {
    const { span } = windows[window] as { span: Span }
    return { logit: (read[window] as Reading).logit, note: { ...notes[owner], bestSpan: span } }
  })
}

/**
 * Rejects work that nobody waits for any more. Looked at between runs, since a run cannot be interrupted.
 *
 * @throws the signal's reason, or RerankError `'deadline'`.
 */
export function checkStillWanted(call: Call): void {
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

/** The error for work that `close()` ended. */
export function closedWhileScoring(): RerankError {
  return new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
}

/**
 * The pairs of one request. The query is encoded once; a text when its turn comes. `longText: 'error'` refuses a text that
 * does not fit; it is cut otherwise.
 */
export class PairBatch implements PairSource {
  readonly #pairs: PairEncoder
  readonly #asked: string
  readonly #query: EncodedQuery
  readonly #texts: readonly string[]
  readonly #refusesLong: boolean
  #tokens = 0
  /** What was not read, by the place of the text. */
  readonly notes: Map<number, TextNote> = new Map()

  constructor(pairs: PairEncoder, { query, texts, options }: Asked) {
    this.#pairs = pairs
    this.#asked = query
    this.#query = pairs.encodeQuery(query)
    this.#texts = texts
    this.#refusesLong = options.longText === 'error'
  }

  get length(): number {
    return this.#texts.length
  }

  pair(at: number): EncodedPair {
    const pair = this.#pairs.encodePair(this.#query, this.#texts[at] as string)
    this.#tokens += pair.ids.length
    if (pair.truncated || pair.queryTruncated) this.#note(at, pair)
    return pair
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
    const notes = [...this.notes.values()]
    count(call, 'truncatedTexts', notes.filter(({ truncated }) => truncated).length)
    if (notes.some(({ queryTruncated }) => queryTruncated)) count(call, 'truncatedQueries', 1)
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
        checkStillWanted(call)
        if (closed) throw closedWhileScoring()
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
