import { describe, expect, it } from 'vitest'
import { ProviderError, RerankError } from '../../../../packages/core/src/base/errors.ts'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { Endpoints } from '../../../../packages/core/src/score/remote/endpoints.ts'
import { server } from '../../../../packages/core/src/score/remote/server.ts'
import { FakeClock } from '../../../contract/fake-clock.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { probabilityOf, speaking, teiWire } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, json, stubServer } from './stub-server.ts'

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `text ${at}`)
const expected = (list: readonly string[]): number[] => list.map((text) => probabilityOf('q', text))
const well = speaking(teiWire)
const tei = { dialect: 'tei', maxTexts: 8 } as const

const fault = (status?: number, retryAfterMs?: number): ProviderError =>
  new ProviderError('failed', { provider: 'tei', status, retryAfterMs, retryable: true })

describe('several servers', () => {
  it('share the load', async () => {
    await using one = await stubServer(well)
    await using two = await stubServer(well)
    await using three = await stubServer(well)
    const urls = [one.url, two.url, three.url]
    const scorer = server({ ...tei, urls })
    expect(await scorer.score('q', texts(240), callOf())).toEqual(expected(texts(240)))
    const loads = [one, two, three].map(({ seen }) => seen.length)
    expect(loads.reduce((a, b) => a + b)).toBe(30)
    expect(Math.min(...loads)).toBeGreaterThanOrEqual(5)
  })

  it('survive one that dies under load: every text gets its number', async () => {
    await using one = await stubServer(well)
    await using two = await stubServer((seen, response, nth) => (nth > 5 ? two.die() : well(seen, response, nth)))
    await using three = await stubServer(well)
    const scorer = server({ ...tei, urls: [one.url, two.url, three.url], clock: impatientClock(), concurrency: 12 })
    const calls = Array.from({ length: 20 }, () => scorer.score('q', texts(80), callOf()))
    for (const numbers of await Promise.all(calls)) expect(numbers).toEqual(expected(texts(80)))
    expect(one.seen.length + three.seen.length).toBeGreaterThanOrEqual(195)
    expect(Math.min(one.seen.length, three.seen.length)).toBeGreaterThan(40)
  })

  it.each<[string, Handler]>([
    ['is overloaded', (_seen, response) => json(response, { error: 'overloaded' }, 429)],
    ['is broken', (_seen, response) => json(response, { error: 'broken' }, 500)],
    ['cuts connections', (_seen, response) => void response.destroy()],
  ])('lose no time when one %s: the next is asked at once', async (_name, misbehave) => {
    await using bad = await stubServer(misbehave)
    await using good = await stubServer(well)
    const clock = impatientClock()
    const call = callOf()
    const scorer = server({ ...tei, urls: [bad.url, good.url], clock, maxRetries: 0 })
    expect(await scorer.score('q', texts(3), call)).toEqual(expected(texts(3)))
    expect(clock.waits).toEqual([])
    expect(call.stats).toEqual({ requests: 2, retries: 1 })
    // The bad one rests now.
    for (let nth = 0; nth < 5; nth++) await scorer.score('q', texts(3), callOf())
    expect(bad.seen).toHaveLength(1)
  })

  it('notice one that hangs by the deadlines that it lets pass', async () => {
    await using hung = await stubServer(() => {})
    await using good = await stubServer(well)
    const clock = new FakeClock()
    const scorer = server({ ...tei, urls: [hung.url, good.url], clock })
    const reranker = createReranker({ scorer, clock, deadlineMs: 80 })
    const late = reranker.rerank('q', texts(3))
    await hung.arrived(1)
    await clock.advance(80)
    expect((await late).report.stages[0]?.outcome).toBe('late')
    for (let nth = 0; nth < 4; nth++) {
      expect((await reranker.rerank('q', texts(3))).report.stages[0]?.outcome).toBe('ranked')
    }
    expect(hung.seen).toHaveLength(1)
  })

  it('all down: one clear error, or the order as it was and a report that says so', async () => {
    const handler: Handler = (_seen, response) => json(response, {}, 503)
    await using one = await stubServer(handler)
    await using two = await stubServer(handler)
    const scorer = server({ ...tei, urls: [one.url, two.url], clock: impatientClock() })
    const candidates = texts(5).map((text) => ({ text }))
    await expect(createReranker({ scorer }).rerank('q', candidates)).rejects.toMatchObject({
      name: 'ProviderError',
      status: 503,
      retryable: true,
    })
    const kept = await createReranker({ scorer, onError: 'keep-order' }).rerank('q', candidates)
    expect(kept.results.map(({ candidate }) => candidate)).toEqual(candidates)
    expect(kept.report.stages[0]).toMatchObject({ outcome: 'failed', error: { status: 503 } })
    // A try, then the other, then a wait and a try again: of each call.
    expect(one.seen.length + two.seen.length).toBe(6)
  })

  it('ask no other server when the request is refused', async () => {
    await using one = await stubServer((_seen, response) => json(response, {}, 424))
    await using two = await stubServer(well)
    const outcome = server({ ...tei, urls: [one.url, two.url] }).score('q', texts(1), callOf())
    await expect(outcome).rejects.toThrow(/does not rerank; start it with a reranker/)
    expect(two.seen).toHaveLength(0)
  })
})

describe('the health of a server', () => {
  const urlsAsked = async (endpoints: Endpoints, count: number): Promise<string[]> => {
    const asked: string[] = []
    for (let nth = 0; nth < count; nth++) await endpoints.route().through(async (url) => asked.push(url))
    return asked
  }
  const fail = (endpoints: Endpoints, error: Error, at: string): Promise<unknown> =>
    endpoints
      .route()
      .through(async (url) => {
        expect(url).toBe(at)
        throw error
      })
      .catch(() => {})

  it('goes turn by turn', async () => {
    const endpoints = new Endpoints(['a', 'b', 'c'], new FakeClock(), 1000)
    expect(await urlsAsked(endpoints, 6)).toEqual(['a', 'b', 'c', 'a', 'b', 'c'])
  })

  it('rests for the cool-down, then is tried by one request at a time', async () => {
    const clock = new FakeClock()
    const endpoints = new Endpoints(['a', 'b'], clock, 1000)
    await fail(endpoints, fault(500), 'a')
    clock.block(999)
    expect(new Set(await urlsAsked(endpoints, 4))).toEqual(new Set(['b']))
    clock.block(1)
    const asked: string[] = []
    let release: () => void = () => {}
    const released = new Promise<void>((resolve) => (release = resolve))
    const three = Array.from({ length: 3 }, () =>
      endpoints.route().through(async (url) => {
        asked.push(url)
        await released
      }),
    )
    expect(asked.filter((url) => url === 'a')).toHaveLength(1)
    release()
    await Promise.all(three)
    expect(new Set(await urlsAsked(endpoints, 4))).toEqual(new Set(['a', 'b']))
  })

  it.each([
    ['a deadline', new RerankError('deadline', 'too late'), ['b', 'b']],
    ['a timeout of the caller', new DOMException('too late', 'TimeoutError'), ['b', 'b']],
    ['an abort of the caller', new DOMException('no more', 'AbortError'), ['b', 'a']],
    ['the closing of the scorer', new RerankError('closed', 'closed'), ['b', 'a']],
  ])('is doubted or not after %s', async (_name, error, asked) => {
    const endpoints = new Endpoints(['a', 'b'], new FakeClock(), 1000)
    await fail(endpoints, error, 'a')
    expect(await urlsAsked(endpoints, 2)).toEqual(asked)
  })

  it('rests as long as it says it is busy', async () => {
    const clock = new FakeClock()
    const endpoints = new Endpoints(['a', 'b'], clock, 60_000)
    await fail(endpoints, fault(429, 5000), 'a')
    clock.block(4999)
    expect(await urlsAsked(endpoints, 2)).toEqual(['b', 'b'])
    clock.block(1)
    expect(await urlsAsked(endpoints, 2)).toContain('a')
  })

  it('is not doubted for a request that it refused', async () => {
    const endpoints = new Endpoints(['a', 'b'], new FakeClock(), 1000)
    await fail(endpoints, new ProviderError('no', { provider: 'tei', status: 400, retryable: false }), 'a')
    expect(await urlsAsked(endpoints, 2)).toEqual(['b', 'a'])
  })

  it('does not matter when all are doubtful: the one that has rested longest is asked', async () => {
    const clock = new FakeClock()
    const endpoints = new Endpoints(['a', 'b'], clock, 1000)
    await fail(endpoints, fault(500), 'a')
    clock.block(10)
    await fail(endpoints, fault(500), 'b')
    expect(await urlsAsked(endpoints, 1)).toEqual(['a'])
  })
})
