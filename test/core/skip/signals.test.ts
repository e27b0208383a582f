import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { calibrated } from '../../../packages/core/src/skip/calibrated.ts'
import {
  aboveThreshold,
  agreement,
  agreementSignal,
  clearMargin,
  marginSignal,
  scoreShape,
  shapeSignal,
  topScoreSignal,
} from '../../../packages/core/src/skip/first-stage.ts'
import type { Signal } from '../../../packages/core/src/skip/policy.ts'
import { keywordQuery, queryLengthSignal } from '../../../packages/core/src/skip/query.ts'
import type { Candidate, Pool, SkipPolicy } from '../../../packages/core/src/types.ts'

interface Hit extends Candidate {
  readonly lexical?: number | undefined
}

/** Few values, so that ties and hits right on a threshold are common. */
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -50, max: 50, noNaN: true }))
const pools: fc.Arbitrary<Pool> = fc.record({
  query: fc.oneof(fc.string(), fc.constantFrom('TD-4130', 'two words', 'why so?', '', 'a b c d', 'x '.repeat(150))),
  candidates: fc.array(
    fc.record({
      text: fc.constant('t'),
      score: fc.option(score, { freq: 20, nil: undefined }),
      lexical: fc.option(score, { freq: 5, nil: undefined }),
    }),
    { maxLength: 8 },
  ),
  scorerId: fc.constant('fake'),
})
const other = ({ lexical }: Hit): number | undefined => lexical

/** Each signal beside the policy that is written by hand with the same threshold. */
const pairs: readonly (readonly [name: string, signal: Signal, byHand: (threshold: number) => SkipPolicy])[] = [
  ['margin', marginSignal(), (margin) => clearMargin({ margin })],
  [
    'relative margin over the second',
    marginSignal({ place: 2, relative: true }),
    (margin) => clearMargin({ margin, place: 2, relative: true }),
  ],
  [
    'margin of distances',
    marginSignal({ higherIsBetter: false }),
    (margin) => clearMargin({ margin, higherIsBetter: false }),
  ],
  ['top score', topScoreSignal(), (threshold) => aboveThreshold({ threshold })],
  [
    'top distance',
    topScoreSignal({ higherIsBetter: false }),
    (threshold) => aboveThreshold({ threshold: -threshold, higherIsBetter: false }),
  ],
  ['shape', shapeSignal(), (atLeast) => scoreShape({ atLeast })],
  [
    'shape of 4 distances',
    shapeSignal({ k: 4, higherIsBetter: false }),
    (atLeast) => scoreShape({ atLeast, k: 4, higherIsBetter: false }),
  ],
  ['agreement', agreementSignal<Hit>({ other, k: 3 }), (atLeast) => agreement<Hit>({ other, atLeast, k: 3 })],
  ['query length', queryLengthSignal(), (value) => keywordQuery({ maxWords: -value, identifiers: false })],
]

describe.each(pairs)('the signal and the policy of: %s', (name, signal, byHand) => {
  /** A number that the policy takes as its threshold. */
  const lawful = (threshold: number): number => {
    if (name === 'query length') return -Math.abs(Math.round(threshold))
    if (name.includes('margin')) return Math.abs(threshold) || 1
    return name === 'agreement' ? Math.min(1, Math.abs(threshold) || 0.5) : threshold
  }

  it('skip on the same side of a threshold, from a file and by hand', () => {
    fc.assert(
      fc.property(pools, score, (pool, drawn) => {
        const value = signal.measure(pool)
        for (const threshold of [drawn, value ?? drawn, (value ?? drawn) * (1 + Number.EPSILON)].map(lawful)) {
          const expected = value !== undefined && value >= threshold
          const skip = signal.policy?.(threshold)
          const ofFile = calibrated({ version: 1, scorerId: 'fake', skip }, { other: other as never })
          expect(ofFile(pool) !== undefined).toBe(expected)
          expect(byHand(threshold)(pool)).toEqual(ofFile(pool))
        }
      }),
    )
  })

  it('have a value that is exactly on the threshold, and skip there', () => {
    let hits = 0
    fc.assert(
      fc.property(pools, (pool) => {
        const value = signal.measure(pool)
        if (value === undefined || lawful(value) !== value) return
        hits += 1
        expect(byHand(value)(pool)).toBeDefined()
      }),
      { numRuns: 300, seed: 1 },
    )
    expect(hits).toBeGreaterThan(5)
  })
})

it('signals refuse a sample that holds no finite score', () => {
  const pool = {
    query: 'q',
    candidates: [
      { text: 't', score: Number.NaN },
      { text: 't', score: 1 },
    ],
  }
  expect(() => topScoreSignal().measure(pool)).toThrow('the score of candidate 0 is NaN: pass a finite number')
})
