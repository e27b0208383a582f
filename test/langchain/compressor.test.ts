import { Document, type DocumentInterface } from '@langchain/core/documents'
import { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import { aboveThreshold, createReranker, RerankError, type Report } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { RerankCompressor } from '../../packages/langchain/src/index.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { FakeClock } from '../contract/fake-clock.ts'
import { failingScorer, hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenDocuments, query, texts, textsOf } from './support.ts'

const best = texts[3]

describe('compressDocuments', () => {
  it('puts the best document first and gives back all of them', async () => {
    const compressor = new RerankCompressor({ scorer: overlapScorer() })
    const documents = await compressor.compressDocuments(frozenDocuments(), query)
    expect(textsOf(documents)[0]).toBe(best)
    expect(textsOf(documents).toSorted()).toEqual(texts.toSorted())
    expect(compressor).toBeInstanceOf(BaseDocumentCompressor)
  })

  it('gives back copies that keep prototype, id, metadata and other properties', async () => {
    class Page extends Document {
      readonly page = 12
      get label(): string {
        return `page ${this.page}`
      }
    }
    const given = deepFreeze(new Page({ pageContent: best!, id: 'key-page', metadata: { source: 'keys.md' } }))
    const [copy] = await new RerankCompressor({ scorer: overlapScorer() }).compressDocuments([given], query)
    expect(copy).not.toBe(given)
    expect(copy).toBeInstanceOf(Page)
    expect(copy).toMatchObject({ id: 'key-page', page: 12, label: 'page 12' })
    expect(copy?.metadata).toEqual({ source: 'keys.md', relevanceScore: 5 / 7 })
    expect(given.metadata).toEqual({ source: 'keys.md' })
  })

  it('takes plain objects for documents, with or without an id', async () => {
    const plain: DocumentInterface = deepFreeze({ pageContent: 'an api key', metadata: {} })
    const [copy] = await new RerankCompressor({ scorer: overlapScorer() }).compressDocuments([plain], query)
    expect(copy).toEqual({ pageContent: 'an api key', metadata: { relevanceScore: 3 / 7 } })
  })

  it('returns the best topN', async () => {
    const compressor = new RerankCompressor({ scorer: overlapScorer(), topN: 2 })
    expect(await compressor.compressDocuments(frozenDocuments(), query)).toHaveLength(2)
    expect(await compressor.compressDocuments(frozenDocuments(), query, undefined, { topN: 1 })).toHaveLength(1)
  })

  it('writes the scores under the keys asked for', async () => {
    const compressor = new RerankCompressor({ scorer: overlapScorer(), scoreKey: 'rerank', firstStageScoreKey: 'bm25' })
    const [first] = await compressor.compressDocuments(frozenDocuments({ bm25: 3.5 }), query)
    expect(first?.metadata).toEqual({ source: '3.md', loc: { line: 3 }, bm25: 3.5, rerank: 5 / 7 })
  })

  it('asks nobody when there are no documents', async () => {
    const scorer = overlapScorer()
    expect(await new RerankCompressor({ scorer }).compressDocuments([], query)).toEqual([])
    expect(scorer).toMatchObject({ calls: [], warmups: 0 })
  })

  it('names the document that has no text', async () => {
    const broken = [new Document({ pageContent: 'fine' }), { metadata: {} } as unknown as Document]
    await expect(new RerankCompressor({ scorer: overlapScorer() }).compressDocuments(broken, query)).rejects.toThrow(
      'documents[1].pageContent is undefined',
    )
  })
})

describe('first-stage scores', () => {
  const skip = aboveThreshold({ threshold: 0.9 })

  it('come from getScore, and a policy can skip by them', async () => {
    const scorer = overlapScorer()
    const getScore = (document: DocumentInterface): number => document.metadata['similarity'] as number
    const compressor = new RerankCompressor({ scorer, skip, getScore })
    const documents = await compressor.compressDocuments(frozenDocuments({ similarity: 0.95 }), query)
    expect(scorer.calls).toEqual([])
    expect(textsOf(documents)).toEqual(texts)
    expect(documents[0]?.metadata).toMatchObject({ firstStageScore: 0.95, similarity: 0.95 })
  })

  it('are read from metadata.firstStageScore by default', async () => {
    const scorer = overlapScorer()
    await new RerankCompressor({ scorer, skip }).compressDocuments(frozenDocuments({ firstStageScore: 0.95 }), query)
    expect(scorer.calls).toEqual([])
  })

  it.each(['score', 'similarity', '_distance', 'relevanceScore'])('are not guessed from metadata.%s', async (key) => {
    const scorer = overlapScorer()
    const documents = await new RerankCompressor({ scorer, skip }).compressDocuments(
      frozenDocuments({ [key]: 0.95 }),
      query,
    )
    expect(scorer.calls).toHaveLength(1)
    expect(documents[0]?.metadata).not.toHaveProperty('firstStageScore')
  })

  it.each([['0.95'], [Number.NaN], [null]])('are not made of %j', async (value) => {
    const scorer = overlapScorer()
    await new RerankCompressor({ scorer, skip }).compressDocuments(frozenDocuments({ firstStageScore: value }), query)
    expect(scorer.calls).toHaveLength(1)
  })

  it('are blended in, and the mix that ordered the documents stands beside the score', async () => {
    const documents = frozenDocuments().map((document, at) => {
      return deepFreeze(new Document({ pageContent: document.pageContent, metadata: { firstStageScore: 9 - at } }))
    })
    const compressor = new RerankCompressor({ scorer: overlapScorer(), blend: { weight: 0.01 } })
    const blended = await compressor.compressDocuments(documents, query)
    expect(textsOf(blended)).toEqual(texts)
    expect(blended[0]?.metadata).toMatchObject({ relevanceScore: 0, firstStageScore: 9, blendedScore: 0.99 })
  })
})

describe('a ranking that did not happen', () => {
  it('leaves no score of another kind under the score key', async () => {
    const compressor = new RerankCompressor({ scorer: failingScorer('down'), onError: 'keep-order' })
    const documents = await compressor.compressDocuments(frozenDocuments({ relevanceScore: 0.99 }), query)
    expect(textsOf(documents)).toEqual(texts)
    for (const document of documents) expect(document.metadata).not.toHaveProperty('relevanceScore')
  })

  it('rejects with the error of the scorer by default', async () => {
    const compressor = new RerankCompressor({ scorer: failingScorer('the model is down') })
    await expect(compressor.compressDocuments(frozenDocuments(), query)).rejects.toThrow('the model is down')
  })

  it('gives back the first-stage order when deadlineMs runs out, and reports it', async () => {
    const clock = new FakeClock()
    const scorer = hangingScorer()
    const reports: Report[] = []
    const compressor = new RerankCompressor({
      scorer,
      clock,
      deadlineMs: 80,
      topN: 3,
      onReport: (report) => reports.push(report),
    })
    const answer = compressor.compressDocuments(frozenDocuments(), query)
    const call = await scorer.asked
    await clock.advance(79)
    expect(call.signal.aborted).toBe(false)
    await clock.advance(1)
    expect(textsOf(await answer)).toEqual(texts.slice(0, 3))
    expect((await answer)[0]?.metadata).toEqual({ source: '0.md', loc: { line: 0 } })
    expect(call.signal.aborted).toBe(true)
    expect(reports.map((report) => report.stages.map((stage) => stage.outcome))).toEqual([['late']])
  })

  it('rejects with the reason of an abort', async () => {
    const scorer = hangingScorer()
    const controller = new AbortController()
    const answer = new RerankCompressor({ scorer }).compressDocuments(frozenDocuments(), query, undefined, {
      signal: controller.signal,
    })
    await scorer.asked
    controller.abort(new Error('the user left'))
    await expect(answer).rejects.toThrow('the user left')
  })
})

describe('rerank', () => {
  it('returns places and scores, best first', async () => {
    const compressor = new RerankCompressor({ scorer: overlapScorer() })
    const entries = await compressor.rerank(frozenDocuments({ firstStageScore: 2 }), query, { topN: 2 })
    expect(entries).toEqual([
      { index: 3, relevanceScore: 5 / 7, firstStageScore: 2 },
      { index: 1, relevanceScore: 2 / 7, firstStageScore: 2 },
    ])
  })

  it('takes plain texts', async () => {
    const [first] = await new RerankCompressor({ scorer: overlapScorer() }).rerank(texts, query)
    expect(first).toEqual({ index: 3, relevanceScore: 5 / 7 })
  })

  it('has no relevanceScore where no model gave one', async () => {
    const compressor = new RerankCompressor({ scorer: failingScorer('down'), onError: 'keep-order' })
    expect(await compressor.rerank(texts.slice(0, 2), query)).toEqual([{ index: 0 }, { index: 1 }])
  })

  it('rejects with the reason of an abort', async () => {
    const scorer = hangingScorer()
    const controller = new AbortController()
    const answer = new RerankCompressor({ scorer }).rerank(texts, query, { signal: controller.signal })
    await scorer.asked
    controller.abort(new Error('the user left'))
    await expect(answer).rejects.toThrow('the user left')
  })
})

describe('the reranker behind it', () => {
  it('may be shared, and is then closed by its maker alone', async () => {
    const scorer = overlapScorer()
    const reranker = createReranker({ scorer })
    const compressor = new RerankCompressor({ reranker, topN: 1 })
    expect(textsOf(await compressor.compressDocuments(frozenDocuments(), query))).toEqual([best])
    await compressor.warmup()
    await compressor.close()
    expect(scorer).toMatchObject({ warmups: 1, closes: 0 })
    await reranker.close()
    expect(scorer.closes).toBe(1)
  })

  it('is closed with the compressor that made it', async () => {
    const scorer = overlapScorer()
    {
      await using compressor = new RerankCompressor({ scorer })
      await compressor.rerank(texts, query)
    }
    expect(scorer.closes).toBe(1)
  })

  it.each([
    [
      'an option beside a ready reranker',
      { reranker: createReranker({ scorer: overlapScorer() }), skip: () => undefined },
      'skip',
    ],
    ['something that is no reranker', { reranker: {} }, 'pass what createReranker() returns'],
    ['a misspelt option', { scorer: overlapScorer(), topn: 3 }, 'topn'],
    ['a topN of none', { scorer: overlapScorer(), topN: 0 }, 'topN is 0'],
    ['a deadline of none', { scorer: overlapScorer(), deadlineMs: 0 }, 'deadlineMs is 0'],
    ['the name it had', { scorer: overlapScorer(), timeoutMs: 80 }, 'timeoutMs is 80: it is called deadlineMs'],
    ['an instruction that says nothing', { scorer: overlapScorer(), instruction: ' ' }, 'instruction is " "'],
    ['a deadline of text', { scorer: overlapScorer(), deadlineMs: '5s' }, 'deadlineMs is "5s"'],
  ])('is not made with %s', (_case, options, message) => {
    expect(() => new RerankCompressor(options as never)).toThrow(RerankError)
    expect(() => new RerankCompressor(options as never)).toThrow(message)
  })
})
