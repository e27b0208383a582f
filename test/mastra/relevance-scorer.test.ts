import { createReranker, RerankError, type Report, type Scorer } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { RelevanceScorer } from '../../packages/mastra/src/index.ts'
import { query, texts } from '../fixtures/key-passages.ts'
import { failingScorer, hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'

/** Asks as Mastra's rerankers do: for one text at a time, for all of them at once. */
function askAll(scorer: RelevanceScorer, asked: string, about: readonly string[]): Promise<number[]> {
  return Promise.all(about.map(async (text) => scorer.getRelevanceScore(asked, text)))
}

describe('RelevanceScorer', () => {
  it('gathers what is asked for in one turn into one call of the scorer', async () => {
    const inner = overlapScorer()
    const scores = await askAll(new RelevanceScorer({ scorer: inner }), query, texts)
    expect(inner.calls).toEqual([texts])
    expect(scores).toEqual(texts.map((text) => expect.closeTo(overlapOf(text), 12)))
    expect(scores[3]).toBeCloseTo(5 / 7)
  })

  it('keeps queries apart, and asks anew in the next turn', async () => {
    const inner = overlapScorer()
    const scorer = new RelevanceScorer({ scorer: inner })
    const [first, second] = await Promise.all([
      askAll(scorer, query, texts.slice(0, 2)),
      askAll(scorer, 'logo colours', texts.slice(4)),
    ])
    expect([first?.length, second]).toEqual([2, [1]])
    expect(inner.calls).toEqual([texts.slice(0, 2), texts.slice(4)])
    await scorer.getRelevanceScore(query, texts[3] as string)
    expect(inner.calls).toHaveLength(3)
  })

  it('answers both who ask for the same text', async () => {
    const scorer = new RelevanceScorer({ scorer: overlapScorer() })
    const [first, second] = await askAll(scorer, query, [texts[3] as string, texts[3] as string])
    expect(first).toBe(second)
    expect(first).toBeGreaterThan(0.5)
  })

  it('lets a scorer of pools see the pool', async () => {
    const rank: Scorer<'pool'> = {
      id: 'rank',
      scope: 'pool',
      score: async (_query, pool) => pool.map((_, at) => (pool.length - at) / pool.length),
    }
    expect(await askAll(new RelevanceScorer({ scorer: rank }), query, texts.slice(0, 4))).toEqual([1, 0.75, 0.5, 0.25])
  })

  it.each([
    ['skipped', { scorer: overlapScorer(), skip: () => ({ policy: 'never', evidence: {} }) }],
    ['failed', { scorer: failingScorer('down'), onError: 'keep-order' }],
    ['late', { scorer: hangingScorer(), deadlineMs: 1 }],
  ] as const)('gives 0 for all when the ranking was %s, so that the other weights decide', async (outcome, options) => {
    const reports: Report[] = []
    const reranker = createReranker({ ...options, onReport: (report) => reports.push(report) })
    expect(await askAll(new RelevanceScorer({ reranker }), query, texts)).toEqual([0, 0, 0, 0, 0])
    expect(reports.map(({ stages }) => stages[0]?.outcome)).toEqual([outcome])
  })

  it('gives 0 beyond the depth and below minScore, whatever topN the reranker has', async () => {
    const reranker = createReranker({ scorer: overlapScorer(), depth: 4, minScore: 0.2, topN: 1 })
    const scores = await askAll(new RelevanceScorer({ reranker }), query, [...texts.slice(1), texts[3] as string])
    expect(scores.map((score) => score > 0)).toEqual(
      [...texts.slice(1), undefined].map((text) => text !== undefined && overlapOf(text) >= 0.2),
    )
  })

  it('fails for everybody who asked when the scorer fails', async () => {
    const scorer = new RelevanceScorer({ scorer: failingScorer('down') })
    const settled = await Promise.allSettled(texts.map((text) => scorer.getRelevanceScore(query, text)))
    expect(settled.map((one) => one.status === 'rejected' && String(one.reason))).toEqual(
      texts.map(() => 'Error: down'),
    )
  })

  it('refuses numbers that Mastra cannot weigh', async () => {
    const scorer: Scorer<'pair'> = { id: 'logits', scope: 'pair', score: async (_query, all) => all.map(() => 7.5) }
    await expect(askAll(new RelevanceScorer({ scorer }), query, texts)).rejects.toThrow(
      'The scorer gave 7.5, and Mastra weighs numbers from 0 to 1: take a scorer of probabilities, or rerankResults()',
    )
  })

  it('refuses wrong options, and closes only what it made', async () => {
    const ready = createReranker({ scorer: overlapScorer() })
    for (const [options, message] of [
      [{ reranker: ready, depth: 3 }, 'depth given beside a ready reranker'],
      [{ reranker: {} }, 'reranker has no rerank()'],
      [{ topK: 3 }, 'topK'],
      [null, 'options is null: pass an object'],
    ] as const) {
      expect(() => new RelevanceScorer(options as never)).toThrow(RerankError)
      expect(() => new RelevanceScorer(options as never)).toThrow(message)
    }
    await new RelevanceScorer({ reranker: ready }).close()
    await expect(ready.rerank(query, texts)).resolves.toBeDefined()
    const inner = overlapScorer()
    await using own = new RelevanceScorer({ scorer: inner })
    await own.warmup()
    await own.close()
    expect([inner.warmups, inner.closes]).toEqual([1, 1])
    await expect(own.getRelevanceScore(query, 'a')).rejects.toMatchObject({ code: 'closed' })
  })
})

function overlapOf(text: string): number {
  const wanted = query.split(' ')
  const present = new Set(text.toLowerCase().match(/\w+/g))
  return wanted.filter((word) => present.has(word)).length / wanted.length
}
