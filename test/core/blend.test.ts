import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { minMax, mix, orderHead, zScores } from '../../packages/core/src/order.ts'
import type { Blend } from '../../packages/core/src/types.ts'
import { onlyRise } from '../../packages/core/src/base/check.ts'

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

describe('zScores', () => {
  it('are distances from the mean in standard deviations', () => {
    const [low, middle, high] = zScores([2, 4, 6]) as [number, number, number]
    expect([low, middle, high]).toEqual([-high, 0, high])
    expect(high).toBeCloseTo(Math.sqrt(3 / 2), 12)
    expect(zScores([5, 5])).toEqual([0, 0])
    expect(zScores([])).toEqual([])
  })

  it('have mean 0 and deviation 1 for any finite numbers that differ', () => {
    const numbers = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 2, maxLength: 50 })
    fc.assert(
      fc.property(numbers, (values) => {
        const scores = zScores(values)
        if (scores.every((score) => score === 0)) return
        expect(scores.reduce((sum, score) => sum + score, 0) / scores.length).toBeCloseTo(0, 6)
        expect(scores.reduce((sum, score) => sum + score ** 2, 0) / scores.length).toBeCloseTo(1, 6)
      }),
    )
  })
})

describe('mix', () => {
  it('listens less to one far-off score with z-scores than with min-max', () => {
    const [ours, theirs] = [
      [5, 9, 7, 6, 4],
      [3, 3.1, 3.2, 3.05, 30],
    ]
    const first = (normalize: 'min-max' | 'z-score'): number => {
      const mixed = mix({ weight: 0.48, normalize }, ours, theirs)
      return mixed.indexOf(Math.max(...mixed))
    }
    expect(first('min-max')).toBe(4)
    expect(first('z-score')).toBe(1)
    expect(mix({ weight: 1, normalize: 'z-score' }, [3, 9, 6], [1, 2, 3])).toEqual(zScores([3, 9, 6]))
    expect(mix({ weight: 0, normalize: 'z-score' }, [3, 9, 6], [1, 2, 3])).toEqual(zScores([1, 2, 3]))
  })

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
})

describe('orderHead', () => {
  const head = { numbers: [1, 3, 2], firstStage: [9, 1, 8], inputScores: [9, 1, 8] }

  it('orders by the numbers of the scorer alone when nothing is to be mixed', () => {
    expect(orderHead(head)).toEqual({ order: [1, 2, 0] })
  })

  it('orders by the mix, and hands it over in the order of the head', () => {
    expect(orderHead({ ...head, blend: { weight: 0.25 } })).toEqual({
      order: [2, 0, 1],
      blended: [0.75, 0.25, 0.78125],
      blendWeight: 0.25,
    })
  })

  it('mixes nothing when a first-stage score is missing, and says so', () => {
    const firstStage = [9, undefined, 8]
    expect(orderHead({ ...head, firstStage, blend: { weight: 0.5 } })).toEqual({
      order: [1, 2, 0],
      blendOmitted: 'missing-score',
    })
  })

  it('mixes no scores that only rise unless it is told what they are', () => {
    const rising = { numbers: [1, 3, 2], firstStage: [1, 2, 3], inputScores: [1, 2, 3] }
    expect(orderHead({ ...rising, blend: { weight: 0.5 } })).toEqual({
      order: [1, 2, 0],
      blendOmitted: 'rising-scores',
    })
    expect(orderHead({ ...rising, blend: { weight: 0.5, higherIsBetter: true } }).blended).toHaveLength(3)
  })

  it('keeps equals in the order found', () => {
    expect(orderHead({ numbers: [1, 1, 1], firstStage: [1, 2, 3], inputScores: [1, 2, 3] }).order).toEqual([0, 1, 2])
  })
})

describe('a share for each kind of search', () => {
  const weight = { lexical: 0.75, fused: 0.5, other: 0.125 }
  const weightOf = (scores: readonly (number | undefined)[], blend: Partial<Blend> = {}): number | undefined => {
    const head = scores.slice(0, 2)
    return orderHead({ numbers: [1, 2], firstStage: head, blend: { weight, ...blend }, inputScores: scores })
      .blendWeight
  }

  it.each([
    ['counted words', [12, 7, 3], 0.75],
    ['counted words, the last without any', [1.6, 0.4, 0], 0.75],
    ['a head too close together to tell, in an input that is not', [12, 11.9, 3], 0.75],
    ['cosines, one a little above 1', [1.0000002, 0.5, 0.2], 0.125],
    ['ranks fused', [0.033, 0.031, 0.016], 0.5],
    ['ranks of six lists fused', [6 / 61, 2 / 61, 1 / 160], 0.5],
    ['cosines that are as small, one of them none', [0.09, 0.04, 0], 0.125],
    ['cosines that are nearly as small', [0.11, 0.04, 0.01], 0.125],
    ['inner products of dense vectors', [92, 91, 88], 0.125],
    ['log-probabilities', [-0.1, -2, -5], 0.125],
    ['logits of another model', [4.2, 1.1, -3], 0.125],
  ])('%s', (_, scores, expected) => {
    expect(weightOf(scores)).toBe(expected)
  })

  it('takes the smaller share behind distances, which count no words', () => {
    expect(weightOf([3, 2, 1], { higherIsBetter: false })).toBe(0.125)
    expect(weightOf([0.03, 0.02, 0.01], { higherIsBetter: false })).toBe(0.125)
  })

  it('takes that of any other search behind fused ranks where there is none for them', () => {
    const shares: Partial<Blend> = { weight: { lexical: 0.75, other: 0.125 } }
    expect(weightOf([0.033, 0.031, 0.016], shares)).toBe(0.125)
    expect(weightOf([0.033, 0.031, 0.016], { weight: { lexical: 0.75, other: 0.125, fused: undefined } })).toBe(0.125)
  })

  it('looks past candidates without a score behind the head', () => {
    expect(weightOf([12, 11, undefined, 2])).toBe(0.75)
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
