import { count } from '../base/call.js'
import { checkFunction, checkOptions } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { bestWindows, textWindows } from '../base/spans.js'
import type { Call, Scorer, Span, TextNote } from '../types.js'
import { checkScorer } from './wrapper.js'

/** Options of {@link withChunks}. */
export interface ChunkOptions {
  /** Longest chunk, in the unit of `measure`; 1 or more. Default 2000. */
  readonly maxLength?: number
  /** How much of a chunk its successor repeats; 0 to `maxLength - 1`. Default a tenth of `maxLength`, rounded down. */
  readonly overlap?: number
  /** What lengths count: default UTF-16 code units. Pass a token counter to count tokens. */
  measure?(text: string): number
}

/**
 * Reads long texts in overlapping chunks: a text's score is that of its best chunk, and its result says in `bestSpan`
 * which characters that chunk holds. Cuts lie between words and never inside a grapheme. Texts that fit are scored
 * whole. Only for `'pair'` scorers, since a chunk's score must not depend on the other chunks.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a scorer of scope `'pool'`.
 */
export function withChunks(scorer: Scorer<'pair'>, options: ChunkOptions = {}): Scorer<'pair'> {
  checkScorer('scorer', scorer)
  checkOptions('options', options, ['maxLength', 'overlap', 'measure'])
  const { maxLength = 2000, overlap = Math.floor(maxLength / 10), measure = (text: string) => text.length } = options
  check(scorer, maxLength, overlap)
  checkFunction('measure', measure)
  const chunked: Scorer<'pair'> = {
    id: `${scorer.id}:chunks(${maxLength},${overlap}${options.measure === undefined ? '' : ',measured'})`,
    scope: 'pair',
    score: (query, texts, call) =>
      scoreChunks({ scorer, query, texts, call, cut: (text) => textWindows(text, { maxLength, overlap, measure }) }),
    get toProbability() {
      return scorer.toProbability && ((score: number) => scorer.toProbability?.(score) ?? score)
    },
  }
  if (scorer.countTokens !== undefined) chunked.countTokens = (text) => scorer.countTokens?.(text) ?? 0
  if (scorer.warmup !== undefined) chunked.warmup = () => scorer.warmup?.() ?? Promise.resolve()
  if (scorer.close !== undefined) chunked.close = () => scorer.close?.() ?? Promise.resolve()
  return chunked
}

interface ChunkedCall {
  readonly scorer: Scorer<'pair'>
  readonly query: string
  readonly texts: readonly string[]
  readonly call: Call
  cut(text: string): Span[]
}

async function scoreChunks({ scorer, query, texts, call, cut }: ChunkedCall): Promise<readonly number[]> {
  const chunks = texts.flatMap((text, owner) => cut(text).map((span) => ({ owner, span, text })))
  const notes = new Map<number, TextNote>()
  const inner: Call = Object.assign(Object.create(call) as Call, {
    note: (position: number, note: TextNote) => void notes.set(position, { ...notes.get(position), ...note }),
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
    const { start, end } = (chunks[chunk] as (typeof chunks)[number]).span
    const note = notes.get(chunk)
    // The scorer below may have read the chunk in windows of its own.
    const within = note?.bestSpan ?? { start: 0, end: end - start }
    call.note(position, { ...note, bestSpan: { start: start + within.start, end: start + within.end } })
  }
  return best.map((chunk) => scores[chunk] as number)
}

function check(scorer: Scorer, maxLength: number, overlap: number): void {
  if (scorer.scope !== 'pair') {
    throw invalidArgument(
      'scorer',
      scorer.id,
      "its scope is 'pool', so its chunks cannot be scored apart; use a 'pair' scorer",
    )
  }
  if (!Number.isInteger(maxLength) || maxLength < 1)
    throw invalidArgument('maxLength', maxLength, 'pass an integer from 1')
  if (!Number.isInteger(overlap) || overlap < 0 || overlap >= maxLength) {
    throw invalidArgument('overlap', overlap, `pass an integer from 0 to ${maxLength - 1} (below maxLength)`)
  }
}
