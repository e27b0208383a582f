import { count } from '../base/call.js'
import { callable, checkScorer, type OptionTable, readOptions, whole, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { bestWindows, textWindows } from '../base/spans.js'
import type { Call, Scorer, Span, TextNote } from '../types.js'
import { callLike, wrapScorer } from './wrapper.js'

/** Options of {@link withChunks}. */
export interface ChunkOptions {
  /** Longest chunk, in the unit of `measure`; 1 or more. Default 2000. */
  readonly maxLength?: number | undefined
  /** How much of a chunk its successor repeats; 0 to `maxLength - 1`. Default a tenth of `maxLength`, rounded down. */
  readonly overlap?: number | undefined
  /** What lengths count: default UTF-16 code units. Pass a token counter to count tokens. */
  readonly measure?: ((text: string) => number) | undefined
}

const table = {
  maxLength: withDefault(whole(1), 2000),
  overlap: whole(0),
  measure: callable<(text: string) => number>(),
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
  const { maxLength, overlap = Math.floor(maxLength / 10), measure = (text: string) => text.length } = settings
  if (overlap >= maxLength) {
    throw invalidArgument('overlap', overlap, `pass a whole number from 0 to ${maxLength - 1} (below maxLength)`)
  }
  const measureAll = (parts: readonly string[]): number[] => parts.map(measure)
  const cut = (text: string): Promise<Span[]> => textWindows(text, { maxLength, overlap, measure: measureAll })
  const suffix = `chunks(${maxLength},${overlap}${settings.measure === undefined ? '' : ',measured'})`
  return wrapScorer({
    id: () => `${scorer.id}:${suffix}`,
    scope: 'pair',
    inner: [scorer],
    scale: scorer,
    score: (query, texts, call) => scoreChunks({ scorer, query, texts, call, cut }),
  })
}

interface ChunkedCall {
  readonly scorer: Scorer<'pair'>
  readonly query: string
  readonly texts: readonly string[]
  readonly call: Call
  cut(text: string): Promise<Span[]>
}

async function scoreChunks({ scorer, query, texts, call, cut }: ChunkedCall): Promise<readonly number[]> {
  const chunks: { readonly owner: number; readonly span: Span; readonly text: string }[] = []
  for (const [owner, text] of texts.entries()) {
    chunks.push(...(await cut(text)).map((span) => ({ owner, span, text })))
  }
  const notes = new Map<number, TextNote>()
  const inner = callLike(call, {
    note: (position, note) => void notes.set(position, { ...notes.get(position), ...note }),
  })
  const scores = await scorer.score(
    query,
    chunks.map(({ text, span }) => text.slice(span.start, span.end)),
    inner,
  )
  count(call, 'chunks', chunks.length)
  const best = bestWindows(
    chunks.map(({ owner }) => owner),
    scores,
  )
  for (const [position, chunk] of best.entries()) {
    const { start, end } = (chunks[chunk] as { span: Span }).span
    const note = notes.get(chunk)
    // The scorer below may have read the chunk in windows of its own.
    const within = note?.bestSpan ?? { start: 0, end: end - start }
    call.note(position, { ...note, bestSpan: { start: start + within.start, end: start + within.end } })
  }
  return best.map((chunk) => scores[chunk] as number)
}
