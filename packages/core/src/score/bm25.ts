import {
  between,
  checkItems,
  checkTexts,
  callable,
  must,
  type OptionTable,
  readOptions,
  withDefault,
} from '../base/check.js'
import { checkStillWanted, refuseInstruction } from '../base/call.js'
import { Pacer } from '../base/clock.js'
import { wordsIn, wordsOf } from '../base/words.js'
import type { Scorer } from '../types.js'

/** Options of {@link bm25}. */
export interface Bm25Options {
  /** How slowly repetitions of a word stop counting: 0 counts each word once. 0 or more. Default 1.2. */
  readonly k1?: number | undefined
  /** How much a long text is penalised: 0 not at all, 1 in full. Default 0.75. */
  readonly b?: number | undefined
  /**
   * Cuts a text into the words that are compared, and may stem them or leave some out. Default: lower-cased words in any
   * script, nothing stemmed, nothing left out. Must give equal words for equal texts.
   */
  readonly words?: ((text: string) => readonly string[]) | undefined
}

/** See {@link Bm25Options}. */
const bm25Options = {
  k1: withDefault(
    must<number>((value) => typeof value === 'number' && value >= 0 && value < Infinity, 'pass a number from 0'),
    1.2,
  ),
  b: withDefault(between(0, 1), 0.75),
  words: withDefault(callable<(text: string) => readonly string[]>(), wordsOf),
} satisfies OptionTable<Bm25Options>

/**
 * Lexical scores without a model: BM25 as Lucene computes it, over the pool alone, which stands in for the collection.
 *
 * Scope `'pool'`: how rare a word is, and how long a text is, depends on the other texts, so the numbers compare within
 * one call only. Made for tests, for a fallback, and for the lexical half of a fusion; where there is an index, its
 * scores know the whole collection and are better.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function bm25(options: Bm25Options = {}): Scorer<'pool'> {
  const { k1, b, words } = readOptions(bm25Options, options)
  const id = `bm25(${k1},${b}${words === wordsOf ? '' : ',words'})`
  // Only our own words can be had some at a time.
  const read =
    words === wordsOf ? wordsIn : (text: string): readonly (readonly string[])[] => [checkedWords(words(text))]
  return {
    id,
    scope: 'pool',
    async score(query, texts, call) {
      checkTexts(query, texts)
      refuseInstruction(id, call)
      checkStillWanted(id, call)
      const pacer = new Pacer(() => checkStillWanted(id, call))
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
    },
  }
}

function checkedWords(words: unknown): readonly string[] {
  checkItems('words(text)', words, (word) => typeof word === 'string', 'return strings')
  return words as readonly string[]
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
