import { describe, expectTypeOf, it } from 'vitest'
import type { Candidate, RankedResult, Ranking, Scorer, SkipPolicy } from '../../packages/core/src/types.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import type { RerankerOptions } from '../../packages/core/src/options.ts'

interface Page extends Candidate {
  readonly text: string
  readonly page: { readonly number: number }
}

declare const pages: readonly Page[]
declare const pairScorer: Scorer<'pair'>
declare const poolScorer: Scorer<'pool'>
const reranker = createReranker()

describe('the type of the candidates', () => {
  it('survives', () => {
    expectTypeOf(reranker.rerank('q', pages)).resolves.toEqualTypeOf<Ranking<Page>>()
    expectTypeOf(reranker.rerank('q', [{ text: 'a', page: 1 }])).resolves.toEqualTypeOf<
      Ranking<{ text: string; page: number }>
    >()
    expectTypeOf<RankedResult<Page>['candidate']['page']['number']>().toEqualTypeOf<number>()
  })

  it('is Candidate for strings, and both for a mix', () => {
    expectTypeOf(reranker.rerank('q', ['a', 'b'])).resolves.toEqualTypeOf<Ranking>()
    expectTypeOf(reranker.rerank('q', [] as string[])).resolves.toEqualTypeOf<Ranking>()
    const mixed: (string | Page)[] = []
    expectTypeOf(reranker.rerank('q', mixed)).resolves.toEqualTypeOf<Ranking<Candidate | Page>>()
  })

  it('must have a text, and a number for a score', () => {
    // @ts-expect-error a document of another library has no text
    void reranker.rerank('q', [{ pageContent: 'a' }])
    // @ts-expect-error a score is a number
    void reranker.rerank('q', [{ text: 'a', score: '0.5' }])
    // @ts-expect-error one candidate is not a list
    void reranker.rerank('q', 'a')
  })
})

describe('options', () => {
  it('take undefined for left out, so that an adapter may pass on what it was given', () => {
    expectTypeOf<{
      scorer: Scorer<'pair'>
      topN: number | undefined
      onReport: undefined
    }>().toExtend<RerankerOptions>()
    void reranker.rerank('q', pages, { topN: undefined, deadlineMs: undefined, signal: undefined })
  })

  it('take any scorer, alone or in stages', () => {
    createReranker({ scorer: poolScorer })
    createReranker({
      stages: [
        { scorer: poolScorer, depth: 200 },
        { scorer: pairScorer, blend: { weight: 0.5 } },
      ],
    })
  })

  it('refuse what is no option', () => {
    // @ts-expect-error misspelt
    createReranker({ topn: 3 })
    // @ts-expect-error there is no such way out
    createReranker({ onError: 'ignore' })
    // @ts-expect-error a policy is not async
    createReranker({ skip: async () => undefined })
    // @ts-expect-error misspelt
    void reranker.rerank('q', pages, { topK: 3 })
  })
})

describe('policies', () => {
  it('may be plain functions', () => {
    expectTypeOf((): undefined => undefined).toExtend<SkipPolicy>()
    expectTypeOf(() => ({ policy: 'mine', evidence: { words: 2 } })).toExtend<SkipPolicy>()
  })
})

describe('results', () => {
  it('cannot be changed', async () => {
    const { results } = await reranker.rerank('q', pages)
    // @ts-expect-error readonly
    results.push(results[0])
    // @ts-expect-error readonly
    results[0]!.rank = 5
  })
})

describe('lifetime', () => {
  it('fits await using', async () => {
    await using own = createReranker()
    expectTypeOf(own.close()).resolves.toBeVoid()
  })
})
