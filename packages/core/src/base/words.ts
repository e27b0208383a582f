import { invalidArgument } from './errors.js'

/** A normalization form of Unicode, as `String.prototype.normalize` names it. */
export type NormalizationForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD'

/** Runs of combining marks up to this length are left to the engine: no word of any language has as many. */
const LONGEST_MARKS = 32

/** Everything that may stand in a run of marks; the two halfwidth signs are letters that NFKC and NFKD turn into marks. */
const MARKS = /[\p{M}\uff9e\uff9f]+/gu

/**
 * `text.normalize(form)` in time that grows with the length of the text. The engine puts each run of marks in order by
 * insertion: 130,000 of them, which fit into one passage, take it seconds.
 */
export function normalizeText(text: string, form: NormalizationForm): string {
  return orderMarks(text, form).normalize(form)
}

/**
 * The text with its long runs of marks decomposed and in canonical order, and nothing else changed, so that its
 * normalization is that of the text itself.
 *
 * @param form what the text is to be normalized to later; with `'NFC'` or `'NFD'` any form may follow.
 * @param longest runs of at most so many code units stay as they are; for tests.
 */
export function orderMarks(text: string, form: NormalizationForm, longest: number = LONGEST_MARKS): string {
  const decomposition = form === 'NFC' || form === 'NFD' ? 'NFD' : 'NFKD'
  return text.replace(MARKS, (run) => (run.length > longest ? inOrder(run, decomposition) : run))
}

/** The marks of a run, decomposed, those between two starters sorted by their combining class, equal ones as they stood. */
function inOrder(run: string, form: 'NFD' | 'NFKD'): string {
  const parts: string[] = []
  const classes = classesOf(run, form)
  let marks: string[][] = []
  const flush = (): void => {
    for (const some of marks) if (some !== undefined) parts.push(some.join(''))
    marks = []
  }
  for (const character of run) {
    for (const mark of classes.decomposed.get(character) as string) {
      const rank = classes.ranks.get(mark)
      if (rank === undefined) {
        flush()
        parts.push(mark)
      } else {
        ;(marks[rank] ??= []).push(mark)
      }
    }
  }
  flush()
  return parts.join('')
}

interface MarkClasses {
  /** What each character of the run becomes. */
  readonly decomposed: ReadonlyMap<string, string>
  /** The place of a mark's combining class among those of this run; none for a starter, which no mark passes. */
  readonly ranks: ReadonlyMap<string, number>
}

/**
 * JavaScript does not tell a character's combining class, but it sorts by it: the different marks of the run, of which
 * there are few, are normalized once, and then each next to its neighbour, which stays in front only if the two are equal.
 */
function classesOf(run: string, form: 'NFD' | 'NFKD'): MarkClasses {
  const decomposed = new Map<string, string>()
  for (const character of run) {
    if (!decomposed.has(character)) decomposed.set(character, character.normalize(form))
  }
  const marks = new Set([...decomposed.values()].flatMap((parts) => [...parts]).filter(isReordered))
  const sorted = [...[...marks].join('').normalize('NFD')]
  const ranks = new Map<string, number>()
  let rank = 0
  for (const [at, mark] of sorted.entries()) {
    const before = sorted[at - 1]
    // Swapped by the engine: the one before is of a lower class.
    if (before !== undefined && (mark + before).normalize('NFD') !== mark + before) rank += 1
    ranks.set(mark, rank)
  }
  return { decomposed, ranks }
}

/** Iota below, alone of the highest class (240): every other mark moves in front of it, and no starter does. */
const LAST_MARK = '\u0345'

function isReordered(character: string): boolean {
  return character === LAST_MARK || (LAST_MARK + character).normalize('NFD') !== LAST_MARK + character
}

let graphemeSegmenter: Intl.Segmenter | undefined

/** Made on first use: making one costs as much as loading a dozen files, and most programs need none. */
export function graphemeSegments(text: string): Intl.Segments {
  graphemeSegmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' })
  return graphemeSegmenter.segment(text)
}

/** Code units given to `Intl.Segmenter` at a time: each step of it takes time in proportion to all that it was given. */
const GRAPHEME_STRETCH = 256

/** The graphemes of a text in order, in time that grows with its length. */
export function* graphemesOf(text: string): Generator<string> {
  let stretch = GRAPHEME_STRETCH
  for (let start = 0; start < text.length;) {
    let end = Math.min(text.length, start + stretch)
    // Not inside a surrogate pair.
    if ((text.codePointAt(end - 1) as number) > 0xffff) end += 1
    let from = start
    // The last one may go on behind the stretch; from its beginning on, nothing before it matters any more.
    for (const { segment, index } of graphemeSegments(text.slice(start, end))) {
      if (start + index + segment.length === end && end < text.length) break
      yield segment
      from = start + index + segment.length
    }
    stretch = from === start ? 2 * stretch : GRAPHEME_STRETCH
    start = from
  }
}

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

/** Letters and digits with their marks; everything else stands between words. */
const RUN = /[\p{L}\p{N}\p{M}]+/gu

/** Scripts that put no spaces between words, which only a dictionary can tell apart. */
const NO_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/** Made on first use, because making it takes a while. */
let segmenter: Intl.Segmenter | undefined

/** The time of Intl.Segmenter grows with the square of the length, and it takes about 20 µs a word even so. */
const LONGEST_RUN = 500

/** Code units that are cut into words at a time. */
const STRETCH = 16_384

/**
 * The words of a text for lexical matching: compatibility forms folded (NFKC), lower case, no punctuation. Chinese,
 * Japanese, Thai, Lao, Khmer and Burmese are cut by `Intl.Segmenter`, everything else where letters and digits end.
 */
export function wordsOf(text: string): string[] {
  if (typeof text !== 'string') throw invalidArgument('text', text, 'pass a string')
  const words: string[] = []
  for (const some of wordsIn(text)) for (const word of some) words.push(word)
  return words
}

/**
 * The words of {@link wordsOf}, some at a time, so that whoever reads a long text can look at the clock in between.
 *
 * @param stretch about how many code units are read at a time; 2 or more; for tests.
 */
export function* wordsIn(text: string, stretch: number = STRETCH): Generator<readonly string[]> {
  // A run that reaches to the end of a stretch may go on in the next.
  let open = { run: '', isSegmented: false }
  for (const part of stretchesOf(text, stretch)) {
    const words: string[] = []
    const folded = normalizeText(part, 'NFKC').toLowerCase()
    let end = 0
    for (const { 0: found, index } of folded.matchAll(RUN)) {
      if (index > 0) open = closed(open, words)
      open = { run: open.run + found, isSegmented: open.isSegmented || NO_SPACES.test(found) }
      end = index + found.length
    }
    if (end < folded.length) open = closed(open, words)
    else if (open.isSegmented) open = { ...open, run: takeWhole(open.run, words) }
    yield words
  }
  const last: string[] = []
  closed(open, last)
  yield last
}

interface OpenRun {
  readonly run: string
  readonly isSegmented: boolean
}

function closed({ run, isSegmented }: OpenRun, words: string[]): OpenRun {
  const rest = isSegmented ? takeWhole(run, words) : run
  if (isSegmented) addSegments(rest, words)
  else if (rest !== '') words.push(rest)
  return { run: '', isSegmented: false }
}

/** Cuts as much of a run as makes parts of LONGEST_RUN, never inside a surrogate pair; what is left comes back. */
function takeWhole(run: string, words: string[]): string {
  let start = 0
  while (run.length - start > LONGEST_RUN) {
    let end = start + LONGEST_RUN
    if (isHighSurrogate(run.charCodeAt(end - 1))) end -= 1
    addSegments(run.slice(start, end), words)
    start = end
  }
  return run.slice(start)
}

function addSegments(part: string, words: string[]): void {
  for (const { segment, isWordLike } of segmentsOf(part)) if (isWordLike) words.push(segment)
}

/**
 * Before these a text may be cut without a change to what becomes of either side: white space, and letters without case
 * that join nothing before them. Not the letters of Hangul syllables written apart, nor what NFKC turns into such or into marks.
 */
const MAY_START =
  /(?![\u1100-\u11ff\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff\uff9e\uff9f\uffa0-\uffdc])(?=[\p{White_Space}\p{Lo}])[^\p{Cased}\p{Case_Ignorable}]/gu

/** The text in stretches of about that length, 2 or more; longer where there is no place to cut. */
function* stretchesOf(text: string, length: number): Generator<string> {
  let start = 0
  while (text.length - start > length) {
    MAY_START.lastIndex = start + length
    const place = MAY_START.exec(text)
    if (place === null) break
    yield text.slice(start, place.index)
    start = place.index
  }
  yield text.slice(start)
}

/** How many words a short text has, as a dictionary cuts them: `don't` is one. Its time grows with the square of the length. */
export function countWords(text: string): number {
  let words = 0
  for (const { isWordLike } of segmentsOf(text)) words += isWordLike ? 1 : 0
  return words
}

function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' })
  return segmenter.segment(text)
}

const encoder = new TextEncoder()

/** More than most tokenisers make of it, in any script: a token for three bytes of UTF-8. */
export function estimateTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / 3)
}
