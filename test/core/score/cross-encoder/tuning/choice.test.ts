import { describe, expect, it } from 'vitest'
import {
  choose,
  countsUpTo,
  mostThreads,
  mostWorkers,
  placementOf,
  type Step,
} from '../../../../../packages/core/src/score/cross-encoder/tuning/choice.ts'

const MIB = 2 ** 20
const roomy = { cores: 8, memoryBytes: 16_384 * MIB, graphBytes: 30 * MIB }

/** Steps that take so long, for 1, 2, 4 and so on. */
const steps = (...times: readonly number[]): Step[] => times.map((pairMs, at) => ({ count: 2 ** at, pairMs }))

describe('what is tried', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [3, [1, 2, 3]],
    [6, [1, 2, 4, 6]],
    [8, [1, 2, 4, 8]],
  ])('of up to %d', (most, counts) => expect(countsUpTo(most)).toEqual(counts))
})

describe('how many there may be', () => {
  it.each([
    ['a core for each', { cores: 3 }, 3],
    ['eight at most', { cores: 64 }, 8],
    ['in a container of 512 MiB, of a model of 50', { memoryBytes: 512 * MIB, graphBytes: 50 * MIB }, 2],
    ['one, however little memory there is', { memoryBytes: 256 * MIB, graphBytes: 2000 * MIB }, 1],
    ['one core', { cores: 1 }, 1],
  ])('workers: %s', (_, limits, most) => expect(mostWorkers({ ...roomy, ...limits })).toBe(most))

  it('threads: what the workers leave', () => {
    expect([0, 1, 2, 3, 8, 16].map((workers) => mostThreads({ cores: 8 }, workers))).toEqual([8, 8, 4, 2, 1, 1])
  })
})

describe('the choice', () => {
  it.each<[string, readonly Step[], most: number, count: number, reason: string]>([
    ['ends where more does not pay', steps(10, 6, 5.5, 1), 8, 2, '4 threads take 92% of the time of 2'],
    ['is the last that pays', steps(10, 6, 4), 4, 4, '4 threads take 40% of the time of 1'],
    ['is one where two take as long', steps(10, 10), 2, 1, '2 threads take 100% of the time of 1'],
    ['keeps to what there is room for', steps(10, 6, 3), 3, 2, '2 threads take 60% of the time of 1'],
    ['is one where there is one core', steps(10, 2), 1, 1, 'there is room for one thread'],
    ['is one where nothing was measured', [], 4, 1, 'it was not measured'],
    ['learns nothing from a clock that stands still', steps(0, 0), 2, 1, '100%'],
  ])('%s', (_, measured, most, count, reason) => {
    const chosen = choose('thread', measured, most)
    expect(chosen.count).toBe(count)
    expect(chosen.reason).toContain(reason)
  })

  it('gives threads what workers leave', () => {
    const measured = { workers: steps(10, 5, 2.6), threads: steps(10, 6, 4, 3) }
    const both = { threads: 'measured', workers: 'measured' } as const
    expect(placementOf(both, measured, roomy)).toEqual({ workers: 4, threads: 2 })
    expect(placementOf({ ...both, workers: 0 }, measured, roomy)).toEqual({ workers: 0, threads: 8 })
    expect(placementOf({ ...both, threads: 3 }, measured, roomy)).toEqual({ workers: 4, threads: 3 })
  })
})
