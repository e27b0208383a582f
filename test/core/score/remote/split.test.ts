import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { jina } from '../../../../packages/core/src/score/remote/vendors/jina.ts'
import { server } from '../../../../packages/core/src/score/remote/server.ts'
import { splitTexts } from '../../../../packages/core/src/score/remote/hosted.ts'
import { estimateTokens } from '../../../../packages/core/src/base/words.ts'
import { voyage } from '../../../../packages/core/src/score/remote/vendors/voyage.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey } from './cases.ts'
import { cohereWire, jinaWire, probabilityOf, speaking, teiWire, voyageWire } from './dialects.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, json, stubServer } from './stub-server.ts'

const texts = (count: number): string[] => Array.from({ length: count }, (_, at) => `text number ${at}`)
const expected = (list: readonly string[]): number[] => list.map((text) => probabilityOf('q', text))
const sizes = (seen: readonly { body: unknown }[]): number[] =>
  seen.flatMap(({ body }) => Object.values((body ?? {}) as object).filter(Array.isArray)).map((list) => list.length)

/** TEI with its page of information. */
const teiSaying =
  (info: unknown, maxTexts: number, status = 200): Handler =>
  (seen, response, nth) =>
    seen.path === '/info' ? json(response, info, status) : speaking(teiWire, { maxTexts })(seen, response, nth)

/** Answers only when so many wait: fewer at a time and nothing ever comes back. */
function together(count: number, handler: Handler): Handler {
  const held: (() => unknown)[] = []
  return (seen, response, nth) => {
    held.push(() => handler(seen, response, nth))
    if (held.length === count) for (const answer of held.splice(0)) answer()
  }
}

describe('splitting a list of texts', () => {
  it('loses, repeats and reorders nothing, and keeps the limits', () => {
    const limits = fc.record({
      maxTexts: fc.integer({ min: 1, max: 9 }),
      maxTokens: fc.integer({ min: 1, max: 40 }),
      maxPairTokens: fc.integer({ min: 1, max: 60 }),
    })
    fc.assert(
      fc.property(fc.string(), fc.array(fc.string({ maxLength: 60 })), limits, (query, list, limit) => {
        const batches = splitTexts(query, list, limit)
        expect(batches.flatMap((batch) => batch.texts)).toEqual(list)
        expect(batches.map(({ start }) => start)).toEqual(
          batches.map((_, at) => batches.slice(0, at).reduce((sum, batch) => sum + batch.texts.length, 0)),
        )
        for (const batch of batches) {
          const tokens = batch.texts.map((text) =>
            Math.min(limit.maxPairTokens, estimateTokens(query) + estimateTokens(text)),
          )
          expect(batch.texts.length).toBeLessThanOrEqual(limit.maxTexts)
          if (batch.texts.length > 1) expect(tokens.reduce((a, b) => a + b)).toBeLessThanOrEqual(limit.maxTokens)
        }
      }),
    )
  })
})

describe('a thousand candidates', () => {
  it('on a server that takes 32 at a time get their own numbers, few requests at once', async () => {
    const inFours = together(4, speaking(teiWire, { maxTexts: 32 }))
    await using stub = await stubServer((seen, response, nth) =>
      seen.path === '/info' ? json(response, { max_client_batch_size: 32 }) : inFours(seen, response, nth),
    )
    const scorer = server({ dialect: 'tei', url: stub.url })
    const list = texts(1000)
    expect(await scorer.score('q', list, callOf())).toEqual(expected(list))
    expect(stub.seen.filter(({ path }) => path === '/info')).toHaveLength(1)
    expect(sizes(stub.seen).sort((a, b) => a - b)).toEqual([8, ...new Array<number>(31).fill(32)])
    expect(stub.busiest).toBe(4)
  })

  it('come out of a reranker in the order of their numbers', async () => {
    await using stub = await stubServer(teiSaying({ max_client_batch_size: 32 }, 32))
    const reranker = createReranker({ scorer: server({ dialect: 'tei', url: stub.url }), depth: 1000 })
    const list = texts(1000)
    const { results, report } = await reranker.rerank('q', list)
    const ranked = list.toSorted((a, b) => probabilityOf('q', b) - probabilityOf('q', a))
    expect(results.map(({ candidate }) => candidate.text)).toEqual(ranked)
    expect(report.stages[0]?.stats).toMatchObject({ requests: 32 })
  })
})

describe('what the server says about its limit', () => {
  it('is asked once, however many calls there are', async () => {
    await using stub = await stubServer(teiSaying({ max_client_batch_size: 4 }, 4))
    const scorer = server({ dialect: 'tei', url: stub.url })
    for (let call = 0; call < 3; call++) await scorer.score('q', texts(5), callOf())
    expect(stub.seen.filter(({ path }) => path === '/info')).toHaveLength(1)
    expect(sizes(stub.seen).sort((a, b) => a - b)).toEqual([1, 1, 1, 4, 4, 4])
  })

  it.each([
    ['has no such page', 'Not found', 404],
    ['has another page there', '<html>', 200],
    ['does not say', { model_id: 'm' }, 200],
    ['says nonsense', { max_client_batch_size: -1 }, 200],
  ])('is 32 when it %s, and is not asked again', async (_name, info, status) => {
    await using stub = await stubServer(teiSaying(info, 32, status))
    const scorer = server({ dialect: 'tei', url: stub.url })
    const list = texts(33)
    expect(await scorer.score('q', list, callOf())).toEqual(expected(list))
    await scorer.score('q', list, callOf())
    expect(stub.seen.filter(({ path }) => path === '/info')).toHaveLength(1)
    expect(sizes(stub.seen).sort((a, b) => a - b)).toEqual([1, 1, 32, 32])
  })

  it('is asked again when the server was down', async () => {
    let isDown = true
    await using stub = await stubServer((seen, response, nth) =>
      teiSaying({ max_client_batch_size: 40 }, 40, isDown ? 503 : 200)(seen, response, nth),
    )
    const scorer = server({ dialect: 'tei', url: stub.url, clock: impatientClock() })
    await scorer.score('q', texts(40), callOf())
    isDown = false
    await scorer.score('q', texts(40), callOf())
    expect(sizes(stub.seen).sort((a, b) => a - b)).toEqual([8, 32, 40])
  })

  it('gives way to what the caller says', async () => {
    await using stub = await stubServer(teiSaying({ max_client_batch_size: 32 }, 32))
    await server({ dialect: 'tei', url: stub.url, maxTexts: 2 }).score('q', texts(4), callOf())
    expect(sizes(stub.seen)).toEqual([2, 2])
  })

  it('does not hide an abort', async () => {
    await using stub = await stubServer(() => {})
    const controller = new AbortController()
    const call = callOf({ signal: controller.signal })
    const outcome = server({ dialect: 'tei', url: stub.url }).score('q', texts(1), call)
    const reason = new Error('changed my mind')
    const rejected = expect(outcome).rejects.toBe(reason)
    await stub.arrived(1)
    controller.abort(reason)
    await rejected
  })
})

describe('splitting for vendors', () => {
  it('keeps within a number of texts, and adds up the bills', async () => {
    await using stub = await stubServer(speaking(cohereWire, { maxTexts: 1000 }))
    const call = callOf()
    const list = texts(2050)
    const scorer = cohere({ apiKey, baseUrl: stub.url, model: 'rerank-v3.5', pricePerSearchUnit: 0.5 })
    expect(await scorer.score('q', list, call)).toEqual(expected(list))
    expect(sizes(stub.seen).sort((a, b) => a - b)).toEqual([50, 1000, 1000])
    expect(call.stats).toEqual({ requests: 3, searchUnits: 21, cost: 10.5 })
  })

  it('keeps within estimated tokens, where the vendor bounds them', async () => {
    await using stub = await stubServer(speaking(voyageWire))
    const list = Array.from({ length: 40 }, (_, at) => `${at} ${'word '.repeat(6000)}`)
    expect(await voyage({ apiKey, baseUrl: `${stub.url}/v1` }).score('q', list, callOf())).toEqual(expected(list))
    // Thirty kilobytes each, ten thousand tokens by the estimate: all fit 540,000.
    expect(sizes(stub.seen)).toEqual([40])
    await voyage({ apiKey, baseUrl: `${stub.url}/v1`, maxTokens: 100_000 }).score('q', list, callOf())
    expect(
      sizes(stub.seen)
        .slice(1)
        .sort((a, b) => a - b),
    ).toEqual([4, 9, 9, 9, 9])
  })

  it('is refused for scorers that read all texts together: by onError, with the fix', async () => {
    await using stub = await stubServer(speaking(jinaWire))
    const scorer = jina({ apiKey, baseUrl: `${stub.url}/v1`, maxTexts: 3 })
    await expect(scorer.score('q', texts(3), callOf())).resolves.toEqual(expected(texts(3)))
    const outcome = scorer.score('q', texts(4), callOf())
    await expect(outcome).rejects.toMatchObject({ code: 'scorer' })
    await expect(outcome).rejects.toThrow(/at most 3 a request, and 4 were given.*Set depth to 3 or less/)
    expect(stub.seen).toHaveLength(1)
  })

  it('makes no difference between calls: requests under way are bounded over all of them', async () => {
    await using stub = await stubServer(together(3, speaking(cohereWire)))
    const scorer = cohere({ apiKey, baseUrl: stub.url, maxTexts: 2, concurrency: 3 })
    const calls = Array.from({ length: 6 }, () => scorer.score('q', texts(10), callOf()))
    for (const numbers of await Promise.all(calls)) expect(numbers).toEqual(expected(texts(10)))
    expect(stub.busiest).toBe(3)
  })

  it('gives up its place in line on an abort', async () => {
    const held: (() => void)[] = []
    const speak = speaking(cohereWire)
    await using stub = await stubServer((seen, response, nth) => {
      held.push(() => void speak(seen, response, nth))
    })
    const scorer = cohere({ apiKey, baseUrl: stub.url, concurrency: 1 })
    const first = scorer.score('q', texts(1), callOf())
    await stub.arrived(1)
    const controller = new AbortController()
    const second = scorer.score('q', texts(2), callOf({ signal: controller.signal }))
    const third = scorer.score('q', texts(3), callOf())
    const aborted = expect(second).rejects.toBe('not any more')
    controller.abort('not any more')
    await aborted
    held[0]?.()
    await expect(first).resolves.toHaveLength(1)
    await stub.arrived(2)
    held[1]?.()
    await expect(third).resolves.toHaveLength(3)
    expect(sizes(stub.seen)).toEqual([1, 3])
  })

  it('stops the other requests of a call when one fails', async () => {
    let gone = 0
    await using stub = await stubServer((_seen, response, nth) => {
      response.on('close', () => gone++)
      if (nth === 4) json(response, {}, 400)
    })
    const scorer = cohere({ apiKey, baseUrl: stub.url, maxTexts: 1, concurrency: 4 })
    await expect(scorer.score('q', texts(20), callOf())).rejects.toMatchObject({ status: 400 })
    expect(stub.seen).toHaveLength(4)
    await expect.poll(() => gone).toBe(4)
  })
})
