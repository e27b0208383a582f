/** A normalization form of Unicode, as `String.prototype.normalize` names it. */
export type NormalizationForm = 'NFC' | 'NFD' | 'NFKC' | 'NFKD'

/** Runs of combining marks up to this length are left to the engine: no word of any language has as many. */
const LONGEST_RUN = 32

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
export function orderMarks(text: string, form: NormalizationForm, longest: number = LONGEST_RUN): string {
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

let segmenter: Intl.Segmenter | undefined

/** Made on first use: making one costs as much as loading a dozen files, and most programs need none. */
export function graphemeSegments(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' })
  return segmenter.segment(text)
}

/** Code units given to `Intl.Segmenter` at a time: each step of it takes time in proportion to all that it was given. */
const STRETCH = 256

/** The graphemes of a text in order, in time that grows with its length. */
export function* graphemesOf(text: string): Generator<string> {
  let stretch = STRETCH
  for (let start = 0; start < text.length;) {
    const end = Math.min(text.length, start + stretch + (isHighSurrogate(text.charCodeAt(start + stretch - 1)) ? 1 : 0))
    let from = start
    // The last one may go on behind the stretch; from its beginning on, nothing before it matters any more.
    for (const { segment, index } of graphemeSegments(text.slice(start, end))) {
      if (start + index + segment.length === end && end < text.length) break
      yield segment
      from = start + index + segment.length
    }
    stretch = from === start ? 2 * stretch : STRETCH
    start = from
  }
}

export function isHighSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00
}

/** The text without what it ends in: `/x+$/` would try anew at each `x` of a run that does not stand at the end. */
export function trimEndWhile(text: string, isUnwanted: (unit: string) => boolean): string {
  let end = text.length
  while (end > 0 && isUnwanted(text[end - 1] as string)) end -= 1
  return text.slice(0, end)
}
