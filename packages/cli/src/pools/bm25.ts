import { wordsOf } from '@secondpass/core/eval'
import type { Io } from '../io.js'
import { type Place, type PlacedDocument, readCorpus } from './places.js'

/** What a first stage found: document ids with scores by query id, and where the documents stand. */
export interface FirstStage {
  readonly found: ReadonlyMap<string, ReadonlyMap<string, number>>
  readonly places: ReadonlyMap<string, Place>
}

/** As Anserini sets them for BEIR. */
const K1 = 0.9
const B = 0.4

/**
 * BM25 over a whole corpus for queries that are all known beforehand. Reads the corpus twice, first for the rarity of the
 * words that stand in a query, then for the scores; what is kept are the best `count` of each query, so that memory grows
 * with queries and candidates and not with the corpus.
 *
 * Words are lower-cased, not stemmed, none left out: a plain baseline. With an index of your own, pass its run instead.
 */
export async function searchWithBm25(
  corpus: string,
  queries: ReadonlyMap<string, string>,
  { count, io, onRead }: { readonly count: number; readonly io: Io; readonly onRead: (bytes: number) => void },
): Promise<FirstStage> {
  const index = new QueryIndex(queries)
  let end = 0
  for await (const document of readCorpus(corpus, io)) {
    index.learn(document)
    end = document.offset + document.length
    onRead(end)
  }
  index.finishLearning()
  const tops = [...queries.keys()].map(() => new Top(count))
  for await (const document of readCorpus(corpus, io)) {
    for (const [query, score] of index.score(document)) tops[query]?.offer(score, document)
    onRead(end + document.offset + document.length)
  }
  const places = new Map<string, Place>()
  const found = [...queries.keys()].map((queryId, at) => [queryId, (tops[at] as Top).take(places)] as const)
  return { found: new Map(found), places }
}

/** The words of all queries, and what they are worth in a document. */
class QueryIndex {
  /** By word: in which queries it stands and how often, and in how many documents. */
  readonly #words = new Map<string, { readonly queries: Map<number, number>; holders: number; rarity: number }>()
  #documents = 0
  #length = 0

  constructor(queries: ReadonlyMap<string, string>) {
    for (const [at, query] of [...queries.values()].entries()) {
      for (const word of wordsOf(query)) {
        const entry = this.#words.get(word) ?? { queries: new Map<number, number>(), holders: 0, rarity: 0 }
        entry.queries.set(at, (entry.queries.get(at) ?? 0) + 1)
        this.#words.set(word, entry)
      }
    }
  }

  learn({ text }: PlacedDocument): void {
    const words = wordsOf(text)
    this.#documents += 1
    this.#length += words.length
    for (const word of new Set(words)) {
      const entry = this.#words.get(word)
      if (entry !== undefined) entry.holders += 1
    }
  }

  finishLearning(): void {
    for (const entry of this.#words.values()) {
      entry.rarity = Math.log(1 + (this.#documents - entry.holders + 0.5) / (entry.holders + 0.5))
    }
  }

  /** The score of a document for each query that shares a word with it, by the number of the query. */
  score({ text }: PlacedDocument): ReadonlyMap<number, number> {
    const scores = new Map<number, number>()
    const words = wordsOf(text)
    const damping = K1 * (1 - B + (B * words.length) / (this.#length / this.#documents))
    for (const [word, times] of countsOf(words, this.#words)) {
      const { queries, rarity } = this.#words.get(word) as { queries: Map<number, number>; rarity: number }
      const worth = (rarity * times) / (times + damping)
      for (const [query, repeats] of queries) scores.set(query, (scores.get(query) ?? 0) + repeats * worth)
    }
    return scores
  }
}

function countsOf(words: readonly string[], wanted: { has(word: string): boolean }): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) if (wanted.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

interface Hit extends Place {
  readonly id: string
  readonly score: number
}

/** The best documents of one query. */
class Top {
  #hits: Hit[] = []
  #least = -Infinity

  constructor(readonly count: number) {}

  offer(score: number, { id, offset, length }: PlacedDocument): void {
    if (score <= this.#least) return
    this.#hits.push({ id, score, offset, length })
    if (this.#hits.length >= 2 * this.count) this.#cut()
  }

  /** Ids and scores, best first; equal scores in the order of the corpus. Adds the places. A repeated document counts once. */
  take(places: Map<string, Place>): Map<string, number> {
    this.#cut()
    const scores = new Map<string, number>()
    for (const { id, score, offset, length } of this.#hits) {
      if (scores.has(id)) continue
      scores.set(id, score)
      places.set(id, { offset, length })
    }
    return scores
  }

  #cut(): void {
    this.#hits = this.#hits.sort((a, b) => b.score - a.score || a.offset - b.offset).slice(0, this.count)
    if (this.#hits.length === this.count) this.#least = this.#hits.at(-1)?.score ?? -Infinity
  }
}
