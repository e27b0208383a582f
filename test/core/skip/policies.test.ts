import { describe, expect, it } from 'vitest'
import type { Pool } from '../../../packages/core/src/types.ts'
import { allOf, anyOf, not, smallPool } from '../../../packages/core/src/skip/policy.ts'
import { aboveThreshold, clearMargin } from '../../../packages/core/src/skip/first-stage.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'

/** A pool with these first-stage scores, in this order. */
const pool = (...scores: (number | undefined)[]): Pool =>
  deepFreeze({
    query: 'q',
    scorerId: 'fake',
    candidates: scores.map((score, at) => (score === undefined ? { text: `${at}` } : { text: `${at}`, score })),
  })

describe('aboveThreshold', () => {
  it('skips when the top reaches the threshold, and gives both numbers', () => {
    const policy = aboveThreshold({ threshold: 0.8 })
    expect(policy(pool(0.8, 0.5))).toEqual({
      policy: 'above-threshold',
      evidence: { top: 0.8, threshold: 0.8, higherIsBetter: true },
    })
    expect(policy(pool(0.79, 0.5))).toBeUndefined()
  })

  it('reads distances the other way round', () => {
    const policy = aboveThreshold({ threshold: 0.2, higherIsBetter: false })
    expect(policy(pool(0.1, 0.9))?.evidence).toEqual({ top: 0.1, threshold: 0.2, higherIsBetter: false })
    expect(policy(pool(0.3, 0.9))).toBeUndefined()
  })

  it('judges what would stay on top, not the best score somewhere below', () => {
    expect(aboveThreshold({ threshold: 0.8 })(pool(0.1, 0.9))).toBeUndefined()
  })
})

describe('clearMargin', () => {
  it('compares the top with the third unless told otherwise', () => {
    expect(clearMargin({ margin: 3 })(pool(10, 9, 7, 1))).toEqual({
      policy: 'clear-margin',
      evidence: { top: 10, rival: 7, place: 3, lead: 3, margin: 3, relative: false, higherIsBetter: true },
    })
    expect(clearMargin({ margin: 3.01 })(pool(10, 9, 7, 1))).toBeUndefined()
    expect(clearMargin({ margin: 1, place: 2 })(pool(10, 9, 7))?.evidence).toMatchObject({ rival: 9, lead: 1 })
  })

  it('takes the lead as a share of the larger score', () => {
    const policy = clearMargin({ margin: 0.5, place: 2, relative: true })
    expect(policy(pool(10, 5))?.evidence).toMatchObject({ lead: 0.5 })
    expect(policy(pool(10, 6))).toBeUndefined()
    expect(policy(pool(0, 0))).toBeUndefined()
    expect(policy(pool(-1, -2))?.evidence).toMatchObject({ lead: 0.5 })
  })

  it('reads distances the other way round and shows them as they were', () => {
    const policy = clearMargin({ margin: 0.3, place: 2, higherIsBetter: false })
    expect(policy(pool(0.25, 0.75))?.evidence).toMatchObject({ top: 0.25, rival: 0.75, lead: 0.5 })
    expect(policy(pool(0.75, 0.25))).toBeUndefined()
  })

  it('needs as many candidates as it compares', () => {
    expect(clearMargin({ margin: 0.1 })(pool(9, 1))).toBeUndefined()
  })

  it('demands the lead over everything below when the list is not sorted', () => {
    expect(clearMargin({ margin: 1 })(pool(10, 1, 1, 12))).toBeUndefined()
  })
})

describe('smallPool', () => {
  it('skips below the size', () => {
    expect(smallPool({ size: 3 })(pool(1, 2))).toEqual({ policy: 'small-pool', evidence: { candidates: 2, size: 3 } })
    expect(smallPool({ size: 3 })(pool(1, 2, 3))).toBeUndefined()
  })

  it('needs no scores', () => {
    expect(smallPool({ size: 3 })(pool(undefined))).toBeDefined()
  })
})

describe('missing scores', () => {
  const easy = [
    aboveThreshold({ threshold: -1e9 }),
    aboveThreshold({ threshold: 1e9, higherIsBetter: false }),
    clearMargin({ margin: 1e-9, place: 2 }),
    not(aboveThreshold({ threshold: 1e9 })),
    not(clearMargin({ margin: 1e9, place: 2 })),
    not(anyOf(aboveThreshold({ threshold: 1e9 }), smallPool({ size: 1 }))),
    not(not(clearMargin({ margin: 1e-9, place: 2 }))),
    allOf(smallPool({ size: 99 }), aboveThreshold({ threshold: -1e9 })),
  ]

  it.each(easy.map((policy) => [policy.name, policy] as const))('never cause a skip: %s', (_, policy) => {
    expect(policy(pool(undefined, undefined, undefined))).toBeUndefined()
    expect(policy(pool(3, undefined, 1))).toBeUndefined()
    expect(policy(pool(undefined, 2, 1))).toBeUndefined()
    expect(policy(pool())).toBeUndefined()
  })

  it('are the only thing in the way: with scores the same policies skip', () => {
    // A distance that rises and a similarity that falls cannot both be had in one pool.
    for (const policy of easy) expect(policy(pool(3, 2, 1)) ?? policy(pool(1, 2, 3)), policy.name).toBeDefined()
  })
})

describe('scores that only get better down the list', () => {
  // A retriever puts its best first: these directions were named wrongly.
  const wrongly = [
    ['distances taken for similarities', aboveThreshold({ threshold: 0.1 }), [0.2, 0.5, 0.9]],
    [
      'negated distances taken for distances',
      aboveThreshold({ threshold: 0.2, higherIsBetter: false }),
      [-0.2, -0.5, -0.9],
    ],
    ['similarities taken for distances', aboveThreshold({ threshold: 1, higherIsBetter: false }), [0.9, 0.5, 0.2]],
  ] as const

  it.each(wrongly)('are no evidence: %s', (_, policy, scores) => {
    expect(policy(pool(...scores))).toBeUndefined()
    expect(policy(pool(...scores.toReversed()))).toBeDefined()
  })
})

describe('combinations', () => {
  const yes = smallPool({ size: 99 })
  const no = smallPool({ size: 1 })

  it('anyOf gives the first reason', () => {
    expect(anyOf(no, yes)(pool(1))).toEqual(yes(pool(1)))
    expect(anyOf(no, no)(pool(1))).toBeUndefined()
  })

  it('allOf gives all the evidence, each under its policy', () => {
    expect(allOf(yes, aboveThreshold({ threshold: 1 }))(pool(2))).toEqual({
      policy: 'all-of',
      evidence: {
        'small-pool.candidates': 1,
        'small-pool.size': 99,
        'above-threshold.top': 2,
        'above-threshold.threshold': 1,
        'above-threshold.higherIsBetter': true,
      },
    })
    expect(allOf(yes, no)(pool(1))).toBeUndefined()
  })

  it('not turns a decision round and keeps its evidence', () => {
    expect(not(no)(pool(1))).toEqual({ policy: 'not small-pool', evidence: { candidates: 1, size: 1 } })
    expect(not(yes)(pool(1))).toBeUndefined()
    expect(not(not(yes))(pool(1))?.policy).toBe('not not small-pool')
  })

  it('takes plain functions', () => {
    const alwaysSkip = (): { policy: string; evidence: object & {} } => ({ policy: 'mine', evidence: {} })
    const neverSkip = (): undefined => undefined
    expect(anyOf(neverSkip, alwaysSkip as never)(pool(1))?.policy).toBe('mine')
    expect(not(neverSkip)(pool(1))).toEqual({ policy: 'not neverSkip', evidence: {} })
  })
})

describe('wrong options', () => {
  it.each([
    [() => aboveThreshold({ threshold: Number.NaN }), 'threshold is NaN: pass a finite number'],
    [() => aboveThreshold({} as never), 'threshold is undefined'],
    [
      () => aboveThreshold({ threshold: 1, higherIsBetter: 'no' as never }),
      'higherIsBetter is "no": pass true or false',
    ],
    [() => aboveThreshold(undefined as never), 'options is undefined'],
    [() => clearMargin({ margin: 0 }), 'margin is 0: pass a number above 0'],
    [() => clearMargin({ margin: 1, place: 1 }), 'place is 1: pass a whole number from 2'],
    [() => clearMargin({ margin: 1, top: 3 } as never), 'options.top is 3: there is no such option; use margin, place'],
    [() => smallPool({ size: 2.5 }), 'size is 2.5: pass a whole number from 1'],
    [() => anyOf(), 'pass at least one policy'],
    [() => allOf(undefined as never), 'allOf: policy 1 is undefined: pass a function'],
    [() => not('x' as never), 'pass a function'],
  ])('%s', (make, message) => {
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })
})
