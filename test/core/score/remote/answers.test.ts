import { inspect } from 'node:util'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { type Answer, readScores } from '../../../../packages/core/src/score/remote/http.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { apiKey } from './cases.ts'
import { impatientClock } from './impatient-clock.ts'
import { type Handler, json, stubServer } from './stub-server.ts'

const texts = ['a', 'b', 'c']
const rows = (...pairs: [unknown, unknown][]): object => ({
  results: pairs.map(([index, relevance_score]) => ({ index, relevance_score })),
})
const saying =
  (body: unknown): Handler =>
  (_seen, response) =>
    json(response, body)

/** Answers with status 200 that must not be taken for numbers. */
const unusable: readonly [string, Handler, RegExp][] = [
  [
    'a page of HTML',
    (_seen, response) => void response.setHeader('content-type', 'text/html').end('<html>Sign in</html>'),
    /content-type text\/html\) where JSON was due/,
  ],
  ['nothing', (_seen, response) => void response.end(), /an empty body where JSON was due/],
  ['NaN, which is not JSON', saying('{"results":[{"index":0,"relevance_score":NaN}]}'), /where JSON was due/],
  ['a NaN further down', saying('{"results":[{"index":0,"relevance_score": -Infinity}]}'), /its model gave no number/],
  [
    'JSON that is cut',
    saying('{"results":[{"index":0,"relevance_score":0.2},{"ind'),
    /JSON that breaks off .* lower maxTexts/,
  ],
  ['an error under status 200', saying({ error: { message: 'no such model' } }), /200 with an error .*no such model/],
  [
    'an error as a string',
    saying({ error: 'loading', results: [] }),
    /200 with an error instead of scores \("loading"\)/,
  ],
  [
    'an error that names its status',
    saying({ error: { code: 404, message: 'gone' } }),
    /answered 404: there is no such model/,
  ],
  ['null', saying('null'), /undefined stands where the list of scores was due/],
  ['no list', saying({ results: { index: 0 } }), /an object with keys \["index"\] stands where the list/],
  ['an answer that is too short', saying(rows([0, 0.1], [2, 0.3])), /1 of 3 texts have no score \(1\)/],
  ['an empty list', saying(rows()), /3 of 3 texts have no score \(0, 1, 2\)/],
  ['the same index twice', saying(rows([0, 0.1], [1, 0.2], [1, 0.3])), /two scores for text 1/],
  ['an index too high', saying(rows([0, 0.1], [1, 0.2], [3, 0.3])), /index 3, and 3 texts were sent/],
  ['a negative index', saying(rows([-1, 0.1], [1, 0.2], [2, 0.3])), /index -1/],
  ['half an index', saying(rows([0.5, 0.1], [1, 0.2], [2, 0.3])), /index 0\.5/],
  ['an index in quotes', saying(rows(['0', 0.1], [1, 0.2], [2, 0.3])), /index "0"/],
  ['no index', saying(rows([undefined, 0.1], [1, 0.2], [2, 0.3])), /index undefined/],
  ['null for a number', saying(rows([0, 0.1], [1, null], [2, 0.3])), /relevance_score of text 1 is null/],
  ['a number in quotes', saying(rows([0, 0.1], [1, '0.5'], [2, 0.3])), /relevance_score of text 1 is "0\.5"/],
  ['a number too large', saying('{"results":[{"index":0,"relevance_score":1e999}]}'), /of text 0 is Infinity/],
  ['no number', saying({ results: [{ index: 0 }] }), /of text 0 is undefined/],
  ['a row of null', saying({ results: [null] }), /index undefined/],
]

describe('an answer that cannot be used', () => {
  it.each(unusable)('%s: one clear error, and no second bill', async (_name, handler, message) => {
    await using stub = await stubServer(handler)
    const outcome = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock() }).score('q', texts, callOf())
    await expect(outcome).rejects.toMatchObject({ name: 'ProviderError', code: 'scorer', retryable: false })
    await expect(outcome).rejects.toThrow(message)
    expect(stub.seen).toHaveLength(1)
  })

  it.each(unusable)('%s: keep-order keeps the order and says why', async (_name, handler, message) => {
    await using stub = await stubServer(handler)
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock() })
    const candidates = texts.map((text) => ({ text }))
    const { results, report } = await createReranker({ scorer, onError: 'keep-order' }).rerank('q', candidates)
    expect(results.map(({ candidate }) => candidate)).toEqual(candidates)
    expect(results.map(({ score }) => score)).toEqual([undefined, undefined, undefined])
    expect(report.stages[0]).toMatchObject({ outcome: 'failed' })
    expect(report.stages[0]?.error?.message).toMatch(message)
    expect(inspect(report, { depth: 9 })).not.toContain(apiKey)
  })

  it('that is too long is not read to its end', async () => {
    await using stub = await stubServer((_seen, response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      response.write(' '.repeat(5000))
    })
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock(), maxResponseBytes: 1000 })
    await expect(scorer.score('q', texts, callOf())).rejects.toThrow(/more than 1000 bytes: set maxTexts/)
  })

  it('that says it is too long is not read at all', async () => {
    await using stub = await stubServer((_seen, response) => {
      response.writeHead(200, { 'content-length': '1000000000' })
      response.write(' ')
    })
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock() })
    await expect(scorer.score('q', texts, callOf())).rejects.toThrow(/more than 33554432 bytes/)
  })

  it('is billed all the same', async () => {
    await using stub = await stubServer(saying({ results: [], meta: { billed_units: { search_units: 1 } } }))
    const call = callOf()
    const scorer = cohere({ apiKey, baseUrl: stub.url, pricePerSearchUnit: 2 })
    await expect(scorer.score('q', texts, call)).rejects.toThrow()
    expect(call.stats).toMatchObject({ searchUnits: 1, cost: 2 })
  })

  it.each([['a lot'], [null], [{}]])('bills nothing for units of %j', async (units) => {
    const meta = { billed_units: { search_units: units } }
    await using stub = await stubServer(saying({ ...rows([0, 1], [1, 2], [2, 3]), meta }))
    const call = callOf()
    await cohere({ apiKey, baseUrl: stub.url, pricePerSearchUnit: 2 }).score('q', texts, call)
    expect(call.stats).toEqual({ requests: 1 })
  })
})

describe('reading scores', () => {
  const names = { provider: 'someone', keyFix: '', docs: '' }
  const answerOf = (list: readonly (readonly [number, number])[]): Answer => ({
    scoreKey: 'score',
    rows: list.map(([index, score]) => ({ index, score })),
  })

  it('gives the same numbers whatever the order of the rows', () => {
    const scores = fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { maxLength: 50 })
    fc.assert(
      fc.property(scores, fc.infiniteStream(fc.nat()), (numbers, keys) => {
        const shuffled = [...numbers.entries()]
          .map((row) => ({ row, key: keys.next().value as number }))
          .sort((a, b) => a.key - b.key)
        expect(readScores(answerOf(shuffled.map(({ row }) => row)), numbers.length, names)).toEqual(numbers)
      }),
    )
  })

  it('rejects whatever is not exactly one row for each text', () => {
    const lists = fc.array(fc.tuple(fc.integer({ min: -1, max: 6 }), fc.constant(0.5)), { maxLength: 8 })
    fc.assert(
      fc.property(lists, fc.nat(6), (list, count) => {
        const found = list.map(([index]) => index).sort((a, b) => a - b)
        const isExact = found.length === count && found.every((index, at) => index === at)
        const read = (): unknown => readScores(answerOf(list), count, names)
        if (isExact) expect(read()).toHaveLength(count)
        else expect(read).toThrow(/cannot be used/)
      }),
    )
  })
})

describe('an error under status 200', () => {
  it.each([
    ['a sentence of OpenAI’s form', { error: { message: 'the quota is used up', type: 'quota' } }],
    ['a sentence of FastAPI’s form', { detail: [{ msg: 'the quota is used up', loc: ['body'] }] }],
    ['a list of errors', { errors: [{ message: 'the quota is used up' }] }],
    ['a bare string', 'the quota is used up'],
    ['beside an empty list', { results: [], message: 'the quota is used up' }],
  ])('hands on what the provider says: %s', async (_name, body) => {
    await using stub = await stubServer(saying(JSON.stringify(body)))
    const outcome = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock() }).score('q', texts, callOf())
    await expect(outcome).rejects.toMatchObject({ status: 200, providerMessage: 'the quota is used up' })
  })

  it('is tried again when the status that it names may pass', async () => {
    await using stub = await stubServer((_seen, response) =>
      stub.seen.length === 1
        ? json(response, { error: { code: 503, message: 'waking up' } })
        : json(response, rows([0, 0.1], [1, 0.2], [2, 0.3])),
    )
    const scorer = cohere({ apiKey, baseUrl: stub.url, clock: impatientClock() })
    await expect(scorer.score('q', texts, callOf())).resolves.toEqual([0.1, 0.2, 0.3])
    expect(stub.seen).toHaveLength(2)
  })
})
