import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../../packages/core/src/rerank.ts'
import type { Generate, GenerateCall } from '../../../../../packages/core/src/score/remote/language-models/model.ts'
import { llmListwise } from '../../../../../packages/core/src/score/remote/language-models/listwise.ts'
import { llmPointwise } from '../../../../../packages/core/src/score/remote/language-models/pointwise.ts'
import { FakeClock, settle } from '../../../../contract/fake-clock.ts'
import { numbered, scored } from './support.ts'

const kinds = [
  ['llmListwise', llmListwise],
  ['llmPointwise', llmPointwise],
] as const

/** A model that never answers and does not listen either; it says what it was handed. */
function hanging(): { generate: Generate; calls: GenerateCall[] } {
  const calls: GenerateCall[] = []
  const generate: Generate = (_prompt, call) => {
    calls.push(call)
    return new Promise(() => {})
  }
  return { generate, calls }
}

describe.each(kinds)('%s', (_name, make) => {
  it('rejects at once with the reason of an abort, without a timer, and tells the model', async () => {
    const clock = new FakeClock()
    const { generate, calls } = hanging()
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const call = scored(make({ generate, clock, concurrency: 1 }), numbered(5), {
      signal: controller.signal,
      now: clock.now,
    })
    const outcome = call.catch((error: unknown) => error)
    await settle()
    controller.abort(reason)
    // The clock stands still: nothing but the abort can have ended it.
    expect(await outcome).toBe(reason)
    expect(calls.map(({ signal }) => signal.reason)).toEqual([reason])
    expect(clock.pending).toBe(0)
  })

  it('gives up after timeoutMs, tells the model, and works on', async () => {
    const clock = new FakeClock()
    const { generate, calls } = hanging()
    let answer = generate
    const scorer = make({ generate: (prompt, call) => answer(prompt, call), clock, timeoutMs: 500, concurrency: 1 })
    const call = scored(scorer, numbered(2), { now: clock.now })
    const outcome = expect(call).rejects.toMatchObject({
      code: 'scorer',
      message: expect.stringContaining('within 500 ms'),
    })
    await clock.advance(499)
    expect(calls[0]?.signal.aborted).toBe(false)
    await clock.advance(1)
    await outcome
    expect(calls[0]?.signal.aborted).toBe(true)
    answer = async () => '1'
    await expect(scored(scorer, numbered(2), { now: clock.now })).resolves.toBeDefined()
  })

  it('rejects with code deadline when that is nearer, and hands it to the model', async () => {
    const clock = new FakeClock()
    const { generate, calls } = hanging()
    const call = scored(make({ generate, clock }), numbered(2), { now: clock.now, deadline: 300 })
    const outcome = expect(call).rejects.toMatchObject({ code: 'deadline' })
    await clock.advance(300)
    await outcome
    expect(calls[0]).toMatchObject({ deadline: 300 })
    expect(calls[0]?.now()).toBe(300)
  })

  it('keeps the order and reports late when the deadline of a reranker passes', async () => {
    const clock = new FakeClock()
    const reranker = createReranker({ scorer: make({ generate: hanging().generate, clock }), clock, deadlineMs: 100 })
    const ranking = reranker.rerank('Which lamp?', numbered(3))
    await clock.advance(100)
    const { results, report } = await ranking
    expect(results.map(({ index }) => index)).toEqual([0, 1, 2])
    expect(report.stages[0]?.outcome).toBe('late')
  })

  it('fails as a whole when the model does, with its error as the cause, and stops the other prompts', async () => {
    const down = new Error('529 overloaded, key sk-123')
    const { generate: never, calls } = hanging()
    let asked = 0
    const generate: Generate = (prompt, call) => (++asked === 2 ? Promise.reject(down) : never(prompt, call))
    const answering = make({ generate: () => Promise.reject(down) })
    const failing = scored(answering, numbered(3))
    await expect(failing).rejects.toMatchObject({ code: 'scorer', cause: down })
    await expect(failing).rejects.not.toThrow('sk-123')
    if (make === (llmPointwise as unknown)) {
      await expect(scored(make({ generate, concurrency: 2 }), numbered(5))).rejects.toMatchObject({ cause: down })
      expect(calls.map(({ signal }) => signal.aborted)).toEqual([true])
      expect(asked).toBe(2)
    }
  })

  it('takes a function that throws for one that rejects', async () => {
    const generate: Generate = () => {
      throw new TypeError('no such model')
    }
    await expect(scored(make({ generate }), numbered(3))).rejects.toMatchObject({
      code: 'scorer',
      cause: { name: 'TypeError' },
    })
  })

  it('hands out counters that reach the report', async () => {
    const generate: Generate = async (_prompt, call) => {
      call.stats['cost'] = (call.stats['cost'] ?? 0) + 0.25
      return '1'
    }
    const { stats } = await scored(make({ generate }), numbered(1 + 1))
    expect(stats['cost']).toBe(0.25 * (stats['calls'] ?? 0))
  })

  it('rejects what is under way when it is closed', async () => {
    const scorer = make({ generate: hanging().generate })
    const outcome = expect(scored(scorer, numbered(3))).rejects.toMatchObject({ code: 'closed' })
    await settle()
    await scorer.close()
    await outcome
  })
})
