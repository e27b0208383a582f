import { describe, expect, it } from 'vitest'
import { bm25 } from '../../packages/core/src/score/bm25.ts'
import { crossEncoder } from '../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import { llmListwise } from '../../packages/core/src/score/remote/language-models/listwise.ts'
import { llmPointwise } from '../../packages/core/src/score/remote/language-models/pointwise.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import type { Call, Scorer } from '../../packages/core/src/types.ts'
import { withCircuitBreaker } from '../../packages/core/src/wrap/breaker.ts'
import { withCache } from '../../packages/core/src/wrap/cache.ts'
import { withChunks } from '../../packages/core/src/wrap/chunk.ts'
import { withFallback } from '../../packages/core/src/wrap/fallback.ts'
import { callOf, readingNumbers, scorerOf } from '../contract/fake-scorer.ts'

const instruction = 'Prefer what holds in Germany.'

/** A scorer that heeds instructions, and keeps what it was told: its numbers depend on it. */
function listening(more: Partial<Scorer<'pair'>> = {}): Scorer<'pair'> & { readonly told: (string | undefined)[] } {
  const told: (string | undefined)[] = []
  const score = (_query: string, texts: readonly string[], call: Call): number[] => {
    told.push(call.instruction)
    return texts.map((text) => text.length + (call.instruction?.length ?? 0))
  }
  return Object.assign(scorerOf(score, { id: 'listening', takesInstruction: true, ...more }), { told })
}

describe('rerank(query, candidates, { instruction })', () => {
  it('tells the scorer, in this call and no other', async () => {
    const scorer = listening()
    const reranker = createReranker({ scorer })
    await reranker.rerank('q', ['a', 'b'], { instruction })
    await reranker.rerank('q', ['a', 'b'])
    expect(scorer.told).toEqual([instruction, undefined])
  })

  it.each([
    ['a scorer that says nothing', readingNumbers()],
    ['bm25', bm25()],
    ['a scorer that says no', listening({ takesInstruction: false })],
    ['a cache around one', withCache(readingNumbers(), new Map())],
    ['a fallback to one', withFallback(listening(), readingNumbers())],
    ['chunks of one', withChunks(readingNumbers())],
    ['a breaker before one', withCircuitBreaker(readingNumbers())],
  ])('is refused for %s, before it is asked', async (_what, scorer) => {
    let asked = 0
    const counting = { ...scorer, id: scorer.id, score: () => ((asked += 1), Promise.reject(new Error('asked'))) }
    const reranker = createReranker({ scorer: counting as Scorer, onError: 'keep-order' })
    await expect(reranker.rerank('q', ['a'], { instruction })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: `instruction is "${instruction}": ${scorer.id} takes none; leave it out`,
    })
    expect(asked).toBe(0)
  })

  it('is refused for a cascade of which one stage takes none', async () => {
    const reranker = createReranker({ stages: [{ scorer: bm25() }, { scorer: listening() }] })
    await expect(reranker.rerank('q', ['a'], { instruction })).rejects.toThrow(
      /bm25\(.*\) takes none; give it to the scorers that do, as their option$/,
    )
  })

  it.each([' ', '', 5, null])('must say something: %j is refused', async (wrong) => {
    const reranker = createReranker({ scorer: listening() })
    await expect(reranker.rerank('q', ['a'], { instruction: wrong as string })).rejects.toThrow(
      /^instruction is .*: pass a sentence, or leave it out$/,
    )
  })
})

describe('a scorer that is asked by itself', () => {
  it.each([
    ['bm25', bm25()],
    ['a cache', withCache(readingNumbers(), new Map())],
    ['a fallback', withFallback(listening(), readingNumbers())],
    ['chunks', withChunks(readingNumbers())],
  ])('refuses an instruction that it would not heed: %s', async (_what, scorer) => {
    await expect(scorer.score('q', ['a'], callOf({ instruction }))).rejects.toMatchObject({ code: 'invalid-argument' })
  })
})

describe('wrappers', () => {
  it.each<[string, (scorer: Scorer<'pair'>) => Scorer]>([
    ['withCache', (scorer) => withCache(scorer, new Map())],
    ['withChunks', (scorer) => withChunks(scorer)],
    ['withCircuitBreaker', (scorer) => withCircuitBreaker(scorer)],
    ['withFallback', (scorer) => withFallback(scorer, listening())],
  ])('%s hands it on', async (_name, wrap) => {
    const scorer = listening()
    await createReranker({ scorer: wrap(scorer) }).rerank('q', ['a'], { instruction })
    expect(scorer.told).toEqual([instruction])
  })

  it('withCache keeps the scores of each instruction apart, and from those without', async () => {
    const kept = new Map<string, unknown>()
    const scorer = listening()
    const reranker = createReranker({ scorer: withCache(scorer, kept) })
    const scoreOf = async (told?: string): Promise<number | undefined> =>
      (await reranker.rerank('q', ['a'], { instruction: told })).results[0]?.score
    const once = [await scoreOf(), await scoreOf(instruction), await scoreOf('Another.')]
    expect([await scoreOf(), await scoreOf(instruction), await scoreOf('Another.')]).toEqual(once)
    expect(new Set(once).size).toBe(3)
    expect(scorer.told).toEqual([undefined, instruction, 'Another.'])
    expect(kept.size).toBe(3)
  })

  it('withCache does not take an instruction for a part of a query', async () => {
    const kept = new Map<string, unknown>()
    const cached = withCache(listening({ id: 'x' }), kept)
    await cached.score('q', ['a'], callOf({ instruction: 'i' }))
    await cached.score('1:xq', ['a'], callOf())
    await cached.score('i1:i1:xq', ['a'], callOf())
    expect(kept.size).toBe(3)
  })
})

describe('language models', () => {
  it.each([
    [
      'llmListwise',
      (generate: (prompt: string) => Promise<string>) => llmListwise({ generate, instruction: 'Its own.' }),
    ],
    [
      'llmPointwise',
      (generate: (prompt: string) => Promise<string>) => llmPointwise({ generate, instruction: 'Its own.' }),
    ],
  ])('%s puts it where its own would stand', async (_name, make) => {
    const prompts: string[] = []
    const scorer = make(async (prompt) => (prompts.push(prompt), '1'))
    const reranker = createReranker({ scorer })
    await reranker.rerank('q', ['a', 'b'], { instruction })
    const [told = ''] = prompts
    await reranker.rerank('q', ['a', 'b'])
    expect(told).toContain(`\n${instruction}\n`)
    expect(told).not.toContain('Its own.')
    expect(prompts.at(-1)).toContain('\nIts own.\n')
  })

  it('whose next token decides do as well', async () => {
    const prompts: string[] = []
    const generateYesNo = async (prompt: string): Promise<{ yes: number; no: number }> => {
      prompts.push(prompt)
      return { yes: -1, no: -1 }
    }
    await createReranker({ scorer: llmPointwise({ generateYesNo }) }).rerank('q', ['a'], { instruction })
    expect(prompts[0]).toContain(`\n${instruction}\n`)
  })
})

describe('the bundled model', () => {
  it('takes none, and says so when it is asked, whatever onError says', async () => {
    await using reranker = createReranker({ scorer: crossEncoder({ model: 'bundled-tiny' }), onError: 'keep-order' })
    await expect(reranker.rerank('when does it turn off', ['a lamp'], { instruction })).rejects.toThrow(
      /^instruction is .*: .*model-en-tiny.* takes none; leave it out$/,
    )
    // And ranks the next call, which has none.
    expect((await reranker.rerank('when does it turn off', ['a lamp'])).report.stages[0]?.outcome).toBe('ranked')
  })
})
