import type { Span } from '../types.js'

/** How {@link textWindows} cuts. Lengths are in the unit of `measure`. */
export interface WindowOptions {
  /** Longest window, 1 or more. */
  readonly maxLength: number
  /** How much of a window its successor repeats, 0 to `maxLength - 1`, so that no answer is cut in two. */
  readonly overlap: number
  /** The lengths of pieces of text, for example in tokens; lengths of neighbouring words are added up. */
  measure(parts: readonly string[]): readonly number[] | Promise<readonly number[]>
}

let segmenter: Intl.Segmenter | undefined

/** Made on first use: making one costs as much as loading a dozen files, and most programs never cut a text. */
function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/**
 * Overlapping windows that together cover the whole text, in order. Cuts lie between words where there are spaces, and
 * always between graphemes. A text that fits is one window; a single grapheme longer than `maxLength` stays whole.
 */
export async function textWindows(text: string, options: WindowOptions): Promise<Span[]> {
  const [length] = (await options.measure([text])) as [number]
  if (length <= options.maxLength) return [{ start: 0, end: text.length }]
  const pieces = await cutIntoPieces(text, options)
  const windows: Span[] = []
  for (let first = 0; ;) {
    const behind = await lastThatFits(pieces, first, options)
    windows.push({ start: (pieces[first] as Piece).start, end: pieces[behind]?.start ?? text.length })
    if (behind >= pieces.length) return windows
    first = startOfNext(pieces, { first, behind }, options.overlap)
  }
}

/** A word, a run of white space, or a part of one that is too long for a window. */
interface Piece {
  readonly start: number
  readonly text: string
  readonly length: number
}

/** A piece that has not been measured yet. */
type Stretch = Pick<Piece, 'start' | 'text'>

async function cutIntoPieces(text: string, options: WindowOptions): Promise<Piece[]> {
  const stretches: Stretch[] = []
  let start = 0
  for (const { 0: run, index } of text.matchAll(/\s+|\S+/g)) {
    const end = index + run.length
    // A mark behind a space belongs to the space: such a place is no boundary.
    if (end < text.length && !isBoundary(text, end)) continue
    stretches.push({ start, text: text.slice(start, end) })
    start = end
  }
  return cutUntilTheyFit(stretches, options)
}

/**
 * Whether a grapheme ends at a place where a run of white space begins or ends. The two characters around it decide that,
 * and asking about them alone matters: in a long text each question to Intl.Segmenter takes time in proportion to it.
 */
function isBoundary(text: string, at: number): boolean {
  if (text.charCodeAt(at - 1) < 128 && text.charCodeAt(at) < 128) return true
  const start = Math.max(0, at - 2)
  return graphemesOf(text.slice(start, at + 2)).containing(at - start)?.index === at - start
}

/** Measures all stretches together, and halves those that do not fit a window between graphemes until each part does. */
async function cutUntilTheyFit(stretches: readonly Stretch[], options: WindowOptions): Promise<Piece[]> {
  if (stretches.length === 0) return []
  const lengths = await options.measure(stretches.map(({ text }) => text))
  const pieces: Piece[] = []
  for (const [at, stretch] of stretches.entries()) {
    const length = lengths[at] as number
    const halves = length <= options.maxLength ? [] : inHalves(stretch)
    if (halves.length === 0) pieces.push({ ...stretch, length })
    else for (const piece of await cutUntilTheyFit(halves, options)) pieces.push(piece)
  }
  return pieces
}

/** The halves of a stretch; none of a single grapheme. */
function inHalves({ start, text }: Stretch): Stretch[] {
  const middle = graphemesOf(text).containing(Math.floor(text.length / 2))
  const half = middle === undefined || middle.index > 0 ? middle?.index : middle.segment.length
  if (half === undefined || half >= text.length) return []
  return [
    { start, text: text.slice(0, half) },
    { start: start + half, text: text.slice(half) },
  ]
}

/** The piece behind the longest window that starts with piece `first`; a window holds at least one piece. */
async function lastThatFits(
  pieces: readonly Piece[],
  first: number,
  { maxLength, measure }: WindowOptions,
): Promise<number> {
  let behind = first + 1
  let used = (pieces[first] as Piece).length
  while (behind < pieces.length && used + (pieces[behind] as Piece).length <= maxLength) {
    used += (pieces[behind++] as Piece).length
  }
  // Parts of a word may measure less apart than together, so the window itself has the last say.
  while (behind > first + 1 && !(await fits(pieces.slice(first, behind)))) behind--
  return behind

  async function fits(chosen: readonly Piece[]): Promise<boolean> {
    const [length] = (await measure([chosen.map(({ text }) => text).join('')])) as [number]
    return length <= maxLength
  }
}

/** The next window repeats at most `overlap` of this one, and always starts further on than this one. */
function startOfNext(
  pieces: readonly Piece[],
  { first, behind }: { first: number; behind: number },
  overlap: number,
): number {
  let next = behind
  let shared = 0
  while (next - 1 > first && shared + (pieces[next - 1] as Piece).length <= overlap) {
    shared += (pieces[--next] as Piece).length
  }
  return next
}

/**
 * The best window of each text: `owners[window]` is the text a window belongs to, windows of one text stand together.
 *
 * @returns for each text the place of its best-scoring window; of equal ones the first.
 */
export function bestWindows(owners: readonly number[], scores: readonly number[]): number[] {
  const best: number[] = []
  for (const [window, owner] of owners.entries()) {
    const leader = best[owner]
    if (leader === undefined || (scores[window] as number) > (scores[leader] as number)) best[owner] = window
  }
  return best
}
