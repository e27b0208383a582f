import fc from 'fast-check'
import { expect, it } from 'vitest'
import { toEdges } from '../../../packages/core/src/select/select.ts'
import { deepFreeze } from '../../fixtures/deep-freeze.ts'

it.each([
  [[], []],
  [[1], [1]],
  [
    [1, 2],
    [1, 2],
  ],
  [
    [1, 2, 3],
    [1, 3, 2],
  ],
  [
    [1, 2, 3, 4, 5, 6],
    [1, 3, 5, 6, 4, 2],
  ],
])('lays %j out as %j', (ranked, laidOut) => {
  expect(toEdges(ranked)).toEqual(laidOut)
})

it('is a permutation with the best first, the second best last, and ranks that rise and then fall', () => {
  fc.assert(
    fc.property(fc.nat(50), (length) => {
      const ranked = deepFreeze(Array.from({ length }, (_, at) => at + 1))
      const laidOut = toEdges(ranked)
      expect(laidOut.toSorted((a, b) => a - b)).toEqual(ranked)
      if (length > 0) expect(laidOut[0]).toBe(1)
      if (length > 1) expect(laidOut.at(-1)).toBe(2)
      const middle = laidOut.indexOf(length)
      expect(laidOut.slice(0, middle + 1)).toEqual(laidOut.slice(0, middle + 1).toSorted((a, b) => a - b))
      expect(laidOut.slice(middle)).toEqual(laidOut.slice(middle).toSorted((a, b) => b - a))
    }),
  )
})
