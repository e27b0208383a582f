import { describe, expect, it } from 'vitest'
import { asReranker } from '../../packages/core/src/adapt.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import type { Call } from '../../packages/core/src/types.ts'
import { scorerOf } from '../contract/fake-scorer.ts'
import { overlapScorer } from '../fixtures/overlap-scorer.ts'
import { query, texts } from '../fixtures/key-passages.ts'

describe('asReranker', () => {
  it('makes a reranker of options, and closes it', async () => {
    const scorer = overlapScorer()
    {
      await using reranker = asReranker({ scorer }, 'Adapter')
      await reranker.warmup()
      expect((await reranker.rerank(query, texts)).results).toHaveLength(texts.length)
    }
    expect([scorer.warmups, scorer.closes]).toEqual([1, 1])
  })

  it('takes a ready one, and leaves it open', async () => {
    const scorer = overlapScorer()
    const ready = createReranker({ scorer })
    const reranker = asReranker({ reranker: ready }, 'Adapter')
    await reranker.close()
    expect(scorer.closes).toBe(0)
    expect((await reranker.rerank(query, texts)).results).toEqual((await ready.rerank(query, texts)).results)
  })

  it.each(['made', 'ready'])('says topN, deadlineMs and instruction for every call of one that is %s', async (kind) => {
    const told: (string | undefined)[] = []
    const waits: number[] = []
    const scorer = scorerOf(
      (_query, some, call: Call) => {
        told.push(call.instruction)
        waits.push(call.deadline - call.now())
        return some.map((text) => text.length)
      },
      { takesInstruction: true },
    )
    const defaults = { topN: 2, deadlineMs: 10_000, instruction: 'Only rules.' }
    const source = kind === 'made' ? { scorer, ...defaults } : { reranker: createReranker({ scorer }), ...defaults }
    const reranker = asReranker(source, 'Adapter')
    expect((await reranker.rerank(query, texts)).results).toHaveLength(2)
    const own = { topN: 1, deadlineMs: Infinity, instruction: 'Only prices.' }
    expect((await reranker.rerank(query, texts, own)).results).toHaveLength(1)
    expect((await reranker.rerank(query, texts, { topN: undefined })).results).toHaveLength(2)
    expect(told).toEqual(['Only rules.', 'Only prices.', 'Only rules.'])
    expect(waits[0]).toBeLessThanOrEqual(10_000)
    expect(waits[1]).toBe(Infinity)
  })

  it('leaves the refusal of an instruction to the scorer that takes none', async () => {
    const reranker = asReranker({ scorer: overlapScorer(), instruction: 'Only rules.' }, 'Adapter')
    await expect(reranker.rerank(query, texts)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining('instruction is "Only rules.": '),
    })
  })

  it.each([
    [
      { reranker: createReranker({ scorer: overlapScorer() }), depth: 3 },
      'Adapter: depth given beside a ready reranker',
    ],
    [{ reranker: {} }, 'Adapter: reranker has no rerank(): pass what createReranker() returns'],
    [{ reranker: null }, 'Adapter: reranker has no rerank()'],
    [{ scorer: overlapScorer(), topn: 3 }, 'Adapter: options.topn is 3: there is no such option'],
    [{ scorer: overlapScorer(), depth: 0 }, 'Adapter: depth is 0: pass a whole number from 1'],
    [{ topN: 0 }, 'Adapter: topN is 0: pass a whole number from 1, or leave it out'],
    [{ deadlineMs: '5s' }, 'Adapter: deadlineMs is "5s": pass milliseconds'],
    [{ instruction: ' ' }, 'Adapter: instruction is " ": pass a sentence'],
    [{ timeoutMs: 80 }, 'Adapter: options.timeoutMs is 80: it is called deadlineMs now'],
    [null, 'Adapter: options is null: pass an object'],
    [['x'], 'Adapter: options is an array of 1: pass an object'],
  ])('refuses %o in words that begin with the adapter', (options, message) => {
    expect(() => asReranker(options as never, 'Adapter')).toThrow(
      expect.objectContaining({ code: 'invalid-argument', message: expect.stringContaining(message) }),
    )
  })
})
