import { between, callable, must, type OptionTable, readOptions, withDefault } from '../base/check.js'
import { nextTurn } from '../base/clock.js'
import { RerankError } from '../base/errors.js'
import { wordsOf } from '../base/words.js'
import type { Call, Scorer } from '../types.js'

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
  return {
    id: `bm25(${k1},${b}${words === wordsOf ? '' : ',words'})`,
    scope: 'pool',
    async score(query, texts, call) {
      checkStillWanted(call)
      const wanted = countsOf(words(query))
      const read = await readAll(texts, { wanted, words, call })
      return rank(wanted, read, { k1, b })
    },
  }
}

type Counts = ReadonlyMap<string, number>

/** A text as BM25 sees it: how long it is in words, and how often each word of the query stands in it. */
interface ReadText {
  readonly length: number
  readonly counts: Counts
}

/** How much is read, in UTF-16 code units, before the event loop may turn. */
const SLICE = 100_000

async function readAll(
  texts: readonly string[],
  { wanted, words, call }: { wanted: Counts; words: (text: string) => readonly string[]; call: Call },
): Promise<ReadText[]> {
  const read: ReadText[] = []
  let sliceLeft = SLICE
  for (const text of texts) {
    if (sliceLeft <= 0) {
      await nextTurn()
      checkStillWanted(call)
      sliceLeft = SLICE
    }
    sliceLeft -= text.length
    const all = words(text)
    read.push({ length: all.length, counts: countsOf(all.filter((word) => wanted.has(word))) })
  }
  return read
}

/** The sum over the words of the query, each as often as it stands there, of its rarity times its saturated count. */
function rank(wanted: Counts, texts: readonly ReadText[], { k1, b }: { k1: number; b: number }): number[] {
  const meanLength = texts.reduce((sum, { length }) => sum + length, 0) / texts.length || 1
  const rarity = new Map(
    [...wanted.keys()].map((word) => {
      const holders = texts.filter(({ counts }) => counts.has(word)).length
      return [word, Math.log(1 + (texts.length - holders + 0.5) / (holders + 0.5))]
    }),
  )
  return texts.map(({ length, counts }) => {
    const damping = k1 * (1 - b + (b * length) / meanLength)
    let score = 0
    for (const [word, times] of wanted) {
      const count = counts.get(word) ?? 0
      if (count > 0) score += (times * (rarity.get(word) as number) * count) / (count + damping)
    }
    return score
  })
}

function countsOf(words: readonly string[]): Counts {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

function checkStillWanted(call: Call): void {
  call.signal.throwIfAborted()
  if (call.now() >= call.deadline) {
    throw new RerankError('deadline', 'The deadline passed before every text was read: allow more time or fewer texts.')
  }
}
