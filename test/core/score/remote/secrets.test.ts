import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import type { Fetch } from '../../../../packages/core/src/base/call.ts'
import { pinecone } from '../../../../packages/core/src/score/remote/vendors/pinecone.ts'
import { server } from '../../../../packages/core/src/score/remote/server.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey } from './cases.ts'
import { cohereWire, probabilityOf, speaking } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, json, stubServer } from './stub-server.ts'

const gatewayToken = 'gateway-token-987654'

/** All that a log would show of an error, however deep. */
const logged = (error: unknown): string =>
  [inspect(error, { depth: 20, showHidden: true }), JSON.stringify(error), (error as Error).stack].join('\n')

const failure = async (promise: Promise<unknown>): Promise<Error> => {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(Error)
  return error as Error
}

describe('the key', () => {
  const echoing: readonly [string, Handler][] = [
    ['a refusal that repeats it', (_seen, response) => json(response, { message: `bad key ${apiKey}` }, 401)],
    ['a refusal that repeats it deep inside', (_seen, response) => json(response, { error: { message: apiKey } }, 400)],
    ['a refusal in the words of FastAPI', (_seen, response) => json(response, { detail: [{ msg: apiKey }] }, 422)],
    ['a page that repeats it', (_seen, response) => void response.end(`<p>${apiKey} ${gatewayToken}</p>`)],
    [
      'an answer that repeats it',
      (_seen, response) => json(response, { results: [{ index: 0, relevance_score: null }] }),
    ],
    ['an outage', (_seen, response) => json(response, apiKey, 500)],
    ['a broken connection', (_seen, response) => void response.destroy()],
  ]

  it.each(echoing)('is in no error: %s', async (_name, handler) => {
    await using stub = await stubServer(handler)
    const headers = { 'x-gateway': gatewayToken }
    const scorer = cohere({ apiKey, headers, baseUrl: stub.url, clock: impatientClock() })
    const error = await failure(scorer.score('q', ['a'], callOf()))
    expect(stub.seen[0]?.headers).toMatchObject({ authorization: `Bearer ${apiKey}`, 'x-gateway': gatewayToken })
    expect(logged(error)).not.toContain(apiKey)
    expect(logged(error)).not.toContain(gatewayToken)
  })

  it('is in no error when it stands in a header of one’s own, or where a long message is cut', async () => {
    await using stub = await stubServer((_seen, response) =>
      json(response, { message: `${'x'.repeat(190)}${gatewayToken}` }, 400),
    )
    const scorer = cohere({ headers: { authorization: `Bearer ${gatewayToken}` }, baseUrl: stub.url })
    const error = await failure(scorer.score('q', ['a'], callOf()))
    expect(logged(error)).toContain('xxx[secret]')
    expect(logged(error)).not.toContain(gatewayToken.slice(0, 8))
  })

  it('is in no error of a fetch that shows its request', async () => {
    const fetch: Fetch = (_url, { headers }) => {
      const secret = (headers as Record<string, string>)['authorization']
      const cause = Object.assign(new Error(`sent ${secret}`), { code: 'EPIPE', headers })
      return Promise.reject(Object.assign(new TypeError(`failed with ${secret}`, { cause }), { config: { headers } }))
    }
    const error = await failure(cohere({ apiKey, fetch, clock: impatientClock() }).score('q', ['a'], callOf()))
    expect(logged(error)).toContain('EPIPE')
    expect(logged(error)).not.toContain(apiKey)
  })

  it.each([
    ['a line break inside', `${apiKey}\nx`],
    ['a letter that no header may hold', `${apiKey}é`],
  ])('is not shown when it has %s', (_name, bad) => {
    const make = (): unknown => cohere({ apiKey: bad })
    expect(make).toThrow(/apiKey cannot be sent/)
    expect(make).not.toThrow(apiKey)
  })

  it('loses the line break at its end', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    await cohere({ apiKey: `${apiKey}\n`, baseUrl: stub.url }).score('q', ['a'], callOf())
    expect(stub.seen[0]?.headers.authorization).toBe(`Bearer ${apiKey}`)
  })

  it('in a URL is refused, and not shown', () => {
    const make = (): unknown => server({ dialect: 'tei', url: `https://user:${apiKey}@host.example` })
    expect(make).toThrow(/holds a user name or password/)
    expect(make).not.toThrow(apiKey)
  })

  it('in the query of a URL stands in no id and no error', async () => {
    await using stub = await stubServer((_seen, response) => json(response, {}, 500))
    const scorer = server({ dialect: 'vllm', url: `${stub.url}/?key=${apiKey}`, clock: impatientClock() })
    expect(scorer.id).not.toContain(apiKey)
    const error = await failure(scorer.score('q', ['a'], callOf()))
    expect(stub.seen[0]?.path).toBe(`/rerank?key=${apiKey}`)
    expect(logged(error)).not.toContain(apiKey)
  })
})

describe('a redirect', () => {
  it.each([301, 302, 307, 308])('to another host with %i is not followed', async (code) => {
    await using other = await stubServer(speaking(cohereWire))
    await using stub = await stubServer(({ path }, response) =>
      json(response, {}, code, { location: `${other.url}${path}?token=${apiKey}` }),
    )
    const error = await failure(cohere({ apiKey, baseUrl: stub.url }).score('q', ['a'], callOf()))
    expect(other.seen).toHaveLength(0)
    expect(error.message).toContain(`redirects to ${other.url}, which was not followed`)
    expect(error).toMatchObject({ status: code, retryable: false })
    expect(logged(error)).not.toContain(apiKey)
  })

  it.each([301, 302, 307, 308])('to the same host with %i is followed, with the body', async (code) => {
    const speak = speaking(cohereWire)
    await using stub = await stubServer((seen, response, nth) =>
      nth === 1 ? json(response, {}, code, { location: '/v2/rerank' }) : speak(seen, response, nth),
    )
    const scores = await cohere({ apiKey, baseUrl: `${stub.url}/old` }).score('q', ['a'], callOf())
    expect(scores).toEqual([probabilityOf('q', 'a')])
    expect(stub.seen.map(({ path, method }) => `${method} ${path}`)).toEqual(['POST /old/v2/rerank', 'POST /v2/rerank'])
    expect(stub.seen[1]?.body).toEqual(stub.seen[0]?.body)
  })

  it.each([
    ['in a circle', { location: '/v2/rerank' }, 307, /redirects to itself/],
    ['without a place', {}, 307, /redirects to another place/],
    ['to something else', { location: 'http://[' }, 307, /redirects to another place/],
    ['that would make a GET of it', { location: '/v2/rerank' }, 303, /redirects to another place/],
  ])('%s is an error', async (_name, headers, code, message) => {
    await using stub = await stubServer((_seen, response) =>
      json(response, {}, code, headers as Record<string, string>),
    )
    const error = await failure(cohere({ apiKey, baseUrl: stub.url }).score('q', ['a'], callOf()))
    expect(error.message).toMatch(message)
    expect(stub.seen.length).toBeLessThan(6)
  })
})

describe('a missing key', () => {
  it('is an error that names the variables', () => {
    const saved = [process.env['CO_API_KEY'], process.env['COHERE_API_KEY']]
    delete process.env['CO_API_KEY']
    delete process.env['COHERE_API_KEY']
    try {
      expect(() => cohere()).toThrow(/set CO_API_KEY or COHERE_API_KEY in the environment, or pass apiKey/)
      process.env['COHERE_API_KEY'] = apiKey
      expect(cohere().id).toBe('cohere:rerank-v5.0-pro@api.cohere.com')
    } finally {
      delete process.env['COHERE_API_KEY']
      if (saved[0] !== undefined) process.env['CO_API_KEY'] = saved[0]
      if (saved[1] !== undefined) process.env['COHERE_API_KEY'] = saved[1]
    }
  })

  it.each([
    ['an empty key', { apiKey: '' }],
    ['a header of one’s own', { headers: { Authorization: 'Basic x' } }],
  ])('is fine with %s', async (_name, options) => {
    await using stub = await stubServer(speaking(cohereWire))
    await cohere({ baseUrl: stub.url, ...options }).score('q', ['a'], callOf())
    expect(stub.seen[0]?.headers.authorization).toBe('headers' in options ? 'Basic x' : undefined)
  })

  it('of Pinecone may be its own header too', () => {
    expect(() => pinecone({ headers: { 'Api-Key': apiKey } })).not.toThrow()
  })
})
