import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Forecast, sizeOf } from '../../packages/core/src/forecast.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { wontFinish } from '../../packages/core/src/skip/wont-finish.ts'
import { allOf } from '../../packages/core/src/skip/policy.ts'
import { smallPool } from '../../packages/core/src/skip/first-stage.ts'
import { FakeClock } from '../contract/fake-clock.ts'
import { scorerOf } from '../contract/fake-scorer.ts'

/** A forecast that has seen runs of these sizes under this law. */
const trained = (sizes: readonly number[], law: (size: number) => number): Forecast => {
  const forecast = new Forecast()
  for (const size of sizes) forecast.learn(size, law(size))
  return forecast
}

describe('Forecast', () => {
  it('knows nothing before the first run, and scales with the size after it', () => {
    expect(new Forecast().durationOf(100)).toBeUndefined()
    const forecast = trained([100], () => 50)
    expect([forecast.durationOf(100), forecast.durationOf(200)]).toEqual([50, 100])
  })

  it('tells the part that is always there from the part that grows', () => {
    const forecast = trained([100, 400, 200, 800], (size) => 120 + size / 10)
    expect(forecast.durationOf(1000)).toBeCloseTo(220, 6)
    expect(forecast.durationOf(0)).toBeCloseTo(120, 6)
  })

  it('never falls with the size and never goes below 0, whatever it has seen', () => {
    const runs = fc.array(fc.tuple(fc.integer({ min: 64, max: 1e6 }), fc.double({ min: 0, max: 1e5, noNaN: true })), {
      minLength: 1,
    })
    fc.assert(
      fc.property(runs, (seen) => {
        const forecast = new Forecast()
        for (const [size, duration] of seen) forecast.learn(size, duration)
        const [small, large] = [forecast.durationOf(64), forecast.durationOf(1e6)] as [number, number]
        expect(small).toBeGreaterThanOrEqual(-1e-6)
        expect(large).toBeGreaterThanOrEqual(small - 1e-6)
      }),
    )
  })

  it('forgets a slow first run', () => {
    const forecast = trained([500], () => 900)
    for (let run = 0; run < 12; run++) forecast.learn(500, 40)
    expect(forecast.durationOf(500)).toBeLessThan(120)
  })

  it('learns from a run that was given up only that it takes longer', () => {
    const forecast = trained([100], () => 50)
    forecast.learnAtLeast(100, 10)
    expect(forecast.durationOf(100)).toBe(50)
    forecast.learnAtLeast(100, 500)
    expect(forecast.durationOf(100)).toBeGreaterThan(200)
    const untried = new Forecast()
    untried.learnAtLeast(100, 80)
    expect(untried.durationOf(100)).toBe(80)
  })

  it('counts short texts as more than nothing', () => {
    expect(sizeOf([{ text: '' }, { text: 'abc' }])).toBe(131)
  })
})

describe('wontFinish in a stage', () => {
  const texts = ['a', 'b', 'c']

  it('scores until it has learned, then skips instead of being late, and in time tries again', async () => {
    const clock = new FakeClock()
    let cost = 200
    const scorer = scorerOf(async (_query, given) => {
      await new Promise<void>((resolve) => clock.setTimeout(resolve, cost))
      return given.map(() => 0)
    })
    const reranker = createReranker({ scorer, clock, skip: wontFinish(), deadlineMs: 50 })
    const outcomeOf = async (): Promise<string | undefined> => {
      const outcome = await clock.runUntilSettled(reranker.rerank('q', texts))
      return outcome.status === 'fulfilled' ? outcome.value.report.stages[0]?.outcome : 'rejected'
    }
    expect(await outcomeOf()).toBe('late')
    // It ran for 50 ms and was not done: the forecast says at least 50 of 50, which might just be enough.
    const outcomes: (string | undefined)[] = []
    for (let call = 0; call < 3; call++) outcomes.push(await outcomeOf())
    expect(outcomes).toContain('late')
    cost = 5
    for (let call = 0; call < 40 && outcomes.at(-1) !== 'ranked'; call++) outcomes.push(await outcomeOf())
    expect(outcomes.at(-1)).toBe('ranked')
  })

  it('gives the forecast and the time left as evidence', async () => {
    const clock = new FakeClock()
    const scorer = scorerOf((_query, given) => (clock.block(30), given.map(() => 0)))
    const reranker = createReranker({ scorer, clock, skip: wontFinish({ safety: 2 }) })
    expect((await reranker.rerank('q', texts, { deadlineMs: 50 })).report.stages[0]?.outcome).toBe('ranked')
    const { report } = await reranker.rerank('q', texts, { deadlineMs: 50 })
    expect(report.stages[0]).toMatchObject({
      outcome: 'skipped',
      skipReason: { policy: 'wont-finish', evidence: { forecastMs: 30, remainingMs: 50, safety: 2 } },
    })
    expect((await reranker.rerank('q', texts)).report.stages[0]?.outcome, 'no deadline').toBe('ranked')
    expect((await reranker.rerank('q', texts, { deadlineMs: 61 })).report.stages[0]?.outcome, 'enough time').toBe(
      'ranked',
    )
  })

  it('fades while it keeps the stage from running, also inside another policy, and only then', async () => {
    const clock = new FakeClock()
    const scorer = scorerOf((_query, given) => (clock.block(100), given.map(() => 0)))
    const seen: (number | undefined)[] = []
    const policy = allOf(smallPool({ size: 9 }), wontFinish())
    const reranker = createReranker({ scorer, clock, skip: (pool) => (seen.push(pool.forecastMs), policy(pool)) })
    await reranker.rerank('q', texts)
    await reranker.rerank('q', texts, { deadlineMs: 50 })
    await reranker.rerank('q', texts, { deadlineMs: 50 })
    await reranker.rerank('q', texts, { deadlineMs: 95 })
    expect(seen.map((forecast) => forecast && Math.round(forecast))).toEqual([undefined, 100, 90, 81])
  })
})
