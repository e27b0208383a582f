import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPermutation } from '../../../../../packages/core/src/score/remote/language-models/listwise.ts'
import { slidingWindows } from '../../../../../packages/core/src/score/remote/language-models/listwise.ts'
import { cpuMsOf } from '../../../../fixtures/cpu-time.ts'

/** Strings like those that models write, besides any string at all. */
const answers = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 200 }),
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc
    .array(
      fc.constantFrom('[', ']', ' > ', '>', ' ', '\n', ',', '</think>', 'I cannot', '０１', '99999999999999999999'),
    )
    .map((parts) => parts.join('')),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('[', '', '【'),
        fc.integer({ min: -3, max: 30 }),
        fc.constantFrom(']', '', '] > ', ', '),
      ),
    )
    .map((parts) => parts.flat().join('')),
)
const sizes = fc.integer({ min: 0, max: 25 })
const range = (size: number): number[] => Array.from({ length: size }, (_, at) => at)

describe('permutation', () => {
  it('makes of any string an order in which nothing is lost and nothing stands twice', () => {
    fc.assert(
      fc.property(answers, sizes, (answer, size) => {
        const { order, named } = readPermutation(answer, size)
        expect(order.toSorted((a, b) => a - b)).toEqual(range(size))
        expect(named).toBeLessThanOrEqual(size)
      }),
      { numRuns: 2000 },
    )
  })

  it('keeps the order of what is not named, behind what is', () => {
    fc.assert(
      fc.property(answers, sizes, (answer, size) => {
        const { order, named } = readPermutation(answer, size)
        const rest = order.slice(named)
        expect(rest.toSorted((a, b) => a - b)).toEqual(rest)
      }),
      { numRuns: 2000 },
    )
  })

  it('reads every order back that is written in the form asked for, and finds nothing wrong with it', () => {
    const orders = fc
      .integer({ min: 1, max: 25 })
      .chain((size) => fc.shuffledSubarray(range(size), { minLength: size }))
    fc.assert(
      fc.property(orders, (order) => {
        const answer = order.map((position) => `[${position + 1}]`).join(' > ')
        expect(readPermutation(answer, order.length)).toEqual({ order, named: order.length })
      }),
    )
  })

  it.each<[string, number, number[], string | undefined]>([
    ['[2] > [3] > [1]', 3, [1, 2, 0], undefined],
    ['2 > 3 > 1', 3, [1, 2, 0], undefined],
    ['［２］＞［３］＞［１］', 3, [1, 2, 0], undefined],
    ['[2]>[3]\n>\n[1]\n', 3, [1, 2, 0], undefined],
    ['<think>[1] > [2] > [3]? No.</think>\n\n[3] > [1] > [2]', 3, [2, 0, 1], undefined],
    ['[3]', 3, [2, 0, 1], 'missing'],
    ['[3] > [3] > [1]', 3, [2, 0, 1], 'repetition'],
    ['[3] > [3] > [1] > [2]', 3, [2, 0, 1], 'repetition'],
    ['[3] > [4] > [0] > [1]', 3, [2, 0, 1], 'wrongFormat'],
    ['[3, 1, 2]', 3, [2, 0, 1], 'wrongFormat'],
    ['The best is [3], then comes [1].', 3, [2, 0, 1], 'wrongFormat'],
    ['The order of these 3 passages is:\n**[2] > [3] > [1]**\nPassage [1] is off topic.', 3, [1, 2, 0], 'wrongFormat'],
    ['For example [1] > [2], but here: [3] > [1] > [2]', 3, [2, 0, 1], 'wrongFormat'],
    ['I cannot rank these 3 passages, sorry. 2 of them are about lamps.', 3, [0, 1, 2], 'wrongFormat'],
    ['', 3, [0, 1, 2], 'wrongFormat'],
    ['', 0, [], undefined],
  ])('%j of %i', (answer, size, order, fault) => {
    const read = readPermutation(answer, size)
    expect(read.order).toEqual(order)
    expect(read.fault).toBe(fault)
  })

  it.each([['1'.repeat(2_000_000)], ['[1] > '.repeat(300_000)], [' '.repeat(2_000_000)], ['[['.repeat(1_000_000)]])(
    'takes time in proportion to a very long answer',
    (answer) => {
      expect(cpuMsOf(() => expect(readPermutation(answer, 3).order).toHaveLength(3))).toBeLessThan(10_000)
    },
  )
})

describe('slidingWindows', () => {
  it('goes from the bottom up in strides, and always reaches the head', () => {
    expect(slidingWindows(100, 20, 10).map(({ start }) => start)).toEqual([80, 70, 60, 50, 40, 30, 20, 10, 0])
    // The head of a list that does not divide, and a list shorter than a window: what RankGPT's own loop leaves out.
    expect(slidingWindows(25, 20, 10)).toEqual([
      { start: 5, end: 25 },
      { start: 0, end: 15 },
    ])
    expect(slidingWindows(7, 20, 10)).toEqual([{ start: 0, end: 7 }])
    expect(slidingWindows(20, 20, 10)).toHaveLength(1)
    expect(slidingWindows(1, 20, 10)).toEqual([])
    expect(slidingWindows(0, 20, 10)).toEqual([])
  })

  it('covers the list, and lets the best of the bottom reach the head, whatever the lengths', () => {
    const shapes = fc
      .record({ length: fc.integer({ min: 2, max: 120 }), windowSize: fc.integer({ min: 2, max: 30 }) })
      .chain((shape) => fc.record({ ...mapped(shape), stride: fc.integer({ min: 1, max: shape.windowSize - 1 }) }))
    fc.assert(
      fc.property(shapes, ({ length, windowSize, stride }) => {
        const windows = slidingWindows(length, windowSize, stride)
        const covered = new Set(windows.flatMap(({ start, end }) => range(end).slice(start)))
        expect(covered.size).toBe(length)
        expect(windows.every(({ start, end }) => start >= 0 && end - start <= windowSize && end - start >= 1)).toBe(
          true,
        )
        // A perfect judge sorts each window: the best of all, at the bottom, ends at the head.
        const list = range(length)
        for (const { start, end } of windows)
          list.splice(start, end - start, ...list.slice(start, end).toSorted((a, b) => b - a))
        expect(list[0]).toBe(length - 1)
      }),
    )
  })
})

const mapped = <T extends Record<string, number>>(values: T): { [K in keyof T]: fc.Arbitrary<number> } =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, fc.constant(value)])) as never
