import { count } from '../../base/call.js'
import { type Checks, must, oneOf } from '../../base/check.js'
import { RerankError, show } from '../../base/errors.js'
import { bestWindows, textWindows } from '../../base/spans.js'
import type { Call, Span, TextNote } from '../../types.js'
import type { EncodedPair, EncodedQuery, PairEncoder } from './pairs.js'

/** How much of a long text is read; the same for every scorer that reads pairs of tokens. */
export interface ReadingOptions {
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number | undefined
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'windows'`: the text is read in
   * overlapping windows, its score is that of the best one, the result says in `bestSpan` where that stands, the report
   * counts `windows`; each window costs a run. `'error'`: the call rejects.
   */
  readonly longText?: 'truncate' | 'windows' | 'error' | undefined
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
  windowOverlap: must(isWholeFrom(0), 'pass a whole number of tokens from 0'),
}

function isWholeFrom(least: number): (value: unknown) => boolean {
  return (value) => Number.isInteger(value) && (value as number) >= least
}

/** The options that change the numbers, as parts of a scorer's id. */
export function readingParts({ maxLength, longText, windowOverlap }: ReadingOptions): string[] {
  const parts = maxLength === undefined ? [] : [`max${maxLength}`]
  return longText === 'windows' ? [...parts, `windows-${windowOverlap ?? 'default'}`] : parts
}

/** A model that is ready to score. */
export interface LoadedModel {
  readonly pairs: PairEncoder
  readonly runner: PairRunner
}

/** The pairs of one request; each is encoded when it is asked for. */
export interface PairSource {
  readonly length: number
  pair(at: number): Promise<EncodedPair>
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
    const logit = logits[at] as number
    return batch.truncated.has(at) ? { logit, note: { truncated: true } } : { logit }
  })
}

/** Reads each text in windows that fit beside the query, and keeps the best window of each. */
async function readWindows({ query, texts, options }: Asked, model: LoadedModel, call: Call): Promise<Reading[]> {
  const { pairs } = model
  const maxLength = pairs.roomForText(await pairs.encodeQuery(query))
  const overlap = Math.min(options.windowOverlap ?? DEFAULT_OVERLAP_TOKENS, Math.floor(maxLength / 2))
  const measure = (parts: readonly string[]): Promise<number[]> =>
    Promise.all(parts.map((part) => pairs.countTokens(part)))
  const windows: { readonly owner: number; readonly span: Span; readonly text: string }[] = []
  for (const [owner, text] of texts.entries()) {
    const spans = await textWindows(text, { maxLength, overlap, measure })
    windows.push(...spans.map((span) => ({ owner, span, text: text.slice(span.start, span.end) })))
  }
  count(call, 'windows', windows.length)
  const read = await readWhole({ query, texts: windows.map(({ text }) => text), options: {} }, model, call)
  const best = bestWindows(
    windows.map(({ owner }) => owner),
    read.map(({ logit }) => logit),
  )
  return best.map((window) => {
    const { logit, note } = read[window] as Reading
    return { logit, note: { ...note, bestSpan: (windows[window] as { span: Span }).span } }
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

/** Pairs encoded together: the Rust tokenizer works beside this thread, and handing a text over takes as long as encoding it. */
const ENCODED_TOGETHER = 8

/**
 * The pairs of one request. The query is encoded once; a text when its turn comes, or that of one just before it. `longText: 'error'` refuses a text that
 * does not fit; it is cut otherwise.
 */
export class PairBatch implements PairSource {
  readonly #pairs: PairEncoder
  readonly #queryText: string
  #query: Promise<EncodedQuery> | undefined
  readonly #ahead = new Map<number, Promise<EncodedPair>>()
  readonly #texts: readonly string[]
  readonly #refusesLong: boolean
  #tokens = 0
  /** Places of the texts whose end did not fit. */
  readonly truncated: Set<number> = new Set()

  constructor(pairs: PairEncoder, { query, texts, options }: Asked) {
    this.#pairs = pairs
    this.#queryText = query
    this.#texts = texts
    this.#refusesLong = options.longText === 'error'
  }

  get length(): number {
    return this.#texts.length
  }

  async pair(at: number): Promise<EncodedPair> {
    if (!this.#ahead.has(at)) this.#encodeFrom(at)
    const pair = await (this.#ahead.get(at) as Promise<EncodedPair>)
    this.#ahead.delete(at)
    this.#tokens += pair.ids.length
    if (pair.truncated) this.#note(at)
    return pair
  }

  #encodeFrom(first: number): void {
    this.#query ??= this.#pairs.encodeQuery(this.#queryText)
    for (const [past, text] of this.#texts.slice(first, first + ENCODED_TOGETHER).entries()) {
      const pair = this.#query.then((query) => this.#pairs.encodePair(query, text))
      // Whoever asks for the pair hears of it; nobody may.
      pair.catch(() => {})
      this.#ahead.set(first + past, pair)
    }
  }

  #note(at: number): void {
    this.truncated.add(at)
    if (!this.#refusesLong) return
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
        checkStillWanted(call)
        if (closed) throw closedWhileScoring()
        const run = pairs.pair(at).then((pair) => model.score(pair))
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
