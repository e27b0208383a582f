import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkNumbers, orderByDescending, probabilities } from '../../packages/core/src/order.ts'
import { readingNumbers } from '../contract/fake-scorer.ts'

describe('orderByDescending', () => {
  it('puts the highest first and keeps the order found among equals', () => {
    expect(orderByDescending([1, 3, 2, 3, 1])).toEqual([1, 3, 2, 0, 4])
    expect(orderByDescending([0, -0, 0])).toEqual([0, 1, 2])
    expect(orderByDescending([])).toEqual([])
  })

  it('equals a slow stable sort on any finite numbers', () => {
    const numbers = fc.array(
      fc.oneof(fc.double({ noNaN: true, noDefaultInfinity: true }), fc.integer({ min: -2, max: 2 })),
    )
    fc.assert(
      fc.property(numbers, (keys) => {
        const rest = keys.map((key, at) => ({ key, at }))
        const slow: number[] = []
        while (rest.length > 0) {
          let best = 0
          rest.forEach(({ key }, at) => (best = key > (rest[best]?.key as number) ? at : best))
          slow.push((rest.splice(best, 1)[0] as { at: number }).at)
        }
        expect(orderByDescending(keys)).toEqual(slow)
      }),
    )
  })

  it('does not change what it reads', () => {
    expect(orderByDescending(Object.freeze([1, 2]) as number[])).toEqual([1, 0])
  })
})

describe('checkNumbers', () => {
  const check = (numbers: unknown, count: number) => (): void => checkNumbers(numbers, count, readingNumbers())

  it('accepts as many finite numbers as texts, in any kind of array', () => {
    expect(check([1, -2, 0], 3)).not.toThrow()
    expect(check(Float32Array.of(1, 2), 2)).not.toThrow()
    expect(check([], 0)).not.toThrow()
  })

  it.each([
    ['too few', [1], 'gave 1 scores for 2 texts'],
    ['too many', [1, 2, 3], 'gave 3 scores for 2 texts'],
    ['NaN', [1, Number.NaN], 'gave NaN as the score of text 1'],
    ['infinite', [Infinity, 1], 'gave Infinity as the score of text 0'],
    ['text', ['1', 2], 'gave "1" as the score of text 0'],
    ['a hole', Array(2), 'gave undefined as the score of text 0'],
    ['nothing', undefined, 'answered with undefined'],
    ['an object', { 0: 1, 1: 2, length: 2 }, 'answered with an object'],
  ])('names the scorer and what is wrong: %s', (_, numbers, message) => {
    expect(check(numbers, 2)).toThrow(message)
    expect(check(numbers, 2)).toThrow('The scorer fake')
    expect(check(numbers, 2)).toThrow(expect.objectContaining({ code: 'scorer' }))
  })
})

describe('probabilities', () => {
  it('maps every number, and gives nothing when the scorer has none', () => {
    expect(probabilities([0, 1], readingNumbers())).toBeUndefined()
    expect(probabilities([0, 1], readingNumbers({ toProbability: (score) => score / 2 }))).toEqual([0, 0.5])
  })

  it.each([1.5, -0.1, Number.NaN])('refuses %d', (bad) => {
    expect(() => probabilities([3], readingNumbers({ toProbability: () => bad }))).toThrow(
      'maps the score 3 to the probability',
    )
  })
})
