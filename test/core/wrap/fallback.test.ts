import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Call, Scorer } from '../../../packages/core/src/types.ts'
import { RerankError } from '../../../packages/core/src/base/errors.ts'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import { withCache } from '../../../packages/core/src/wrap/cache.ts'
import { withCircuitBreaker } from '../../../packages/core/src/wrap/breaker.ts'
import { withFallback } from '../../../packages/core/src/wrap/fallback.ts'
import { FakeClock, settle } from '../../contract/fake-clock.ts'
import { callOf, numberIn, readingNumbers, scorerOf } from '../../contract/fake-scorer.ts'

const down = new Error('HTTP 503')
const failing = (more: Partial<Scorer<'pair'>> = {}): Scorer<'pair'> =>
  scorerOf(() => Promise.reject(down), { id: 'hosted', ...more })
const local = (): Scorer<'pair'> => readingNumbers({ id: 'local', toProbability: () => 0.2 })

describe('withFallback', () => {
  it('asks the first, and the other only when that fails', async () => {
    const stats: Call['stats'] = {}
    const first = readingNumbers({ id: 'hosted' })
    expect(await withFallback(first, failing()).score('q', ['a 1', 'b 2'], callOf({ stats }))).toEqual([1, 2])
    expect(stats).toEqual({})
    expect(await withFallback(failing(), local()).score('q', ['a 1', 'b 2'], callOf({ stats }))).toEqual([1, 2])
    expect(stats).toEqual({ fallbacks: 1 })
  })

  it('says in results and report who answered, and why', async () => {
    const hosted = readingNumbers({ id: 'hosted', toProbability: () => 0.9 })
    const fine = await createReranker({ scorer: withFallback(hosted, local()) }).rerank('q', ['a 1', 'b 2'])
    expect(fine.results[0]).toMatchObject({ scorerId: 'hosted', score: 0.9, logit: 2 })
    expect(fine.report.stages[0]).toMatchObject({ scorerId: 'hosted', outcome: 'ranked', stats: {} })
    expect(fine.report.stages[0]).not.toHaveProperty('fallbackReason')
    const { results, report } = await createReranker({ scorer: withFallback(failing(), local()) }).rerank('q', [
      'a 1',
      'b 2',
    ])
    expect(results[0]).toMatchObject({ scorerId: 'local', score: 0.2, logit: 2 })
    expect(report.stages[0]).toMatchObject({
      scorerId: 'local',
      outcome: 'ranked',
      fallbackReason: down,
      stats: { fallbacks: 1 },
    })
  })

  it('holds no score of the other against the minScore of the first', async () => {
    const hosted = readingNumbers({ id: 'hosted' })
    const ask = async (scorer: Scorer): Promise<number> =>
      (await createReranker({ scorer, minScore: 1.5 }).rerank('q', ['a 1', 'b 2'])).results.length
    expect(await ask(withFallback(hosted, local()))).toBe(1)
    expect(await ask(withFallback(failing(), local()))).toBe(2)
    expect(await ask(withFallback(withFallback(hosted, local()), local()))).toBe(1)
    const lexical = scorerOf<'pool'>(() => [], { scope: 'pool' })
    expect(() => createReranker({ scorer: withFallback(lexical, local()), minScore: 1 })).toThrow('minScore is 1')
  })

  it('hands over down a chain, and names the one that answered', async () => {
    const chain = withFallback(failing({ id: 'a' }), withFallback(failing({ id: 'b' }), local()))
    const { results, report } = await createReranker({ scorer: chain }).rerank('q', ['a 1'])
    expect([results[0]?.scorerId, report.stages[0]?.stats['fallbacks'], chain.id]).toEqual([
      'local',
      2,
      'a or b or local',
    ])
    const otherWay = withFallback(withFallback(failing({ id: 'a' }), failing({ id: 'b' })), local())
    expect((await createReranker({ scorer: otherWay }).rerank('q', ['a 1'])).results[0]?.scorerId).toBe('local')
  })

  it('hands over a broken answer as well', async () => {
    for (const answer of [[1], [1, Number.NaN], undefined as never]) {
      const numbers = withFallback(
        scorerOf(() => answer),
        local(),
      ).score('q', ['a 1', 'b 2'], callOf())
      await expect(numbers).resolves.toEqual([1, 2])
    }
  })

  it('passes on the notes of the one that answered only', async () => {
    const noting = scorerOf((_query, _texts, call) => (call.note(0, { truncated: true }), Promise.reject(down)))
    const call = callOf()
    await withFallback(noting, local()).score('q', ['a 1'], call)
    expect(call.notes.size).toBe(0)
    const fine = scorerOf((_query, texts, inner) => (inner.note(0, { truncated: true }), texts.map(numberIn)))
    await withFallback(fine, local()).score('q', ['a 1'], call)
    expect(call.notes.get(0)).toEqual({ truncated: true })
  })

  it('rejects with the error of the other when both fail', async () => {
    const worse = new Error('no model')
    await expect(
      withFallback(
        failing(),
        scorerOf(() => Promise.reject(worse)),
      ).score('q', ['a'], callOf()),
    ).rejects.toBe(worse)
  })

  it.each(['invalid-argument', 'model-files', 'runtime', 'closed'] as const)('does not hide %s', async (code) => {
    const error = new RerankError(code, 'set up wrongly')
    const scorer = withFallback(
      scorerOf(() => Promise.reject(error)),
      local(),
    )
    await expect(scorer.score('q', ['a'], callOf())).rejects.toBe(error)
  })

  it('does not start the other for a caller that gave up or a deadline that passed', async () => {
    let asked = 0
    const other = scorerOf((_query, texts) => (asked++, texts.map(() => 0)))
    const controller = new AbortController()
    const aborting = scorerOf(() => (controller.abort('enough'), Promise.reject(down)))
    await expect(withFallback(aborting, other).score('q', ['a'], callOf({ signal: controller.signal }))).rejects.toBe(
      'enough',
    )
    let time = 0
    const slow = scorerOf(() => ((time = 10), Promise.reject(down)))
    await expect(withFallback(slow, other).score('q', ['a'], callOf({ now: () => time, deadline: 10 }))).rejects.toBe(
      down,
    )
    expect(asked).toBe(0)
  })

  it('refuses wrong options', () => {
    expect(() => withFallback(undefined as never, local())).toThrow('scorer is undefined')
    expect(() => withFallback(local(), 'local' as never)).toThrow('other is "local"')
    for (const deadlineMs of [0, -1, Number.NaN]) {
      expect(() => withFallback(local(), local(), { deadlineMs })).toThrow('deadlineMs is')
    }
    expect(() => withFallback(local(), local(), { timeoutMs: 5 } as never)).toThrow(
      'options.timeoutMs is 5: it is called deadlineMs now; use that',
    )
    expect(() => withFallback(local(), local(), { clock: Date as never })).toThrow('clock is a function: pass { now(),')
  })

  it('may have a cache inside; outside, a cache refuses it', async () => {
    const cache = new Map()
    await withFallback(withCache(readingNumbers(), cache), local()).score('q', ['a 1'], callOf())
    expect(cache.size).toBe(1)
    expect(() => withCache(withFallback(local(), local()) as never, cache)).toThrow("pass a scorer of scope 'pair'")
  })
})

describe('withFallback and deadlineMs', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('asks the other when the first is slow, and tells the first', async () => {
    let inner: Call | undefined
    const hanging = scorerOf((_query, _texts, call) => ((inner = call), new Promise<never>(() => {})))
    const reasons: unknown[] = []
    const call = callOf({ deadline: 1000, answeredBy: (_, because) => void reasons.push(because) })
    const scoring = withFallback(hanging, local(), { deadlineMs: 100 }).score('q', ['a 1'], call)
    await settle()
    expect(inner?.deadline).toBe(100)
    vi.advanceTimersByTime(100)
    expect(await scoring).toEqual([1])
    expect(inner?.signal.aborted).toBe(true)
    expect(reasons).toMatchObject([
      { code: 'deadline', message: expect.stringContaining('raise deadlineMs (100 ms) to wait longer') },
    ])
    expect(vi.getTimerCount()).toBe(0)
  })

  it('gives up by the clock that the reranker has, at the deadline that it tells the first', async () => {
    const clock = new FakeClock()
    let inner: Call | undefined
    const hanging = scorerOf((_query, _texts, call) => ((inner = call), new Promise<never>(() => {})))
    const scorer = withFallback(hanging, local(), { deadlineMs: 100, clock })
    const ranking = createReranker({ scorer, clock }).rerank('q', ['a 1', 'b 2'])
    await clock.advance(99)
    expect([inner?.deadline, inner?.signal.aborted]).toEqual([100, false])
    await clock.advance(1)
    expect(inner?.signal.aborted).toBe(true)
    expect((await ranking).report.stages[0]).toMatchObject({
      scorerId: 'local',
      fallbackReason: { code: 'deadline' },
      durationMs: 100,
    })
    expect([clock.pending, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('leaves no timer when the first is in time or the caller aborts', async () => {
    await withFallback(readingNumbers(), local(), { deadlineMs: 100 }).score('q', ['a'], callOf())
    expect(vi.getTimerCount()).toBe(0)
    const controller = new AbortController()
    const hanging = scorerOf(() => new Promise<never>(() => {}))
    const scoring = withFallback(hanging, local(), { deadlineMs: 100 }).score(
      'q',
      ['a'],
      callOf({ signal: controller.signal }),
    )
    await settle()
    controller.abort('enough')
    await expect(scoring).rejects.toBe('enough')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('withCircuitBreaker', () => {
  /** A scorer that fails while `isDown`, on a clock that moves by hand. */
  function outage(options: Parameters<typeof withCircuitBreaker>[1]) {
    const state = { isDown: true, time: 0, asked: 0 }
    const inner = scorerOf((_query, texts) => (state.asked++, state.isDown ? Promise.reject(down) : texts.map(() => 1)))
    const scorer = withCircuitBreaker(inner, options)
    const ask = (more: Partial<Call> = {}): Promise<readonly number[]> =>
      scorer.score('q', ['a'], callOf({ now: () => state.time, ...more }))
    return { state, ask }
  }

  it('leaves the scorer alone after failures in a row, and tries it once after the rest', async () => {
    const { state, ask } = outage({ failures: 2, restMs: 100 })
    await expect(ask()).rejects.toBe(down)
    await expect(ask()).rejects.toBe(down)
    await expect(ask()).rejects.toMatchObject({
      code: 'scorer',
      cause: down,
      message: expect.stringContaining('failed 2 times in a row'),
    })
    state.time = 99
    await expect(ask()).rejects.toThrow('left alone')
    expect(state.asked).toBe(2)
    state.time = 100
    const [trial, meanwhile] = [ask(), ask()]
    await expect(trial).rejects.toBe(down)
    await expect(meanwhile).rejects.toThrow('left alone')
    expect(state.asked).toBe(3)
    state.time = 199
    await expect(ask()).rejects.toThrow('left alone')
    state.isDown = false
    state.time = 200
    expect(await ask()).toEqual([1])
    expect(await ask()).toEqual([1])
    state.isDown = true
    await expect(ask()).rejects.toBe(down)
    await expect(ask(), 'counts from zero again').rejects.toBe(down)
  })

  it('counts failures in a row only', async () => {
    const { state, ask } = outage({ failures: 2 })
    for (let round = 0; round < 5; round++) {
      state.isDown = true
      await expect(ask()).rejects.toBe(down)
      state.isDown = false
      await ask()
    }
    expect(state.asked).toBe(10)
  })

  it('counts a scorer that hangs into the deadline, not a caller that aborts or a wrong setup', async () => {
    let asked = 0
    const answers: Record<string, () => Promise<readonly number[]>> = {
      hang: () => new Promise(() => {}),
      setup: () => Promise.reject(new RerankError('model-files', 'missing')),
    }
    const mode = { now: 'setup' }
    const scorer = withCircuitBreaker(
      scorerOf(() => (asked++, answers[mode.now]?.() ?? [])),
      { failures: 1 },
    )
    await expect(scorer.score('q', ['a'], callOf())).rejects.toMatchObject({ code: 'model-files' })
    mode.now = 'hang'
    const askUntil = async (reason: unknown): Promise<unknown> => {
      const controller = new AbortController()
      const scoring = scorer.score('q', ['a'], callOf({ signal: controller.signal }))
      await settle()
      controller.abort(reason)
      return scoring.catch((error: unknown) => error)
    }
    expect(await askUntil('caller')).toBe('caller')
    expect(await askUntil(new RerankError('deadline', 'late'))).toMatchObject({ code: 'deadline' })
    expect(asked).toBe(3)
    await expect(scorer.score('q', ['a'], callOf())).rejects.toThrow('left alone')
    expect(asked).toBe(3)
  })

  it('a trial that the caller aborts lets the next call try', async () => {
    const { state, ask } = outage({ failures: 1, restMs: 10 })
    await expect(ask()).rejects.toBe(down)
    state.time = 10
    await expect(ask({ signal: AbortSignal.abort('no') })).rejects.toBe('no')
    state.isDown = false
    expect(await ask()).toEqual([1])
  })

  it('makes a fallback quick, and keeps scope, id and scale', async () => {
    const hosted = failing({ toProbability: () => 0.5 })
    const guarded = withCircuitBreaker(hosted, { failures: 1 })
    expect([guarded.id, guarded.scope, guarded.toProbability?.(1)]).toEqual(['hosted', 'pair', 0.5])
    const scorer = withFallback(guarded, local())
    await scorer.score('q', ['a'], callOf())
    const { report } = await createReranker({ scorer }).rerank('q', ['a 1'])
    expect(report.stages[0]).toMatchObject({
      scorerId: 'local',
      fallbackReason: { message: expect.stringContaining('left alone') },
    })
  })

  it('refuses wrong options', () => {
    expect(() => withCircuitBreaker(local(), { failures: 0 })).toThrow('failures is 0')
    expect(() => withCircuitBreaker(local(), { restMs: 0 })).toThrow('restMs is 0')
    expect(() => withCircuitBreaker(null as never)).toThrow('scorer is null')
  })
})
