import type { Span } from '../types.js'
import { lexicalScores, USUAL_BM25 } from './bm25.js'
import type { Pacer } from './clock.js'
import { graphemeSegments } from './words.js'

/** How {@link textWindows} cuts. Lengths are in the unit of `measure`. */
export interface WindowOptions {
  /** Longest window, 1 or more. */
  readonly maxLength: number
  /** How much of a window its successor repeats, 0 to `maxLength - 1`, so that no answer is cut in two. */
  readonly overlap: number
  /** Most windows of one text, 1 or more; what lies behind them is not read. */
  readonly maxWindows: number
  /**
   * The lengths of pieces of text, for example in tokens; lengths of neighbouring words are added up. Of what is longer
   * than `maxLength` any such number will do.
   */
  measure(parts: readonly string[]): readonly number[] | Promise<readonly number[]>
}

/** The windows of one text, and whether they hold all of it. */
export interface Windows {
  readonly spans: readonly Span[]
  readonly isWhole: boolean
}

/**
 * Overlapping windows that together cover a text from its beginning, in order. Cuts lie between words where there are
 * spaces, and always between graphemes. A text that fits is one window; a single grapheme longer than `maxLength` stays
 * whole. No more of the text is read than the windows need.
 */
export async function textWindows(text: string, options: WindowOptions, pacer?: Pacer): Promise<Windows> {
  const [length] = (await options.measure([text])) as [number]
  if (length <= options.maxLength) return { spans: [{ start: 0, end: text.length }], isWhole: true }
  const pieces = new Pieces(text, options, pacer)
  const spans: Span[] = []
  for (let first = 0; ;) {
    const behind = await lastThatFits(pieces, first, options)
    const next = await pieces.at(behind)
    const { start } = (await pieces.at(first)) as Piece
    spans.push({ start, end: next?.start ?? text.length })
    if (next === undefined || spans.length >= options.maxWindows) return { spans, isWhole: next === undefined }
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

/** Stretches that are measured together. */
const STRETCHES_AT_A_TIME = 64

/** The pieces of a text, each made when it is first asked for. */
class Pieces {
  readonly #stretches: Iterator<Stretch>
  readonly #options: WindowOptions
  readonly #pacer: Pacer | undefined
  readonly known: Piece[] = []

  constructor(text: string, options: WindowOptions, pacer: Pacer | undefined) {
    this.#stretches = stretchesOf(text)
    this.#options = options
    this.#pacer = pacer
  }

  /** Nothing behind the last. */
  async at(place: number): Promise<Piece | undefined> {
    while (place >= this.known.length) {
      const stretches: Stretch[] = []
      for (let next = this.#stretches.next(); next.done !== true; next = this.#stretches.next()) {
        stretches.push(next.value)
        if (stretches.length === STRETCHES_AT_A_TIME) break
      }
      if (stretches.length === 0) return undefined
      await this.#pacer?.spend(stretches.reduce((units, { text }) => units + text.length, 0))
      await this.#add(stretches)
    }
    return this.known[place]
  }

  /** Measures stretches together, and halves those that do not fit a window between graphemes until each part does. */
  async #add(stretches: readonly Stretch[]): Promise<void> {
    const lengths = await this.#options.measure(stretches.map(({ text }) => text))
    for (const [at, stretch] of stretches.entries()) {
      const length = lengths[at] as number
      const halves = length <= this.#options.maxLength ? [] : inHalves(stretch)
      if (halves.length === 0) this.known.push({ ...stretch, length })
      else await this.#add(halves)
    }
  }
}

/** Code units of a run without white space, or of white space, that are looked at as a whole. */
const LONGEST_RUN = 4096

/** Words and the white space between them; long ones in parts. */
function* stretchesOf(text: string): Generator<Stretch> {
  const runs = new RegExp(`\\s{1,${LONGEST_RUN}}|\\S{1,${LONGEST_RUN}}`, 'g')
  let [start, least] = [0, 1]
  for (const { 0: run, index } of text.matchAll(runs)) {
    const end = index + run.length
    const isInside = run.length === LONGEST_RUN && /\s/.test(text.charAt(end)) === /\s/.test(run.charAt(0))
    // In one long grapheme, of which every question reads all, it is asked ever more seldom.
    if (isInside && end - start < least) continue
    // A mark behind a space belongs to the space: such a place is no boundary.
    if (end < text.length && !isBoundary(text, isInside ? start : Math.max(0, end - 2), end)) {
      least = isInside ? 2 * (end - start) : least
      continue
    }
    yield { start, text: text.slice(start, end) }
    ;[start, least] = [end, 1]
  }
  // A long grapheme at the end, about which nothing more was asked.
  if (start < text.length) yield { start, text: text.slice(start) }
}

/**
 * Whether a grapheme ends at a place, going by what stands since `from`: where white space begins or ends, the two
 * characters around the place decide that; elsewhere all since the last boundary may. Asking about these alone matters: in a
 * long text each question to Intl.Segmenter takes time in proportion to it.
 */
function isBoundary(text: string, from: number, at: number): boolean {
  if (isPlainlyBoundary(text, at)) return true
  return graphemeSegments(text.slice(from, at + 2)).containing(at - from)?.index === at - from
}

/** What may belong to the white space before it. */
const JOINS = /^[\p{M}\p{Grapheme_Extend}\p{Emoji_Modifier}\u200d\u0e33\u0eb3]/u

/** Whether the two units around a place leave no doubt, without the costs of Intl.Segmenter. */
function isPlainlyBoundary(text: string, at: number): boolean {
  const [before, after] = [text.charCodeAt(at - 1), text.charCodeAt(at)]
  if (before < 128 && after < 128) return true
  if (/\s/.test(text.charAt(at - 1))) return !/\s/.test(text.charAt(at)) && !JOINS.test(text.slice(at, at + 2))
  // Signs that belong to what follows them, be it a space, are in Arabic, Indic and similar scripts.
  return /\s/.test(text.charAt(at)) && (before < 0x600 || (before >= 0x3000 && before < 0xd800))
}

/** The halves of a stretch; none of a single grapheme. */
function inHalves({ start, text }: Stretch): Stretch[] {
  const middle = graphemeSegments(text).containing(Math.floor(text.length / 2))
  const half = middle === undefined || middle.index > 0 ? middle?.index : middle.segment.length
  if (half === undefined || half >= text.length) return []
  return [
    { start, text: text.slice(0, half) },
    { start: start + half, text: text.slice(half) },
  ]
}

/** The piece behind the longest window that starts with piece `first`; a window holds at least one piece. */
async function lastThatFits(pieces: Pieces, first: number, { maxLength, measure }: WindowOptions): Promise<number> {
  let used = ((await pieces.at(first)) as Piece).length
  let behind = first + 1
  for (let piece = await pieces.at(behind); piece !== undefined; piece = await pieces.at(++behind)) {
    if (used + piece.length > maxLength) break
    used += piece.length
  }
  // Parts of a word may measure less apart than together, so the window itself has the last say.
  const fits = async (): Promise<boolean> => {
    const parts = pieces.known.slice(first, behind).map(({ text }) => text)
    const [length] = (await measure([parts.join('')])) as [number]
    return length <= maxLength
  }
  while (behind > first + 1 && !(await fits())) behind = withoutLast(pieces, first, behind)
  return behind
}

/** Leaves out the last piece that measures anything, with those of no length around it, which alone would change nothing. */
function withoutLast({ known }: Pieces, first: number, behind: number): number {
  let end = behind
  while (end > first + 1 && (known[end - 1] as Piece).length === 0) end -= 1
  if (end > first + 1) end -= 1
  return end
}

/** The next window repeats at most `overlap` of this one, and always starts further on than this one. */
function startOfNext({ known }: Pieces, { first, behind }: { first: number; behind: number }, overlap: number): number {
  let next = behind
  let shared = 0
  while (next - 1 > first && shared + (known[next - 1] as Piece).length <= overlap) {
    shared += (known[--next] as Piece).length
  }
  // What has no length, as most white space, is in the window before, and makes no start.
  while (next < behind && (known[next] as Piece).length === 0) next += 1
  return next
}

/** About how much of a text is read to find out whether it fits, in code units for each unit of length. */
const UNITS_PER_LENGTH = 8

/** The windows of several texts, one after the other. */
export interface AllWindows {
  readonly windows: readonly { readonly owner: number; readonly span: Span; readonly text: string }[]
  /** The places of the texts whose end lies in no window. */
  readonly unread: ReadonlySet<number>
}

/** Cuts each text, and lets the event loop turn on the way. */
export async function allWindows(texts: readonly string[], options: WindowOptions, pacer: Pacer): Promise<AllWindows> {
  const windows: { owner: number; span: Span; text: string }[] = []
  const unread = new Set<number>()
  for (const [owner, text] of texts.entries()) {
    await pacer.spend(Math.min(text.length, UNITS_PER_LENGTH * options.maxLength))
    const { spans, isWhole } = await textWindows(text, options, pacer)
    for (const span of spans) windows.push({ owner, span, text: text.slice(span.start, span.end) })
    if (!isWhole) unread.add(owner)
  }
  return { windows, unread }
}

/**
 * Of the windows of each text, those in which most of the query's words stand, by BM25 among the windows of that text alone, so
 * that no text changes what is read of another. They stay in order; of equal ones the first is kept.
 *
 * @param most windows of one text, 1 or more. A text that has more counts as `unread`: not all of it is.
 */
export async function windowsByWords(
  query: string,
  { windows, unread }: AllWindows,
  { most, pacer }: { readonly most: number; readonly pacer: Pacer },
): Promise<AllWindows> {
  const kept: AllWindows['windows'][number][] = []
  const partial = new Set(unread)
  for (let start = 0; start < windows.length;) {
    const { owner } = windows[start] as (typeof windows)[number]
    let end = start + 1
    while (windows[end]?.owner === owner) end += 1
    const own = windows.slice(start, end)
    start = end
    if (own.length > most) {
      partial.add(owner)
      const texts = own.map(({ text }) => text)
      const scores = await lexicalScores({ query, texts }, USUAL_BM25, pacer)
      const order = [...scores.keys()].sort((one, other) => (scores[other] as number) - (scores[one] as number))
      const chosen = order.slice(0, most).sort((one, other) => one - other)
      for (const at of chosen) kept.push(own[at] as (typeof windows)[number])
    } else for (const window of own) kept.push(window)
  }
  return { windows: kept, unread: partial }
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
