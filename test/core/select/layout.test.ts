import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import type { Scorer } from '../../../packages/core/src/types.ts'
import { withCircuitBreaker } from '../../../packages/core/src/wrap/breaker.ts'
import { withCache } from '../../../packages/core/src/wrap/cache.ts'
import { withChunks } from '../../../packages/core/src/wrap/chunk.ts'
import { withFallback } from '../../../packages/core/src/wrap/fallback.ts'
import { readingNumbers } from '../../contract/fake-scorer.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'

const texts = deepFreeze(['a 1', 'bb 5', 'ccc 3', 'd 4', 'ee 2'])
const counting = { scorer: readingNumbers(), countTokens: (text: string) => text.length }
const ranks = (results: readonly { index: number; rank: number }[]): number[][] =>
  results.map(({ index, rank }) => [index, rank])

describe('maxTokens', () => {
  it('bounds the returned texts, and a call may have its own', async () => {
    const reranker = createReranker({ ...counting, maxTokens: 8 })
    const { results, report } = await reranker.rerank('q', texts)
    expect(ranks(results)).toEqual([
      [1, 1],
      [3, 2],
    ])
    expect(report).toMatchObject({ candidates: 5, returned: 2, overBudget: 3, nearDuplicates: 0, belowMinScore: 0 })
    expect((await reranker.rerank('q', texts, { maxTokens: 4 })).results).toHaveLength(1)
    expect((await reranker.rerank('q', texts, { maxTokens: Infinity })).results).toHaveLength(5)
  })

  it("is counted by the caller, or by the last stage's scorer that can", async () => {
    const one = readingNumbers({ countTokens: () => 1 })
    const two = readingNumbers({ countTokens: async () => 2 })
    const stages = [{ scorer: one }, { scorer: two }, { scorer: readingNumbers() }]
    expect((await createReranker({ stages, maxTokens: 6 }).rerank('q', texts)).results).toHaveLength(3)
    const given = createReranker({ stages, maxTokens: 6, countTokens: () => 3 })
    expect((await given.rerank('q', texts)).results).toHaveLength(2)
  })

  it.each([
    ['withCache', (scorer: Scorer<'pair'>) => withCache(scorer, new Map())],
    ['withChunks', (scorer: Scorer<'pair'>) => withChunks(scorer)],
    ['withCircuitBreaker', (scorer: Scorer<'pair'>) => withCircuitBreaker(scorer)],
    ['withFallback', (scorer: Scorer<'pair'>) => withFallback(scorer, readingNumbers({ id: 'other' }))],
  ])('is counted through %s', async (_name, wrap) => {
    const scorer = wrap(readingNumbers({ countTokens: (text) => text.length }))
    const { report } = await createReranker({ scorer, maxTokens: 8 }).rerank('q', texts)
    expect(report).toMatchObject({ returned: 2, overBudget: 3 })
  })

  it('is refused where nobody can count, at creation and in a call', async () => {
    const message = 'maxTokens is 9: no scorer here can count tokens; give createReranker countTokens: (text) => number'
    expect(() => createReranker({ scorer: readingNumbers(), maxTokens: 9 })).toThrow(message)
    const reranker = createReranker({ scorer: readingNumbers() })
    await expect(reranker.rerank('q', texts, { maxTokens: 9 })).rejects.toThrow(message)
    expect((await reranker.rerank('q', texts, { maxTokens: Infinity })).results).toHaveLength(5)
  })

  it('counts only what minScore left', async () => {
    const counted: string[] = []
    const countTokens = (text: string): number => (counted.push(text), 1)
    const { report } = await createReranker({ ...counting, countTokens, maxTokens: 100, minScore: 4 }).rerank(
      'q',
      texts,
    )
    expect(counted).toEqual(['bb 5', 'd 4'])
    expect(report).toMatchObject({ belowMinScore: 3, returned: 2 })
  })
})

describe("order: 'edges'", () => {
  it('lays out the same results, which keep their ranks', async () => {
    const reranker = createReranker({ ...counting, order: 'edges', topN: 4 })
    expect(ranks((await reranker.rerank('q', texts)).results)).toEqual([
      [1, 1],
      [2, 3],
      [4, 4],
      [3, 2],
    ])
    const { results } = await reranker.rerank('q', texts, { order: 'relevance' })
    expect(results.map(({ rank }) => rank)).toEqual([1, 2, 3, 4])
  })
})

describe('diversity', () => {
  it('leaves the better of two near-duplicates, and says how many went', async () => {
    const candidates = deepFreeze([
      { text: 'The pump stops when it is cold outside: 1', id: 'worse' },
      { text: 'Invoices are sent once a month: 2', id: 'other' },
      { text: 'The pump stops when it is cold outside 1.', id: 'better', boost: 1 },
    ])
    const { results, report } = await createReranker({ ...counting, diversity: {} }).rerank('q', candidates)
    expect(results.map(({ candidate }) => candidate.id)).toEqual(['other', 'worse'])
    expect(results[1]?.candidate).toBe(candidates[0])
    expect(report).toMatchObject({ nearDuplicates: 1, returned: 2 })
  })

  it('works on an order that no scorer made', async () => {
    const reranker = createReranker({ ...counting, diversity: {}, skip: () => ({ policy: 'never', evidence: {} }) })
    const { results } = await reranker.rerank('q', ['one two three', 'ONE two three', 'four'])
    expect(ranks(results)).toEqual([
      [0, 1],
      [2, 2],
    ])
  })
})

describe('wrong options', () => {
  it.each([
    [{ maxTokens: 0 }, 'maxTokens is 0: pass a whole number from 1'],
    [{ countTokens: 4 }, 'countTokens is 4: pass a function'],
    [{ order: 'best' }, `order is "best": pass 'relevance' or 'edges'`],
    [{ diversity: 0.5 }, 'diversity is 0.5: pass an object with options'],
    [{ diversity: { treshold: 1 } }, 'diversity.treshold is 1: there is no such option; use threshold, lambda'],
    [{ diversity: { threshold: 0 } }, 'diversity.threshold is 0: pass a number above 0'],
    [{ diversity: { threshold: 2 } }, 'diversity.threshold is 2: pass a number above 0 and at most 1'],
    [{ diversity: { lambda: Number.NaN } }, 'diversity.lambda is NaN: pass a number from 0 to 1'],
  ])('%j: %s', (options, message) => {
    expect(() => createReranker({ ...counting, ...(options as object) })).toThrow(message)
  })

  it('of a call', async () => {
    const reranker = createReranker(counting)
    await expect(reranker.rerank('q', texts, { maxTokens: -1 })).rejects.toThrow('maxTokens is -1')
    await expect(reranker.rerank('q', texts, { order: 'edge' as 'edges' })).rejects.toThrow('order is "edge"')
  })
})
