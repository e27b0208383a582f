import { describe, expect, it } from 'vitest'
import type { QueueOptions } from '../../../../packages/core/src/base/schedule.ts'
import { llmPointwise } from '../../../../packages/core/src/score/remote/language-models/pointwise.ts'
import type { RemoteScorer } from '../../../../packages/core/src/score/remote/engine.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import type { Call } from '../../../../packages/core/src/types.ts'
import { settle } from '../../../contract/fake-clock.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey } from './cases.ts'
import { readPrompt } from './language-models/support.ts'

/** A service of 4 requests at a time, one text each, that takes 10 ms of a clock that moves by requests alone. */
class Service {
  now = 0
  /** The questions in the order in which their requests came. */
  readonly asked: string[] = []

  async answer(question: string): Promise<void> {
    this.asked.push(question)
    await settle()
    this.now += 10 / 4
  }

  call(more: Partial<Call> = {}): Call {
    return callOf({ now: () => this.now, ...more })
  }
}

type Make = (service: Service, options?: QueueOptions) => RemoteScorer

const hosted: Make = (service, options) =>
  cohere({
    apiKey,
    maxTexts: 1,
    ...options,
    fetch: async (_url, { body }) => {
      const { query } = JSON.parse(body as string) as { query: string }
      await service.answer(query)
      return Response.json({ results: [{ index: 0, relevance_score: 0.5 }] })
    },
  })

const languageModel: Make = (service, options) =>
  llmPointwise({
    ...options,
    generate: async (prompt) => {
      await service.answer(readPrompt(prompt).query)
      return '5'
    },
  })

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `Lamp number ${at}`)

async function codeOf(asked: Promise<unknown>): Promise<unknown> {
  try {
    await asked
    return 'done'
  } catch (error) {
    return (error as { code?: string }).code ?? error
  }
}

describe.each([
  ['a hosted scorer', hosted],
  ['a language model', languageModel],
])('the queue before %s', (_name, make) => {
  it('does not let one call of 200 requests hold up five small ones', async () => {
    const service = new Service()
    const scorer = make(service)
    const large = scorer.score('large', texts(200), service.call())
    const small = Array.from({ length: 5 }, (_, at) => scorer.score(`small ${at}`, texts(1), service.call()))
    await Promise.all(small)
    expect(service.asked.length).toBeLessThan(20)
    expect(await large).toHaveLength(200)
  })

  it('lets the earliest deadline go first', async () => {
    const service = new Service()
    const scorer = make(service)
    const busy = scorer.score('busy', texts(40), service.call({ deadline: 9000 }))
    await settle()
    const answered: string[] = []
    const deadlines = [3000, 1000, 2000]
    const calls = deadlines.map(async (deadline) => {
      await scorer.score(String(deadline), texts(8), service.call({ deadline }))
      answered.push(String(deadline))
    })
    await Promise.all([...calls, busy])
    expect(answered).toEqual(['1000', '2000', '3000'])
  })

  it('is bounded: of 4,000 calls at once those that fit are answered in order, and the others refused at once', async () => {
    const service = new Service()
    const scorer = make(service, { maxQueued: 200 })
    const answered: number[] = []
    const calls = Array.from({ length: 4000 }, async (_, at) => {
      const code = await codeOf(scorer.score(`question ${at}`, texts(5), service.call()))
      if (code === 'done') answered.push(at)
      return code
    })
    await settle()
    expect(service.asked.length).toBeLessThanOrEqual(8)
    const codes = await Promise.all(calls)
    expect(new Set(codes)).toEqual(new Set(['done', 'overloaded']))
    // A little more than the bound: the first were under way before the others came.
    expect(answered.length).toBeGreaterThanOrEqual(40)
    expect(answered.length).toBeLessThanOrEqual(42)
    expect(answered).toEqual([...answered].sort((a, b) => a - b))
    expect(service.asked).toHaveLength(5 * answered.length)
    expect(await codeOf(scorer.score('later', texts(5), service.call()))).toBe('done')
  })

  it('tells calls that cannot be done by their deadline so at once, and asks nothing for them', async () => {
    const service = new Service()
    const scorer = make(service)
    await scorer.score('measure', texts(20), service.call())
    const deadline = service.now + 100
    const calls = Array.from({ length: 30 }, (_, at) =>
      codeOf(scorer.score(`question ${at}`, texts(10), service.call({ deadline }))),
    )
    const done = (await Promise.all(calls)).filter((code) => code === 'done').length
    // Four at a time, 10 ms each: 40 requests fit.
    expect(done).toBeGreaterThanOrEqual(3)
    expect(done).toBeLessThanOrEqual(5)
    expect(service.asked.length).toBeLessThanOrEqual(20 + 60)
  })

  it('is empty again when its calls are aborted or it is closed', async () => {
    const service = new Service()
    const scorer = make(service, { maxQueued: 50 })
    const controller = new AbortController()
    const aborted = codeOf(scorer.score('aborted', texts(50), service.call({ signal: controller.signal })))
    expect(await codeOf(scorer.score('refused', texts(20), service.call()))).toBe('overloaded')
    controller.abort('enough')
    const taken = codeOf(scorer.score('taken', texts(50), service.call()))
    expect(await aborted).toBe('enough')
    expect(await taken).toBe('done')
    const closed = codeOf(scorer.score('closed', texts(50), service.call()))
    await scorer.close?.()
    expect(await closed).toBe('closed')
  })
})

it('a language model is shown no text before it is the turn of its call', async () => {
  const service = new Service()
  let counted = 0
  const scorer = llmPointwise({
    concurrency: 2,
    countTokens: (text) => (counted++, text.length),
    generate: async (prompt) => {
      await service.answer(readPrompt(prompt).query)
      return '5'
    },
  })
  const controller = new AbortController()
  const call = service.call({ signal: controller.signal })
  const calls = Array.from({ length: 300 }, (_, at) => codeOf(scorer.score(`question ${at}`, texts(50), call)))
  // Measuring all the texts of all calls would hold up the event loop for longer than their deadlines.
  expect(counted).toBeLessThanOrEqual(2 * 50)
  await settle()
  expect(counted).toBeLessThanOrEqual(3 * 50)
  controller.abort('enough')
  expect(new Set(await Promise.all(calls))).toEqual(new Set(['enough']))
})
