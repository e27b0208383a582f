import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Fetch } from '../../../../packages/core/src/base/call.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey, cases, opened } from './cases.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, json, stubServer } from './stub-server.ts'

/** What must hold for every service, whichever file speaks to it: none may go a way of its own past the engine. */

const logged = (error: unknown): string =>
  [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), (error as Error).stack].join('\n')

const failure = (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => expect.unreachable(),
    (thrown: unknown) => thrown as Error,
  )

describe.each(cases)('$name', (one) => {
  const against = async (handler: Handler): ReturnType<typeof opened> => opened({ ...one, handler }, patient())
  const patient = (): object => ({ clock: impatientClock(), random: () => 0 })

  it('is asked again after what may pass, and bills once', async () => {
    await using both = await against((seen, response, nth) =>
      nth < 3 ? json(response, { message: 'busy' }, nth === 1 ? 429 : 503) : one.handler(seen, response, nth),
    )
    const call = callOf()
    expect(await both.scorer.score('q', ['a', 'b'], call)).toHaveLength(2)
    expect(call.stats).toEqual({ ...one.stats, requests: 3, retries: 2 })
    expect(both.stub.seen[2]?.body).toEqual(both.stub.seen[0]?.body)
  })

  it('is not asked again after what will not pass, and says so without the key', async () => {
    await using both = await against(({ headers }, response) =>
      json(response, { message: `refused: ${String(headers.authorization ?? headers['api-key'])}` }, 403),
    )
    const error = await failure(both.scorer.score('q', ['a'], callOf()))
    expect(error).toMatchObject({ name: 'ProviderError', status: 403, retryable: false })
    expect(both.stub.seen).toHaveLength(1)
    expect(logged(error)).not.toContain(apiKey)
  })

  it('keeps the key out of what a fetch throws', async () => {
    const fetch: Fetch = (_url, { headers }) =>
      Promise.reject(Object.assign(new TypeError(`sent ${JSON.stringify(headers)}`), { config: { headers } }))
    await using both = await opened(one, { ...patient(), fetch, maxRetries: 0 })
    const error = await failure(both.scorer.score('q', ['a'], callOf()))
    expect(error).toMatchObject({ name: 'ProviderError', retryable: true })
    expect(logged(error)).not.toContain(apiKey)
  })

  it('follows no redirect to another host', async () => {
    await using other = await stubServer(one.handler)
    await using both = await against(({ path }, response) =>
      json(response, {}, 307, { location: `${other.url}${path}` }),
    )
    const error = await failure(both.scorer.score('q', ['a'], callOf()))
    expect(error.message).toContain(`redirects to ${other.url}, which was not followed`)
    expect(other.seen).toEqual([])
  })

  it('ends at once with an abort, with its reason', async () => {
    await using both = await opened({ ...one, handler: () => {} })
    const controller = new AbortController()
    const call = both.scorer.score('q', ['a'], callOf({ signal: controller.signal }))
    await both.stub.arrived(1)
    const reason = new Error('the user left')
    controller.abort(reason)
    await expect(call).rejects.toBe(reason)
  })

  it.each([
    ['nothing', {}],
    ['a list that is none', { results: 'x', data: 'x', rankings: 'x', records: 'x', scores: 'x', response: 'x' }],
    ['an error under 200', { error: { message: 'no such model' } }],
    ['rows that say nothing', { results: [{}], data: [{}], rankings: [{}], records: [{}], scores: [{}] }],
  ])('rejects an answer with %s', async (_what, body) => {
    await using both = await against((_seen, response) => json(response, body))
    const error = await failure(both.scorer.score('q', ['a', 'b'], callOf()))
    expect(error).toMatchObject({ name: 'ProviderError', retryable: false })
  })

  it('rejects an answer that lacks the score of a text, or has one too many', async () => {
    for (const [asked, shown] of [
      [['a', 'b'], ['a']],
      [['a'], ['a', 'b']],
    ] as const) {
      await using whole = await opened(one)
      await whole.scorer.score('q', shown, callOf())
      await using copy = await stubServer(one.handler)
      const [request] = whole.stub.seen
      const kept: unknown = await (
        await fetch(`${copy.url}${request?.path}`, { method: 'POST', body: JSON.stringify(request?.body) })
      ).json()
      await using both = await against((_seen, response) => json(response, kept))
      const error = await failure(both.scorer.score('q', asked, callOf()))
      expect(error).toMatchObject({ name: 'ProviderError', retryable: false })
    }
  })

  it('refuses an instruction that it would not heed, before anything is sent', async () => {
    await using both = await opened(one)
    const told = both.scorer.score('q', ['a'], callOf({ instruction: 'Find the newest.' }))
    if (both.scorer.takesInstruction === true) {
      await told
      expect(JSON.stringify(both.stub.seen[0]?.body)).toContain('Find the newest.')
    } else {
      await expect(told).rejects.toThrow(/^instruction is "Find the newest\.": .* takes none; leave it out$/)
      expect(both.stub.seen).toEqual([])
      expect(() => one.make(both.stub.url, { instruction: 'Find the newest.' })).toThrow(
        /^instruction is .* takes none/,
      )
    }
  })
})
