import { Document, type DocumentInterface } from '@langchain/core/documents'
import { RunnableLambda, RunnableSequence } from '@langchain/core/runnables'
import { aboveThreshold, createReranker, RerankError } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { RerankRetriever, type ScoredSearch } from '../../packages/langchain/src/index.ts'
import { hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenDocuments, query, storeOf, texts, textsOf } from './support.ts'

/** A store that answers with what it is given, best first, and keeps what it was asked. */
function storeWith(numbers: readonly number[]): ScoredSearch & { readonly asked: unknown[][] } {
  const documents = frozenDocuments()
  const asked: unknown[][] = []
  return {
    asked,
    async similaritySearchWithScore(...given: unknown[]) {
      asked.push(given)
      return numbers.map((number, at): [DocumentInterface, number] => [documents[at]!, number])
    },
  }
}

const skip = aboveThreshold({ threshold: 0.9 })

describe('RerankRetriever', () => {
  it('asks a store for k candidates and returns the best topN of them', async () => {
    const store = await storeOf(frozenDocuments())
    const scorer = overlapScorer()
    const documents = await new RerankRetriever({ vectorStore: store, scorer, k: 4, topN: 2 }).invoke(query)
    expect(scorer.calls.map((call) => call.length)).toEqual([4])
    expect(documents).toHaveLength(2)
    expect(documents[0]).toBeInstanceOf(Document)
    expect(documents[0]).toMatchObject({ pageContent: texts[3], id: 'id-3', metadata: { source: '3.md' } })
  })

  it("writes the store's similarity and the reranker's score", async () => {
    const store = await storeOf(frozenDocuments())
    const found = await store.similaritySearchWithScore(query, 5)
    const documents = await new RerankRetriever({ vectorStore: store, scorer: overlapScorer() }).invoke(query)
    const similarity = found.find(([document]) => document.id === 'id-3')?.[1]
    expect(documents[0]?.metadata).toMatchObject({ relevanceScore: 5 / 7, firstStageScore: similarity })
    expect(documents[0]?.metadata).not.toHaveProperty('storeScore')
  })

  it('asks for 50 and returns 4 unless told otherwise', async () => {
    const store = storeWith([0.5, 0.4, 0.3, 0.2, 0.1])
    const documents = await new RerankRetriever({ vectorStore: store, scorer: overlapScorer() }).invoke(query)
    expect(store.asked[0]?.[1]).toBe(50)
    expect(documents).toHaveLength(4)
  })

  it('returns all candidates with a topN of Infinity', async () => {
    const store = storeWith([0.5, 0.4, 0.3, 0.2, 0.1])
    const retriever = new RerankRetriever({ vectorStore: store, scorer: overlapScorer(), k: 5, topN: Infinity })
    const documents = await retriever.invoke(query)
    expect(textsOf(documents).toSorted()).toEqual(texts.slice(0, 5).toSorted())
  })

  it('hands the filter to the store', async () => {
    const store = await storeOf(frozenDocuments())
    const filter = (document: Document): boolean => document.metadata['source'] === '0.md'
    const documents = await new RerankRetriever({ vectorStore: store, filter, scorer: overlapScorer() }).invoke(query)
    expect(documents.map((document) => document.metadata['source'])).toEqual(['0.md'])
  })

  it('lets a policy skip by the scores of the store', async () => {
    const scorer = overlapScorer()
    const documents = await new RerankRetriever({ vectorStore: storeWith([0.95, 0.4]), scorer, skip }).invoke(query)
    expect(scorer.calls).toEqual([])
    expect(textsOf(documents)).toEqual(texts.slice(0, 2))
    expect(documents[0]?.metadata).toEqual({ source: '0.md', loc: { line: 0 }, firstStageScore: 0.95 })
  })

  it('changes neither the documents of the store nor their metadata', async () => {
    const store = storeWith([0.5, 0.4, 0.3, 0.2])
    const documents = await new RerankRetriever({ vectorStore: store, scorer: overlapScorer() }).invoke(query)
    documents[0]!.metadata['added'] = true
    expect(textsOf(await new RerankRetriever({ vectorStore: store, scorer: overlapScorer() }).invoke(query))[0]).toBe(
      texts[3],
    )
  })

  it('returns nothing and asks no model when the store finds nothing', async () => {
    const scorer = overlapScorer()
    expect(await new RerankRetriever({ vectorStore: storeWith([]), scorer }).invoke(query)).toEqual([])
    expect(scorer).toMatchObject({ calls: [], warmups: 0 })
  })
})

describe('distances', () => {
  it('are negated for policies and kept as they are beside', async () => {
    const scorer = overlapScorer()
    const near = aboveThreshold({ threshold: -0.2 })
    const store = storeWith([0.1, 0.7])
    const retriever = new RerankRetriever({ vectorStore: store, scorer, skip: near, higherIsBetter: false })
    const documents = await retriever.invoke(query)
    expect(scorer.calls).toEqual([])
    expect(documents.map(({ metadata }) => [metadata['firstStageScore'], metadata['storeScore']])).toEqual([
      [-0.1, 0.1],
      [-0.7, 0.7],
    ])
  })

  it('are recognised by their rising from the best result on', async () => {
    const scorer = overlapScorer()
    const documents = await new RerankRetriever({ vectorStore: storeWith([0, 0.95]), scorer, skip }).invoke(query)
    expect(scorer.calls).toHaveLength(1)
    const numbers = documents.map(({ metadata }) => [metadata['firstStageScore'], metadata['storeScore']])
    // The second result ranks first.
    expect(numbers).toEqual([
      [-0.95, 0.95],
      [0, 0],
    ])
  })

  it.each([
    ['one result', [0.95]],
    ['equal numbers', [0.95, 0.95]],
    ['no clear direction', [0.95, 0.2, 0.93]],
    ['a number that is none', [0.95, Number.NaN]],
  ])('and similarities are not told apart by %s: no score, no skip', async (_case, numbers) => {
    const scorer = overlapScorer()
    const documents = await new RerankRetriever({ vectorStore: storeWith(numbers), scorer, skip }).invoke(query)
    expect(scorer.calls).toHaveLength(1)
    for (const { metadata } of documents) {
      expect(metadata).not.toHaveProperty('firstStageScore')
      expect(metadata).toHaveProperty('storeScore')
    }
  })

  it('are out of the question when the caller says so', async () => {
    const scorer = overlapScorer()
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.95]), scorer, skip, higherIsBetter: true })
    await retriever.invoke(query)
    expect(scorer.calls).toEqual([])
  })
})

describe('an abort signal in the config', () => {
  it('ends the ranking', async () => {
    const scorer = hangingScorer()
    const controller = new AbortController()
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.5, 0.4]), scorer })
    const answer = retriever.invoke(query, { signal: controller.signal })
    const call = await scorer.asked
    controller.abort(new Error('the user left'))
    await expect(answer).rejects.toThrow('the user left')
    expect(call.signal.aborted).toBe(true)
  })

  it('reaches the ranking inside a sequence', async () => {
    const scorer = hangingScorer()
    const controller = new AbortController()
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.5, 0.4]), scorer })
    const chain = RunnableSequence.from([retriever, new RunnableLambda({ func: textsOf })])
    const answer = chain.invoke(query, { signal: controller.signal })
    const call = await scorer.asked
    controller.abort(new Error('the user left'))
    await expect(answer).rejects.toThrow('the user left')
    expect(call.signal.aborted).toBe(true)
  })

  it('stops the waiting for a store that does not answer', async () => {
    const controller = new AbortController()
    const vectorStore: ScoredSearch = {
      similaritySearchWithScore() {
        controller.abort(new Error('the user left'))
        return new Promise(() => {})
      },
    }
    const retriever = new RerankRetriever({ vectorStore, scorer: overlapScorer() })
    await expect(retriever.invoke(query, { signal: controller.signal })).rejects.toThrow('the user left')
  })

  it('is made of the timeout in the config', async () => {
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.5, 0.4]), scorer: hangingScorer() })
    await expect(retriever.invoke(query, { timeout: 1 })).rejects.toThrow(
      expect.objectContaining({ name: 'TimeoutError' }),
    )
  })

  it('is not seen by another call of the same retriever', async () => {
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.5, 0.4]), scorer: overlapScorer() })
    const [aborted, other] = await Promise.allSettled([
      retriever.invoke(query, { signal: AbortSignal.abort(new Error('gone')) }),
      retriever.invoke(query),
    ])
    expect([aborted.status, other.status]).toEqual(['rejected', 'fulfilled'])
  })
})

describe('options', () => {
  it('may bring a shared reranker, which close() leaves open', async () => {
    const scorer = overlapScorer()
    const reranker = createReranker({ scorer })
    const retriever = new RerankRetriever({ vectorStore: storeWith([0.5, 0.4, 0.3, 0.2, 0.1]), reranker, topN: 1 })
    await retriever.warmup()
    expect(textsOf(await retriever.invoke(query))).toEqual([texts[3]])
    await retriever.close()
    expect(scorer).toMatchObject({ warmups: 1, closes: 0 })
  })

  it.each([
    ['without a store', { scorer: overlapScorer() }, 'vectorStore has no similaritySearchWithScore()'],
    [
      'with a blend that would turn distances twice',
      { vectorStore: storeWith([]), blend: { weight: 0.5, higherIsBetter: false } },
      'leave it out',
    ],
    ['with k of 0', { vectorStore: storeWith([]), k: 0 }, 'k is 0'],
    ['with fewer candidates than results', { vectorStore: storeWith([]), k: 3, topN: 5 }, 'k is 3 and topN is 5'],
    ['with a misspelt option', { vectorStore: storeWith([]), topk: 5 }, 'topk'],
  ])('are refused %s', (_case, options, message) => {
    expect(() => new RerankRetriever(options as never)).toThrow(RerankError)
    expect(() => new RerankRetriever(options as never)).toThrow(message)
  })
})
