import { isHighSurrogate, normalizeText } from './unicode.js'

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
