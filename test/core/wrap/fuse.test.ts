import fc from 'fast-check'
import { describe, expect, expectTypeOf, it } from 'vitest'
import type { Candidate } from '../../../packages/core/src/types.ts'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import { agreement } from '../../../packages/core/src/skip/first-stage.ts'
import { type FusedCandidate, reciprocalRankFusion } from '../../../packages/core/src/wrap/fuse.ts'
import { readingNumbers } from '../../contract/fake-scorer.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'

const textsOf = (fused: readonly FusedCandidate[]): string[] => fused.map(({ text }) => text)

describe('reciprocalRankFusion', () => {
  it('adds up 1 / (k + place) over the lists', () => {
    const fused = reciprocalRankFusion([
      ['a', 'b', 'c'],
      ['c', 'a'],
    ])
    expect(textsOf(fused)).toEqual(['a', 'c', 'b'])
    expect(fused.map(({ score }) => score)).toEqual([1 / 61 + 1 / 62, 1 / 63 + 1 / 61, 1 / 62])
    expect(fused.map(({ ranks }) => ranks)).toEqual([
      [1, 2],
      [3, 1],
      [2, undefined],
    ])
  })

  it('knows candidates by id, keeps the first object, and every score', () => {
    const lexical = deepFreeze([
      { id: '1', text: 'one', score: 12.5, page: 4 },
      { id: '2', text: 'two', score: 3, page: 5 },
    ])
    const dense = deepFreeze([
      { id: '2', text: 'two (chunk)', score: 0.9, page: 6 },
      { id: '3', text: 'three', page: 7 },
    ])
    const [two, one, three] = reciprocalRankFusion([lexical, dense])
    expect(two).toEqual({
      id: '2',
      text: 'two',
      score: 1 / 62 + 1 / 61,
      candidate: lexical[1],
      ranks: [2, 1],
      scores: [3, 0.9],
    })
    expect(two?.candidate).toBe(lexical[1])
    expect(one?.scores).toEqual([12.5, undefined])
    expect(three).toMatchObject({ ranks: [undefined, 2], scores: [undefined, undefined] })
    expectTypeOf(two?.candidate.page).toEqualTypeOf<number | undefined>()
  })

  it('weighs lists, takes k, and any notion of the same', () => {
    expect(textsOf(reciprocalRankFusion([['a'], ['b']], { weights: [1, 2] }))).toEqual(['b', 'a'])
    expect(reciprocalRankFusion([['a']], { k: 0 })[0]?.score).toBe(1)
    expect(textsOf(reciprocalRankFusion([['a', 'A', 'b'], ['B']], { key: ({ text }) => text.toLowerCase() }))).toEqual([
      'b',
      'a',
    ])
  })

  it('counts a candidate once a list, at its best place', () => {
    const [a] = reciprocalRankFusion([['a', 'a', 'a']])
    expect([a?.score, a?.ranks]).toEqual([1 / 61, [1]])
    expect(
      textsOf(reciprocalRankFusion<string | Candidate>([['id x', 'text x'], [{ text: 'y', id: 'x' }]])),
    ).toHaveLength(3)
  })

  it('of nothing is nothing', () => {
    expect(reciprocalRankFusion([])).toEqual([])
    expect(reciprocalRankFusion([[], []])).toEqual([])
  })

  it('loses nothing, invents nothing, and is sorted, for any lists', () => {
    const lists = fc.array(fc.array(fc.constantFrom<string>('a', 'b', 'c', 'd', 'e')), { maxLength: 4 })
    fc.assert(
      fc.property(lists, (given) => {
        deepFreeze(given)
        const fused = reciprocalRankFusion(given)
        expect(textsOf(fused).toSorted()).toEqual([...new Set(given.flat())].toSorted())
        for (const { text, score, ranks } of fused) {
          const slow = given.reduce((sum, list) => sum + (list.includes(text) ? 1 / (61 + list.indexOf(text)) : 0), 0)
          expect(score).toBeCloseTo(slow, 12)
          expect(ranks).toEqual(given.map((list) => (list.includes(text) ? list.indexOf(text) + 1 : undefined)))
        }
        expect(fused.map(({ score }) => score)).toEqual(fused.map(({ score }) => score).toSorted((a, b) => b - a))
      }),
    )
  })

  it('feeds the reranker, and tells a policy whether the retrievers agree', async () => {
    const fused = reciprocalRankFusion([
      ['a 1', 'b 2'],
      ['a 1', 'b 2'],
    ])
    const skip = agreement<FusedCandidate>({ other: ({ ranks }) => ranks[1] && -ranks[1], atLeast: 1 })
    const { results, report } = await createReranker({ scorer: readingNumbers(), skip }).rerank('q', fused)
    expect(report.stages[0]).toMatchObject({ outcome: 'skipped', skipReason: { policy: 'agreement' } })
    expect(results[0]?.candidate.candidate.text).toBe('a 1')
    expect(results[0]?.firstStageScore).toBe(2 / 61)
  })

  it.each([
    [() => reciprocalRankFusion('ab' as never), 'lists is "ab"'],
    [() => reciprocalRankFusion(['ab'] as never), 'lists[0] is "ab": pass an array of candidates'],
    [() => reciprocalRankFusion([['a', 5 as never]]), 'lists[0][1] is 5: pass a string or an object with a text'],
    [() => reciprocalRankFusion([[{ text: 'a', score: Number.NaN }]]), 'lists[0][0].score is NaN'],
    [() => reciprocalRankFusion([['a']], { k: -1 }), 'k is -1'],
    [
      () => reciprocalRankFusion([['a']], { weights: [1, 2] }),
      'weights is an array of 2: pass one number per list, 1 in all',
    ],
    [() => reciprocalRankFusion([['a']], { weights: [-1] }), 'weights[0] is -1'],
  ])('refuses what cannot be fused: %s', (fuse, message) => {
    expect(fuse).toThrow(message)
    expect(fuse).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
