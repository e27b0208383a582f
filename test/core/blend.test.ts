import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minMax, mix, onlyRise } from '../../packages/core/src/blend.ts'

describe('minMax', () => {
  it('spreads numbers over 0..1', () => {
    expect(minMax([2, 6, 4])).toEqual([0, 1, 0.5])
    expect(minMax([-1, -3])).toEqual([1, 0])
    expect(minMax([])).toEqual([])
  })

  it('says nothing when all are equal', () => {
    expect(minMax([7, 7])).toEqual([0, 0])
    expect(minMax([7])).toEqual([0])
  })

  it('stays in 0..1 and keeps the order for any finite numbers, huge and tiny ones included', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2 }), (numbers) => {
        const spread = minMax(numbers)
        spread.forEach((value, at) => {
          expect(value).toBeGreaterThanOrEqual(0)
          expect(value).toBeLessThanOrEqual(1)
          spread.forEach((other, place) => {
            if ((numbers[at] as number) < (numbers[place] as number)) expect(value).toBeLessThanOrEqual(other)
          })
        })
      }),
    )
  })

  it('reads a list that would overflow the stack as arguments', () => {
    expect(minMax(Array.from({ length: 300_000 }, (_, at) => at)).at(-1)).toBe(1)
  })
})

describe('mix', () => {
  it('weighs the scorer against the first stage, both spread over 0..1', () => {
    expect(mix({ weight: 0.5 }, [0, 10, 5], [8, 4, 6])).toEqual([0.5, 0.5, 0.5])
    expect(mix({ weight: 0.25 }, [0, 4], [3, 1])).toEqual([0.75, 0.25])
  })

  it('is the scorer alone at 1 and the first stage alone at 0', () => {
    expect(mix({ weight: 1 }, [3, 9, 6], [1, 2, 3])).toEqual([0, 1, 0.5])
    expect(mix({ weight: 0 }, [3, 9, 6], [1, 2, 3])).toEqual([0, 0.5, 1])
  })

  it('turns distances around', () => {
    expect(mix({ weight: 0, higherIsBetter: false }, [1, 2], [0.2, 0.9])).toEqual([1, 0])
  })

  it('is off when any first-stage score is missing', () => {
    expect(mix({ weight: 0.5 }, [1, 2], [1, undefined])).toBeUndefined()
  })
})

describe('onlyRise', () => {
  it.each([
    [[0.1, 0.2, 0.2, 0.9], true],
    [[0.9, 0.2, 0.1], false],
    [[0.1, 0.3, 0.2], false],
    [[0.5, 0.5, 0.5], false],
    [[0.1, 0.2], false],
    [[0.1, undefined, 0.3], false],
    [[], false],
  ])('%j → %j', (scores, expected) => {
    expect(onlyRise(scores)).toBe(expected)
  })
})
