import { describe, expect, it } from 'vitest'
import { byTurns, stepsOf } from '../../../../../packages/core/src/score/cross-encoder/tuning/measure.ts'
import { FakeClock } from '../../../../contract/fake-clock.ts'

/** Work that takes so long by a clock of its own, the next time after the next; the last time stays. */
function work(clock: FakeClock, log: string[], name: string, ...times: readonly number[]) {
  let turn = 0
  return async (): Promise<void> => {
    log.push(name)
    clock.block(times[Math.min(turn++, times.length - 1)] as number)
  }
}

describe('two that take turns', () => {
  it('have their fastest run each, the first left out', async () => {
    const clock = new FakeClock()
    const log: string[] = []
    const [a, b] = [work(clock, log, 'a', 1, 30, 20, 25), work(clock, log, 'b', 2, 50, 60, 40)]
    expect(await byTurns(a, b, { clock, shareMs: 100 })).toEqual([20, 40])
    // Three turns at least, though the time was over after two.
    expect(log.join('')).toBe('abababab')
  })

  it('run until the time is over', async () => {
    const clock = new FakeClock()
    const log: string[] = []
    await byTurns(work(clock, log, 'a', 5), work(clock, log, 'b', 5), { clock, shareMs: 100 })
    expect(log).toHaveLength(2 + 20)
  })

  it('end even where the clock stands still', async () => {
    const log: string[] = []
    const clock = new FakeClock()
    expect(await byTurns(work(clock, log, 'a', 0), work(clock, log, 'b', 0), { clock, shareMs: 100 })).toEqual([0, 0])
    expect(log.length).toBeLessThan(300)
  })
})

describe('steps', () => {
  /** Runners that take so long for each count, and what is open. */
  function ladder(times: Readonly<Record<number, number>>) {
    const clock = new FakeClock()
    const open = new Set<number>()
    let most = 0
    return {
      clock,
      stillOpen: open,
      mostOpen: () => most,
      open: async (count: number) => {
        open.add(count)
        most = Math.max(most, open.size)
        return {
          run: async () => {
            const ms = times[count]
            if (ms === undefined) throw new Error(`${count} failed`)
            clock.block(ms)
          },
          free: async () => void open.delete(count),
        }
      },
    }
  }

  it('end after the first that does not pay', async () => {
    const { clock, open, stillOpen, mostOpen } = ladder({ 1: 10, 2: 6, 4: 5, 8: 1 })
    const steps = await stepsOf({ counts: [1, 2, 4, 8], open, pairsOf: () => 1 }, { clock, shareMs: 100 })
    expect(steps).toEqual([
      { count: 1, pairMs: 10 },
      { count: 2, pairMs: 6 },
      { count: 4, pairMs: 5 },
    ])
    expect(stillOpen.size).toBe(0)
    expect(mostOpen()).toBe(2)
  })

  it('count the pairs of a run', async () => {
    const { clock, open } = ladder({ 1: 10, 2: 12 })
    const steps = await stepsOf({ counts: [1, 2], open, pairsOf: (count) => count }, { clock, shareMs: 100 })
    expect(steps.at(-1)).toEqual({ count: 2, pairMs: 6 })
  })

  it('leave nothing open where a run fails', async () => {
    const { clock, open, stillOpen } = ladder({ 1: 10 })
    const steps = stepsOf({ counts: [1, 2], open, pairsOf: () => 1 }, { clock, shareMs: 100 })
    await expect(steps).rejects.toThrow('2 failed')
    expect(stillOpen.size).toBe(0)
  })
})
