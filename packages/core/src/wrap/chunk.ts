import { checkStillWanted, count } from '../base/call.js'
import {
  anyText,
  callable,
  checkScorer,
  type OptionTable,
  readOptions,
  whole,
  wholeOrInfinity,
  withDefault,
} from '../base/check.js'
import { Pacer } from '../base/clock.js'
import { invalidArgument } from '../base/errors.js'
import { functionName } from '../base/identity.js'
import { allWindows, bestWindows, windowsByWords, type WindowOptions } from '../base/spans.js'
import type { Call, Scorer, TextNote } from '../types.js'
import { callLike, checkedNumbers, wrapScorer } from './wrapper.js'

/** Options of {@link withChunks}. */
export interface ChunkOptions {
  /** Longest chunk, in the unit of `measure`; 1 or more. Default 2000. */
  readonly maxLength?: number | undefined
  /** How much of a chunk its successor repeats; 0 to `maxLength - 1`. Default a tenth of `maxLength`, rounded down. */
  readonly overlap?: number | undefined
  /** Most chunks of one text, 1 or more; what lies behind them is not read, and its result is `truncated`. Default 100. */
  readonly maxChunks?: number | undefined
  /**
   * How many chunks of one text the scorer reads, 1 or more: those in which most of the query's words stand, by BM25 among the
   * chunks of that text. What stands in the others alone is not read, and the result is `truncated`. Default `Infinity`, all
   * of them.
   */
  readonly chunksToRead?: number | undefined
  /** What lengths count: default UTF-16 code units. Pass a token counter to count tokens. */
  readonly measure?: ((text: string) => number) | undefined
  /**
   * What `measure` is called in the scorer's id, for example `'gpt2-tokens'`: name it when scores are cached longer than a
   * process lives, and rename it when it changes. Default: a name that no other function and no other process has.
   */
  readonly measureName?: string | undefined
}

const table = {
  maxLength: withDefault(whole(1), 2000),
  overlap: whole(0),
  maxChunks: withDefault(wholeOrInfinity(1), 100),
  chunksToRead: withDefault(wholeOrInfinity(1), Infinity),
  measure: callable<(text: string) => number>(),
  measureName: anyText,
} satisfies OptionTable<ChunkOptions>

/**
 * Reads long texts in overlapping chunks: a text's score is that of its best chunk, and its result says in `bestSpan`
 * which characters that chunk holds. Cuts lie between words and never inside a grapheme. Texts that fit are scored
 * whole. Only for `'pair'` scorers, since a chunk's score must not depend on the other chunks.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a scorer of scope `'pool'`.
 */
export function withChunks(scorer: Scorer<'pair'>, options: ChunkOptions = {}): Scorer<'pair'> {
  checkScorer('scorer', scorer)
  if (scorer.scope !== 'pair') {
    const fix = "its scope is 'pool', so its chunks cannot be scored apart; use a 'pair' scorer"
    throw invalidArgument('scorer', scorer.id, fix)
  }
  const settings = readOptions(table, options)
  const {
    maxLength,
    maxChunks,
    chunksToRead,
    overlap = Math.floor(maxLength / 10),
    measure = (text: string) => text.length,
  } = settings
  if (overlap >= maxLength) {
    throw invalidArgument('overlap', overlap, `pass a whole number from 0 to ${maxLength - 1} (below maxLength)`)
  }
  const windows: WindowOptions = {
    maxLength,
    overlap,
    maxWindows: maxChunks,
    measure: (parts) => parts.map((part) => checkedLength(measure(part))),
  }
  const most = maxChunks === table.maxChunks.fallback ? '' : `,max${maxChunks}`
  const some = chunksToRead === Infinity ? '' : `,read${chunksToRead}`
  const measured = settings.measure === undefined ? '' : `,${settings.measureName ?? functionName(settings.measure)}`
  const suffix = `chunks(${maxLength},${overlap}${most}${some}${measured})`
  return wrapScorer({
    id: () => `${scorer.id}:${suffix}`,
    scope: 'pair',
    inner: [scorer],
    scale: scorer,
    score: (query, texts, call) => scoreChunks({ scorer, query, texts, call, windows, chunksToRead }),
  })
}

function checkedLength(length: unknown): number {
  if (typeof length === 'number' && length >= 0) return length
  throw invalidArgument('measure(text)', length, 'return the length of the text, a number from 0')
}

interface ChunkedCall {
  readonly scorer: Scorer<'pair'>
  readonly query: string
  readonly texts: readonly string[]
  readonly call: Call
  readonly windows: WindowOptions
  readonly chunksToRead: number
}

async function scoreChunks(asked: ChunkedCall): Promise<readonly number[]> {
  const { scorer, query, texts, call } = asked
  const pacer = new Pacer(() => checkStillWanted(scorer.id, call))
  const all = await allWindows(texts, asked.windows, pacer)
  const { windows: chunks, unread } = await windowsByWords(query, all, { most: asked.chunksToRead, pacer })
  const notes = new Map<number, TextNote>()
  const inner = callLike(call, {
    note: (position, note) => void notes.set(position, { ...notes.get(position), ...note }),
  })
  const given = await scorer.score(
    query,
    chunks.map(({ text }) => text),
    inner,
  )
  const scores = checkedNumbers(given, chunks.length, scorer)
  count(call, 'chunks', chunks.length)
  if (unread.size > 0) count(call, 'truncatedTexts', unread.size)
  const partialNotes = new Map<number, TextNote>([...unread].map((owner) => [owner, { truncated: true }]))
  for (const [chunk, { truncated, queryTruncated }] of notes) {
    const { owner } = chunks[chunk] as (typeof chunks)[number]
    const more = { ...(truncated && { truncated }), ...(queryTruncated && { queryTruncated }) }
    partialNotes.set(owner, { ...partialNotes.get(owner), ...more })
  }
  const best = bestWindows(
    chunks.map(({ owner }) => owner),
    scores,
  )
  for (const [position, chunk] of best.entries()) {
    const { start, end } = (chunks[chunk] as (typeof chunks)[number]).span
    const note = notes.get(chunk)
    // What was not read of any chunk was not read of the text.
    const partial = partialNotes.get(position)
    // The scorer below may have read the chunk in windows of its own.
    const within = note?.bestSpan ?? { start: 0, end: end - start }
    call.note(position, { ...note, ...partial, bestSpan: { start: start + within.start, end: start + within.end } })
  }
  return best.map((chunk) => scores[chunk] as number)
}
