import { inspect } from 'node:util'
import { createCohere } from '@ai-sdk/cohere'
import { rerank } from 'ai'
import { CohereClient, CohereClientV2 } from 'cohere-ai'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type CohereOptions, cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { scorerContract } from '../../../contract/scorer-contract.ts'
import { apiKey } from './cases.ts'
import { cohereWire, probabilityOf, speaking } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, type Seen, type StubServer, json, stubServer } from './stub-server.ts'

/** Clients that no one here wrote speak to the server that our tests trust: it understands them, and they it. */

const query = 'when does the lamp turn off'
const documents = ['after ten minutes', 'at dawn', 'never, unless told', 'by the button']
const expected = documents.map((text) => probabilityOf(query, text))

async function oursAgainst(stub: StubServer, more: CohereOptions = {}): Promise<readonly number[]> {
  return cohere({ apiKey, baseUrl: stub.url, ...more }).score(query, documents, callOf())
}

describe('the same server', () => {
  it('gives the official client the numbers that it gives us, for the same request', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    const client = new CohereClientV2({ token: apiKey, environment: stub.url })
    const { results } = await client.rerank({ model: 'rerank-v5.0-pro', query, documents })
    const theirs = results.toSorted((a, b) => a.index - b.index).map(({ relevanceScore }) => relevanceScore)
    expect(theirs).toEqual(expected)
    expect(await oursAgainst(stub)).toEqual(theirs)
    const [their, our] = stub.seen as [Seen, Seen]
    expect(our.body).toEqual(their.body)
    expect([our.method, our.path]).toEqual([their.method, their.path])
    for (const header of ['authorization', 'content-type']) expect(our.headers[header]).toBe(their.headers[header])
  })

  it('gives the provider of the AI SDK the same', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    const model = createCohere({ apiKey, baseURL: `${stub.url}/v2` }).reranking('rerank-v5.0-pro')
    const { ranking } = await rerank({ model, query, documents })
    const theirs = ranking.toSorted((a, b) => a.originalIndex - b.originalIndex).map(({ score }) => score)
    expect(await oursAgainst(stub)).toEqual(theirs)
    const [their, our] = stub.seen as [Seen, Seen]
    expect([our.method, our.path, our.body]).toEqual([their.method, their.path, their.body])
    expect(our.headers.authorization).toBe(their.headers.authorization)
  })
})

const through: readonly [string, (url: string) => CohereOptions][] = [
  ['a client of one’s own', (url) => ({ client: new CohereClientV2({ token: apiKey, environment: url }) })],
  ['the v2 side of an older client', (url) => ({ client: new CohereClient({ token: apiKey, environment: url }).v2 })],
  ['a client made here', (url) => ({ client: 'cohere-ai', apiKey, baseUrl: url })],
]

describe.each(through)('our scorer through %s', (_name, options) => {
  it('has the same numbers, bills and wire as without', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    const call = callOf()
    const scorer = cohere({ ...options(stub.url), maxTokensPerDoc: 512, pricePerMillionTokens: 62_500 })
    expect(await scorer.score(query, documents, call)).toEqual(expected)
    expect(call.stats).toEqual({ requests: 1, billedTokens: 32, cost: 2 })
    expect(await oursAgainst(stub, { maxTokensPerDoc: 512 })).toEqual(expected)
    expect(stub.seen[0]?.body).toEqual(stub.seen[1]?.body)
  })

  it('tries again where the client would, once each time', async () => {
    const speak = speaking(cohereWire)
    const handler: Handler = (seen, response, nth) =>
      nth > 2 ? speak(seen, response, nth) : json(response, { message: 'wait' }, 429, { 'retry-after': '2' })
    await using stub = await stubServer(handler)
    const clock = impatientClock()
    const scorer = cohere({ ...options(stub.url), clock, random: () => 0 })
    expect(await scorer.score(query, documents, callOf())).toEqual(expected)
    expect(clock.waits).toEqual([2000, 2000])
    expect(stub.seen).toHaveLength(3)
  })

  it('tries again where the client would not: after a broken connection', async () => {
    const speak = speaking(cohereWire)
    await using stub = await stubServer((seen, response, nth) =>
      nth > 1 ? speak(seen, response, nth) : void response.destroy(),
    )
    const scorer = cohere({ ...options(stub.url), clock: impatientClock() })
    expect(await scorer.score(query, documents, callOf())).toEqual(expected)
  })

  it('rejects an answer that the client lets pass', async () => {
    await using stub = await stubServer((_seen, response) => json(response, { results: [] }))
    await expect(cohere(options(stub.url)).score(query, documents, callOf())).rejects.toThrow(
      /4 of 4 texts have no score/,
    )
  })

  it('rejects with the reason of the signal, whatever the client makes of an abort', async () => {
    await using stub = await stubServer(() => {})
    const controller = new AbortController()
    const outcome = cohere(options(stub.url)).score(query, documents, callOf({ signal: controller.signal }))
    const reason = new Error('changed my mind')
    const rejected = expect(outcome).rejects.toBe(reason)
    await stub.arrived(1)
    controller.abort(reason)
    await rejected
  })

  it('says what to do about a key that was refused, without the key', async () => {
    await using stub = await stubServer((_seen, response) => json(response, { message: `invalid ${apiKey}` }, 401))
    const outcome = cohere(options(stub.url)).score(query, documents, callOf())
    await expect(outcome).rejects.toMatchObject({ status: 401, retryable: false })
    await expect(outcome).rejects.toThrow(/set CO_API_KEY or COHERE_API_KEY/)
    expect(inspect(await outcome.catch((error: unknown) => error), { depth: 20, showHidden: true })).not.toContain(
      apiKey,
    )
  })
})

describe('the contract through the official client', () => {
  let stub: StubServer
  beforeAll(async () => {
    stub = await stubServer(speaking(cohereWire))
  })
  afterAll(() => stub.die())

  scorerContract('cohere through its client', () => cohere({ client: 'cohere-ai', apiKey, baseUrl: stub.url }))
})
