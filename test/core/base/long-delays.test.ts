import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { type Clock, LONGEST_DELAY_MS } from '../../../packages/core/src/base/clock.ts'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import { llmListwise } from '../../../packages/core/src/score/remote/language-models/listwise.ts'
import { server } from '../../../packages/core/src/score/remote/server.ts'
import {
  type CohereClient,
  type CohereOptions,
  cohere,
} from '../../../packages/core/src/score/remote/vendors/cohere.ts'
import type { Milliseconds, Scorer } from '../../../packages/core/src/types.ts'
import { withCircuitBreaker } from '../../../packages/core/src/wrap/breaker.ts'
import { withFallback } from '../../../packages/core/src/wrap/fallback.ts'
import { scorerOf } from '../../contract/fake-scorer.ts'
import { StrictClock } from './strict-clock.ts'

const stock = join(import.meta.dirname, '../../fixtures/tiny-bert-stock')

/** Longer than the timers of JavaScript engines can hold. */
const LONG_MS = 2 ** 32

/** Something that takes a while on the clock. */
const after = <T>(clock: Clock, delayMs: Milliseconds, value: T): Promise<T> =>
  new Promise((resolve) => void clock.setTimeout(() => resolve(value), delayMs))

const slow = (clock: Clock): Scorer<'pool'> =>
  scorerOf((_query, texts) =>
    after(
      clock,
      1000,
      texts.map((_, at) => at),
    ),
  )

const rows = (): Response => Response.json({ results: [{ index: 0, relevance_score: 0.5 }] })

const hosted = (clock: Clock, options: CohereOptions = {}): Scorer =>
  cohere({ apiKey: 'invented', fetch: () => after(clock, 1000, rows()), clock, ...options })

/** Everything that takes milliseconds and waits by them, each told to wait for `LONG_MS`. */
const places: [name: string, make: (clock: Clock) => Parameters<typeof createReranker>[0]][] = [
  ['deadlineMs of a reranker', (clock) => ({ scorer: slow(clock), deadlineMs: LONG_MS })],
  ['deadlineMs of a stage', (clock) => ({ stages: [{ scorer: slow(clock), deadlineMs: LONG_MS }] })],
  ['timeoutMs of a vendor', (clock) => ({ scorer: hosted(clock, { timeoutMs: LONG_MS }) })],
  [
    'timeoutMs and coolDownMs of a server',
    (clock) => {
      const fetch = (): Promise<Response> => after(clock, 1000, Response.json([{ index: 0, score: 0.5 }]))
      const own = { dialect: 'tei', url: 'http://tei.example', maxTexts: 8 } as const
      return { scorer: server({ ...own, fetch, clock, timeoutMs: LONG_MS, coolDownMs: LONG_MS }) }
    },
  ],
  [
    'timeoutMs of a language model',
    (clock) => ({ scorer: llmListwise({ generate: () => after(clock, 1000, '[1]'), clock, timeoutMs: LONG_MS }) }),
  ],
  [
    'deadlineMs of a fallback',
    (clock) => ({
      scorer: withFallback(
        slow(clock),
        scorerOf(() => [7]),
        { clock, deadlineMs: LONG_MS },
      ),
    }),
  ],
  ['restMs of a breaker', (clock) => ({ scorer: withCircuitBreaker(slow(clock), { restMs: LONG_MS }) })],
]

describe('what is allowed more milliseconds than a timer can hold', () => {
  it.each(places)('%s: is waited for', async (_name, make) => {
    const clock = new StrictClock()
    const reranker = createReranker({ ...make(clock), clock })
    const outcome = await clock.runUntilSettled(reranker.rerank('q', ['the text']))
    expect(outcome).toMatchObject({
      status: 'fulfilled',
      value: {
        report: { stages: [{ outcome: 'ranked', stats: expect.not.objectContaining({ fallbacks: 1, retries: 1 }) }] },
      },
    })
    expect(clock.pending).toBe(0)
  })

  it('deadlineMs of one call: is waited for', async () => {
    const clock = new StrictClock()
    const reranker = createReranker({ scorer: slow(clock), clock })
    const outcome = await clock.runUntilSettled(reranker.rerank('q', ['the text'], { deadlineMs: LONG_MS }))
    expect(outcome).toMatchObject({ value: { report: { stages: [{ outcome: 'ranked' }] } } })
  })

  it('ends when it has passed, and not before', async () => {
    const clock = new StrictClock()
    const scorer = scorerOf(() => new Promise<never>(() => {}))
    const outcome = await clock.runUntilSettled(
      createReranker({ scorer, clock, deadlineMs: LONG_MS }).rerank('q', ['the text']),
    )
    expect(outcome).toMatchObject({ value: { report: { stages: [{ outcome: 'late' }] } } })
    expect(clock.now()).toBe(LONG_MS)
  })

  it('maxRetryWaitMs of a vendor: the wait that the service asks for is kept', async () => {
    const clock = new StrictClock()
    const times: number[] = []
    const fetch = async (): Promise<Response> => {
      times.push(clock.now())
      const headers = { 'retry-after': String(LONG_MS / 1000) }
      return times.length > 1 ? rows() : new Response('{}', { status: 429, headers })
    }
    const scorer = hosted(clock, { fetch, maxRetryWaitMs: 2 * LONG_MS, random: () => 0 })
    await clock.runUntilSettled(createReranker({ scorer, clock }).rerank('q', ['the text']))
    expect(times).toEqual([0, LONG_MS])
  })

  it('timeoutMs with a client of a vendor: the client is given no time that its own timers cannot hold', async () => {
    const clock = new StrictClock()
    const timeouts: number[] = []
    const client: CohereClient = {
      async rerank(_request, options) {
        timeouts.push(options?.timeoutInSeconds as number)
        return { results: [{ index: 0, relevanceScore: 0.5 }] }
      },
    }
    for (const timeoutMs of [1500, LONG_MS, Infinity]) {
      await createReranker({ scorer: cohere({ client, clock, timeoutMs }), clock }).rerank('q', ['the text'])
    }
    expect(timeouts).toEqual([3, Math.floor(LONGEST_DELAY_MS / 1000), Math.floor(LONGEST_DELAY_MS / 1000)])
  })

  it('deadlineMs of a model in a worker: is waited for', async () => {
    // Built, since workers run what is built.
    const built = await import('@secondpass/core')
    const scorer = built.crossEncoder({ model: stock, workers: 1 })
    try {
      const reranker = built.createReranker({ scorer, deadlineMs: LONG_MS })
      const { report } = await reranker.rerank('When does the lamp turn off?', ['After ten minutes.', 'It is red.'])
      expect(report.stages).toMatchObject([{ outcome: 'ranked' }])
    } finally {
      await scorer.close()
    }
    // The built package is loaded anew, which takes its time on a busy machine.
  }, 120_000)
})
