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
import { lexicalScores, USUAL_BM25 } from '../base/bm25.js'
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
    USUAL_BM25.k1,
  ),
  b: withDefault(between(0, 1), USUAL_BM25.b),
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
      return lexicalScores({ query, texts }, { k1, b, read }, pacer)
    },
  }
}

function checkedWords(words: unknown): readonly string[] {
  checkItems('words(text)', words, (word) => typeof word === 'string', 'return strings')
  return words as readonly string[]
}
