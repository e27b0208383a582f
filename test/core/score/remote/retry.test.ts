import { describe, expect, it } from 'vitest'
import { ProviderError } from '../../../../packages/core/src/base/errors.ts'
import type { Clock } from '../../../../packages/core/src/base/clock.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import type { RemoteScorer } from '../../../../packages/core/src/score/remote/engine.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { FakeClock, settle } from '../../../contract/fake-clock.ts'
import { apiKey } from './cases.ts'
import { cohereWire, probabilityOf, speaking } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, type StubServer, json, stubServer } from './stub-server.ts'

const texts = ['the lamp', 'the key', 'the battery']
const right = texts.map((text) => probabilityOf('q', text))
const wellBehaved = speaking(cohereWire)

/** Misbehaves for the first `times` requests. */
const first =
  (times: number, misbehave: Handler): Handler =>
  (seen, response, nth) =>
    (nth <= times ? misbehave : wellBehaved)(seen, response, nth)

const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_seen, response) =>
    json(response, { message: 'not now' }, code, headers)

const resetMidBody: Handler = (_seen, response) => {
  response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
  response.write('{"results": [')
  setImmediate(() => response.destroy())
}

const never: Handler = () => {}

const scorerFor = (stub: StubServer, clock: Clock = impatientClock(), random = (): number => 1): RemoteScorer =>
  cohere({ apiKey, baseUrl: stub.url, clock, random })

describe('trying again', () => {
  it.each([
    ['429 without Retry-After', status(429), [500]],
    ['408', status(408), [500]],
    ['500', status(500), [500]],
    ['503 that says when, in seconds', status(503, { 'retry-after': '3' }), [3100]],
    ['429 that says when, as a date', status(429, { 'retry-after': 'Thu, 01 Jan 2026 00:00:07 GMT' }), [7100]],
    ['429 that says nonsense', status(429, { 'retry-after': 'soon' }), [500]],
    ['429 with a date that has passed', status(429, { 'retry-after': 'Thu, 01 Jan 2015 00:00:00 GMT' }), [100]],
    ['a connection reset in the middle of the body', resetMidBody, [500]],
    ['a connection reset before any answer', ((_seen, response) => void response.destroy()) as Handler, [500]],
  ])('gets the numbers after %s', async (_name, misbehave, waits) => {
    await using stub = await stubServer(first(1, misbehave))
    const clock = impatientClock()
    const call = callOf()
    expect(await scorerFor(stub, clock).score('q', texts, call)).toEqual(right)
    expect(call.stats).toEqual({ requests: 2, retries: 1, billedTokens: 24 })
    expect(clock.waits).toEqual(waits)
    expect(clock.pending).toBe(0)
  })

  it('waits twice as long each time, with jitter of up to a half', async () => {
    await using stub = await stubServer(first(2, status(502)))
    const [longest, shortest] = [impatientClock(), impatientClock()]
    await scorerFor(stub, longest, () => 1).score('q', texts, callOf())
    expect(longest.waits).toEqual([500, 1000])
    await using other = await stubServer(first(2, status(502)))
    await scorerFor(other, shortest, () => 0).score('q', texts, callOf())
    expect(shortest.waits).toEqual([250, 500])
  })

  it('gives up after maxRetries, says so, and tells what it was', async () => {
    await using stub = await stubServer(status(500))
    const outcome = scorerFor(stub).score('q', texts, callOf())
    await expect(outcome).rejects.toThrow(ProviderError)
    await expect(outcome).rejects.toMatchObject({ code: 'scorer', status: 500, retryable: true, provider: 'cohere' })
    await expect(outcome).rejects.toThrow(/answered 500.*attempt 3, the last/)
    expect(stub.seen).toHaveLength(3)
  })

  it('tries once with maxRetries 0', async () => {
    await using stub = await stubServer(status(429))
    const scorer = cohere({ apiKey, baseUrl: stub.url, maxRetries: 0, clock: impatientClock() })
    await expect(scorer.score('q', texts, callOf())).rejects.toMatchObject({ status: 429 })
    expect(stub.seen).toHaveLength(1)
  })

  it('fails at once when asked to wait longer than maxRetryWaitMs', async () => {
    await using stub = await stubServer(status(429, { 'retry-after': '3600' }))
    const clock = impatientClock()
    const outcome = scorerFor(stub, clock).score('q', texts, callOf())
    await expect(outcome).rejects.toMatchObject({ status: 429, retryAfterMs: 3_600_000 })
    await expect(outcome).rejects.toThrow(/wait 3600 s, longer than maxRetryWaitMs \(20000\)/)
    expect(clock.waits).toEqual([])
    expect(stub.seen).toHaveLength(1)
  })

  it.each([
    [400, /see providerMessage/],
    [401, /set CO_API_KEY or COHERE_API_KEY/],
    [402, /credit/],
    [403, /the key was refused/],
    [404, /check the model and the base URL/],
    [413, /set maxTexts/],
    [422, /docs\.cohere\.com/],
    [501, /the service failed/],
  ])('does not repeat a request that was refused with %i', async (code, message) => {
    await using stub = await stubServer(status(code))
    const outcome = scorerFor(stub).score('q', texts, callOf())
    await expect(outcome).rejects.toMatchObject({ status: code, retryable: false, providerMessage: 'not now' })
    await expect(outcome).rejects.toThrow(message)
    expect(stub.seen).toHaveLength(1)
  })

  it('says which host cannot be reached', async () => {
    const stub = await stubServer(never)
    stub.die()
    const outcome = scorerFor(stub).score('q', texts, callOf())
    await expect(outcome).rejects.toMatchObject({ retryable: true, status: undefined })
    await expect(outcome).rejects.toThrow(`cohere at ${stub.host} failed (ECONNREFUSED)`)
  })
})

describe('a server that hangs', () => {
  it('is asked again after timeoutMs', async () => {
    await using stub = await stubServer(first(1, never))
    const clock = new FakeClock()
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock, timeoutMs: 2000, random: () => 1 })
    const answer = scorer.score('q', texts, callOf())
    await stub.arrived(1)
    await clock.advance(1999)
    expect(stub.seen).toHaveLength(1)
    await clock.advance(1)
    await clock.advance(500)
    await stub.arrived(2)
    expect(await answer).toEqual(right)
    expect(clock.pending).toBe(0)
  })

  it('is reported when it never answers', async () => {
    await using stub = await stubServer(never)
    const clock = new FakeClock()
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock, timeoutMs: 2000, maxRetries: 0 })
    const answer = scorer.score('q', texts, callOf())
    const rejected = expect(answer).rejects.toThrow(/gave no answer within 2000 ms: raise timeoutMs/)
    await stub.arrived(1)
    await clock.advance(2000)
    await rejected
  })

  it('in the middle of a body is noticed too', async () => {
    await using stub = await stubServer((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write('{')
    })
    const clock = new FakeClock()
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock, timeoutMs: 2000, maxRetries: 0 })
    const rejected = expect(scorer.score('q', texts, callOf())).rejects.toThrow(/no answer within 2000 ms/)
    await stub.arrived(1)
    await clock.advance(2000)
    await rejected
  })
})

describe('the end of a wait', () => {
  it('comes at once with an abort, with the reason of the signal and no timer left', async () => {
    await using stub = await stubServer(status(429, { 'retry-after': '15' }))
    const clock = new FakeClock()
    const controller = new AbortController()
    const call = callOf({ signal: controller.signal })
    const answer = scorerFor(stub, clock).score('q', texts, call)
    const outcome = answer.catch((error: unknown) => error)
    await stub.arrived(1)
    // The wait has begun when it is counted as a retry.
    while (call.stats['retries'] === undefined) await settle()
    const reason = new Error('changed my mind')
    controller.abort(reason)
    // The clock stands still: nothing but the abort can have ended the wait.
    expect(await outcome).toBe(reason)
    expect(clock.pending).toBe(0)
    expect(stub.seen).toHaveLength(1)
  })

  it('is not awaited when it lies behind the deadline', async () => {
    await using stub = await stubServer(status(429, { 'retry-after': '15' }))
    const clock = new FakeClock()
    const outcome = scorerFor(stub, clock).score('q', texts, callOf({ deadline: 10_000, now: clock.now }))
    // The clock stands still: the call ends without waiting for anything.
    await expect(outcome).rejects.toMatchObject({ code: 'deadline', cause: { status: 429, retryAfterMs: 15_000 } })
    await expect(outcome).rejects.toThrow(/another try would come too late.*answered 429/)
    expect(clock.pending).toBe(0)
    expect(stub.seen).toHaveLength(1)
  })

  it('comes with the deadline while an answer is due', async () => {
    await using stub = await stubServer(never)
    const clock = new FakeClock()
    const rejected = expect(
      scorerFor(stub, clock).score('q', texts, callOf({ deadline: 80, now: clock.now })),
    ).rejects.toMatchObject({ code: 'deadline' })
    await stub.arrived(1)
    await clock.advance(80)
    await rejected
  })

  it('comes with close, for calls under way', async () => {
    await using stub = await stubServer(never)
    const scorer = scorerFor(stub)
    const rejected = expect(scorer.score('q', texts, callOf())).rejects.toMatchObject({ code: 'closed' })
    await stub.arrived(1)
    await scorer.close()
    await rejected
  })

  it('tells the server that nobody waits any more', async () => {
    let gone: () => void = () => {}
    const closed = new Promise<void>((resolve) => (gone = resolve))
    await using stub = await stubServer((_seen, response) => void response.on('close', gone))
    const controller = new AbortController()
    const rejected = expect(
      scorerFor(stub).score('q', texts, callOf({ signal: controller.signal })),
    ).rejects.toBeDefined()
    await stub.arrived(1)
    controller.abort()
    await rejected
    await closed
  })
})
