import { createReranker, type Candidate, type Pool, RerankError } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { rerankResults } from '../../packages/mastra/src/index.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { query, texts } from '../fixtures/key-passages.ts'
import { failingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'

const results = deepFreeze(texts.map((text, at) => ({ id: `r${at}`, score: 0.9 - at / 10, metadata: { text } })))
const idsOf = (found: readonly { result: { id: string } }[]) => found.map(({ result }) => result.id)

describe('rerankResults', () => {
  it('gives the best three in the shape of Mastra, around the same objects', async () => {
    const found = await rerankResults(createReranker({ scorer: overlapScorer() }), { query, results })
    expect(found).toHaveLength(3)
    expect(found[0]?.result).toBe(results[3])
    expect(found[0]).toMatchObject({
      score: 5 / 7,
      details: { semantic: 5 / 7, vector: results[3]?.score, position: expect.closeTo(0.4) as number },
    })
  })

  it('hands the similarities on as first-stage scores, and orders by the blend where there is one', async () => {
    const seen: Candidate[] = []
    const skip = ({ candidates }: Pool): undefined => void seen.push(...candidates)
    const reranker = createReranker({ scorer: overlapScorer(), skip, blend: { weight: 0.5 } })
    const found = await rerankResults(reranker, { query, results, topK: 5 })
    expect(seen.map(({ score }) => score)).toEqual(results.map(({ score }) => score))
    const scores = found.map(({ score }) => score)
    expect(scores).toEqual(scores.toSorted((left, right) => right - left))
    expect(found[0]?.score).not.toBe(found[0]?.details.semantic)
  })

  it('reads the text of stores that keep it in document, and leaves what has none behind, in its order', async () => {
    const mixed = [
      { id: 'none', score: 0.9 },
      { id: 'document', score: 0.8, document: texts[3] as string },
      { id: 'number', score: 0.7, metadata: { text: 7 } },
      { id: 'text', score: 0.6, metadata: { text: texts[4] } },
    ]
    const reranker = createReranker({ scorer: overlapScorer() })
    const found = await rerankResults(reranker, { query, results: mixed, topK: 4 })
    expect(idsOf(found)).toEqual(['document', 'text', 'none', 'number'])
    expect(found[2]?.details.semantic).toBe(0)
  })

  it('keeps the order and the similarities when nothing was ranked', async () => {
    const reranker = createReranker({ scorer: failingScorer('down'), onError: 'keep-order' })
    const found = await rerankResults(reranker, { query, results, topK: 2 })
    expect(found.map(({ result, score }) => [result.id, score])).toEqual([
      ['r0', 0.9],
      ['r1', 0.8],
    ])
  })

  it('names what is wrong, and ends when the caller aborts', async () => {
    const reranker = createReranker({ scorer: overlapScorer() })
    for (const [call, message] of [
      [() => rerankResults({} as never, { query, results }), 'reranker has no rerank()'],
      [() => rerankResults(reranker, { query, results: {} as never }), 'results is object'],
      [() => rerankResults(reranker, { query, results, topK: 0 }), 'topK is 0'],
    ] as const) {
      const error: unknown = await call().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(RerankError)
      expect((error as Error).message).toContain(message)
    }
    const reason = new Error('gone')
    const aborted = rerankResults(reranker, { query, results, signal: AbortSignal.abort(reason) })
    await expect(aborted).rejects.toBe(reason)
  })
})
