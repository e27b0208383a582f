/** Letters and digits with their marks; everything else stands between words. */
const RUN = /[\p{L}\p{N}\p{M}]+/gu

/** Scripts that put no spaces between words, which only a dictionary can tell apart. */
const NO_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u

/** Made on first use, because making it takes a while. */
let segmenter: Intl.Segmenter | undefined

/** The time of Intl.Segmenter grows with the square of the length, and it takes about 20 µs a word even so. */
const LONGEST_RUN = 500

/**
 * The words of a text for lexical matching: compatibility forms folded (NFKC), lower case, no punctuation. Chinese,
 * Japanese, Thai, Lao, Khmer and Burmese are cut by `Intl.Segmenter`, everything else where letters and digits end.
 */
export function wordsOf(text: string): string[] {
  const words: string[] = []
  for (const [run] of text.normalize('NFKC').toLowerCase().matchAll(RUN)) {
    if (NO_SPACES.test(run)) words.push(...segmentedWords(run))
    else words.push(run)
  }
  return words
}

/** How many words a short text has, as a dictionary cuts them: `don't` is one. Its time grows with the square of the length. */
export function countWords(text: string): number {
  let words = 0
  for (const { isWordLike } of segmentsOf(text)) words += isWordLike ? 1 : 0
  return words
}

function* segmentedWords(run: string): Generator<string> {
  for (const part of cut(run)) {
    for (const { segment, isWordLike } of segmentsOf(part)) if (isWordLike) yield segment
  }
}

function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter(undefined, { granularity: 'word' })
  return segmenter.segment(text)
}

/** Parts of at most LONGEST_RUN, never cut inside a surrogate pair. */
function* cut(run: string): Generator<string> {
  for (let start = 0; start < run.length;) {
    let end = Math.min(run.length, start + LONGEST_RUN)
    if (/[\ud800-\udbff]/.test(run[end - 1] as string)) end -= 1
    yield run.slice(start, end)
    start = end
  }
}

const encoder = new TextEncoder()

/** More than most tokenisers make of it, in any script: a token for three bytes of UTF-8. */
export function estimateTokens(text: string): number {
  return Math.ceil(encoder.encode(text).length / 3)
}
