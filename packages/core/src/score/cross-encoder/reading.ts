import { count } from '../../base/call.js'
import { invalidArgument } from '../../base/errors.js'
import { bestWindows, textWindows } from '../../base/spans.js'
import type { Call, Span, TextNote } from '../../types.js'
import type { PairEncoder } from './pairs.js'
import { PairBatch, type PairRunner } from './runner.js'

/** A model that is ready to score. */
export interface LoadedModel {
  readonly pairs: PairEncoder
  readonly runner: PairRunner
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

async function readWhole(
  { query, texts, options }: Asked,
  { pairs, runner }: LoadedModel,
  call: Call,
): Promise<Reading[]> {
  const batch = new PairBatch(pairs, { query, texts, longText: options.longText === 'error' ? 'error' : 'truncate' })
  const logits = await runner.run(batch, call).finally(() => batch.addCounts(call))
  return texts.map((_, at) => {
    const logit = logits[at] as number
    return batch.truncated.has(at) ? { logit, note: { truncated: true } } : { logit }
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
  return best.map((window) => {
    const { logit, note } = read[window] as Reading
    return { logit, note: { ...note, bestSpan: (windows[window] as { span: Span }).span } }
  })
}

/** How much of a long text is read; the same for every scorer that reads pairs of tokens. */
export interface ReadingOptions {
  /** Longest pair in tokens, special tokens included; 5 or more. Default and upper bound: what the model can read. */
  readonly maxLength?: number
  /**
   * What happens to a text that does not fit `maxLength` together with the query. `'truncate'` (default): its end is
   * not read, the result says `truncated`, the report counts `truncatedTexts`. `'windows'`: the text is read in
   * overlapping windows, its score is that of the best one, the result says in `bestSpan` where that stands, the report
   * counts `windows`; each window costs a run. `'error'`: the call rejects.
   */
  readonly longText?: 'truncate' | 'windows' | 'error'
  /**
   * How many tokens a window shares with the next, from 0. Default 64, and at most half a window. No effect unless
   * `longText` is `'windows'`.
   */
  readonly windowOverlap?: number
}

const LONG_TEXT: readonly unknown[] = ['truncate', 'windows', 'error']

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkReadingOptions({ maxLength, longText, windowOverlap }: ReadingOptions): void {
  if (maxLength !== undefined && !isWholeFrom(5, maxLength)) {
    throw invalidArgument('maxLength', maxLength, 'pass a whole number of tokens from 5, or leave it out')
  }
  if (longText !== undefined && !LONG_TEXT.includes(longText)) {
    throw invalidArgument('longText', longText, "pass 'truncate', 'windows' or 'error'")
  }
  if (windowOverlap !== undefined && !isWholeFrom(0, windowOverlap)) {
    throw invalidArgument('windowOverlap', windowOverlap, 'pass a whole number of tokens from 0')
  }
}

/** Whether a value is a whole number of at least `least`. */
export function isWholeFrom(least: number, value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && value >= least
}
