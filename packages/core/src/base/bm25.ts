import type { Pacer } from './clock.js'
import { wordsIn } from './words.js'

/** How BM25 counts; see `Bm25Options`. */
export interface Bm25Settings {
  readonly k1: number
  readonly b: number
  /** The words of a text, some at a time. */
  readonly read: (text: string) => Iterable<readonly string[]>
}

/** What Lucene takes, and our words. */
export const USUAL_BM25: Bm25Settings = { k1: 1.2, b: 0.75, read: wordsIn }

/** BM25 of each text as Lucene computes it, over these texts alone, which stand in for the collection. */
export async function lexicalScores(
  { query, texts }: { readonly query: string; readonly texts: readonly string[] },
  { k1, b, read }: Bm25Settings,
  pacer: Pacer,
): Promise<number[]> {
  const wanted = new Map<string, QueryWord>()
  for (const some of read(query)) {
    for (const word of some) addQueryWord(wanted, word)
    await pacer.spend(Math.min(query.length, UNITS_AT_A_TIME))
  }
  const readTexts: ReadText[] = []
  for (const text of texts) {
    const counts = new Map<QueryWord, number>()
    let length = 0
    for (const some of read(text)) {
      length += some.length
      for (const word of some) countWord(counts, wanted.get(word))
      await pacer.spend(Math.min(text.length, UNITS_AT_A_TIME))
    }
    readTexts.push({ length, counts })
  }
  return rank(readTexts, { k1, b })
}

/** About what {@link wordsIn} reads at a time. */
const UNITS_AT_A_TIME = 16_384

/** A word of the query: its place among the different ones, how often it stands there, and in how many texts it stands. */
interface QueryWord {
  readonly place: number
  times: number
  holders: number
}

/** A text as BM25 sees it: how long it is in words, and how often each word of the query stands in it. */
interface ReadText {
  readonly length: number
  readonly counts: ReadonlyMap<QueryWord, number>
}

function addQueryWord(wanted: Map<string, QueryWord>, word: string): void {
  const known = wanted.get(word)
  if (known === undefined) wanted.set(word, { place: wanted.size, times: 1, holders: 0 })
  else known.times += 1
}

function countWord(counts: Map<QueryWord, number>, word: QueryWord | undefined): void {
  if (word === undefined) return
  const count = counts.get(word)
  if (count === undefined) word.holders += 1
  counts.set(word, (count ?? 0) + 1)
}

/** The sum over the words of the query, each as often as it stands there, of its rarity times its saturated count. */
function rank(texts: readonly ReadText[], { k1, b }: { k1: number; b: number }): number[] {
  const meanLength = texts.reduce((sum, { length }) => sum + length, 0) / texts.length || 1
  return texts.map(({ length, counts }) => {
    const damping = k1 * (1 - b + (b * length) / meanLength)
    let score = 0
    // In the order of the query, so that texts with the same words add up to the same number.
    for (const [{ times, holders }, count] of [...counts].sort(([one], [other]) => one.place - other.place)) {
      const rarity = Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5))
      score += (times * rarity * count) / (count + damping)
    }
    return score
  })
}
