import { SpanStatusCode, trace } from '@opentelemetry/api'
import type { ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { RerankError } from '../../../packages/core/src/base/errors.ts'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import { clearMargin } from '../../../packages/core/src/skip/first-stage.ts'
import { numberIn, readingNumbers, scorerOf } from '../../contract/fake-scorer.ts'
import { registerSdk } from './open-telemetry.ts'

const sdk = registerSdk()
beforeEach(() => sdk.reset())
afterAll(() => sdk.unregister())

const secret = 'who embezzled'
const texts = ['Doe did 1', 'Roe did 3', 'nobody did 2']
const named = (name: string): ReadableSpan => {
  const span = sdk.spans().find((one) => one.name === name)
  if (span === undefined)
    throw new Error(
      `no span ${name} among ${sdk
        .spans()
        .map((one) => one.name)
        .join()}`,
    )
  return span
}
const counting = scorerOf((_query, given, call) => {
  Object.assign(call.stats, { tokens: 40, cacheHits: 1 })
  return given.map(numberIn)
})

describe('the spans of a call', () => {
  it('are one for the call and one for each stage, under the active span', async () => {
    const stages = [{ scorer: counting }, { scorer: readingNumbers({ id: 'second' }), depth: 2 }]
    const tracer = trace.getTracer('application')
    await tracer.startActiveSpan('answer', async (span) => {
      await createReranker({ stages, topN: 1 }).rerank(secret, texts)
      span.end()
    })
    const [call, first, second] = [named('secondpass.rerank'), named('rerank fake'), named('rerank second')]
    expect(call.parentSpanContext?.spanId).toBe(named('answer').spanContext().spanId)
    expect(first.parentSpanContext?.spanId).toBe(call.spanContext().spanId)
    expect(second.parentSpanContext?.spanId).toBe(call.spanContext().spanId)
    expect(call.attributes).toEqual({
      'secondpass.candidates': 3,
      'secondpass.returned': 1,
      'secondpass.unscored': 0,
      'secondpass.below_min_score': 0,
      'secondpass.near_duplicates': 0,
      'secondpass.over_budget': 0,
      'secondpass.outcomes': ['ranked', 'ranked'],
    })
    expect(first.attributes).toEqual({
      'gen_ai.operation.name': 'rerank',
      'gen_ai.provider.name': 'secondpass',
      'gen_ai.request.model': 'fake',
      'gen_ai.usage.input_tokens': 40,
      'secondpass.stage.index': 0,
      'secondpass.outcome': 'ranked',
      'secondpass.candidates': 3,
      'secondpass.blended': false,
      'secondpass.stats.tokens': 40,
      'secondpass.stats.cache_hits': 1,
    })
    expect(second.attributes).toMatchObject({ 'secondpass.stage.index': 1, 'secondpass.candidates': 2 })
    expect(call.status.code).toBe(SpanStatusCode.UNSET)
  })

  it('are the parents of what the scorer traces', async () => {
    const scorer = scorerOf(async (_query, given) => {
      await Promise.resolve()
      trace.getTracer('http').startSpan('POST').end()
      return given.map(numberIn)
    })
    await createReranker({ scorer }).rerank(secret, texts)
    expect(named('POST').parentSpanContext?.spanId).toBe(named('rerank fake').spanContext().spanId)
  })

  it('keep calls at the same time apart', async () => {
    const reranker = createReranker({ scorer: counting })
    await Promise.all([reranker.rerank(secret, texts), reranker.rerank(secret, texts.slice(1))])
    const calls = sdk.spans().filter(({ name }) => name === 'secondpass.rerank')
    const parents = sdk
      .spans()
      .filter(({ name }) => name === 'rerank fake')
      .map((one) => one.parentSpanContext?.spanId)
    expect(new Set(parents)).toEqual(new Set(calls.map((call) => call.spanContext().spanId)))
    expect(new Set(calls.map(({ attributes }) => attributes['secondpass.candidates']))).toEqual(new Set([3, 2]))
  })

  it('say why a stage was skipped, with the numbers of the policy', async () => {
    const candidates = [5, 1, 1].map((score, at) => ({ text: `t ${at}`, score }))
    const skip = clearMargin({ margin: 2 })
    await createReranker({ scorer: counting, skip }).rerank(secret, candidates)
    expect(named('rerank fake').attributes).toMatchObject({
      'secondpass.outcome': 'skipped',
      'secondpass.skip.policy': 'clear-margin',
      'secondpass.skip.evidence.lead': 4,
      'secondpass.skip.evidence.higher_is_better': true,
    })
  })

  it('name the scorer that answered instead', async () => {
    const other = readingNumbers({ id: 'fallback' })
    const scorer = scorerOf((_query, given, call) => (call.answeredBy?.(other), given.map(numberIn)))
    await createReranker({ scorer }).rerank(secret, texts)
    expect(named('rerank fake').attributes['gen_ai.response.model']).toBe('fallback')
  })
})

describe('errors', () => {
  it('that reject mark both spans, without a message', async () => {
    const error = new RangeError(`cannot read ${secret}`)
    await expect(createReranker({ scorer: scorerOf(() => Promise.reject(error)) }).rerank(secret, texts)).rejects.toBe(
      error,
    )
    for (const span of [named('secondpass.rerank'), named('rerank fake')]) {
      expect(span.status).toEqual({ code: SpanStatusCode.ERROR })
      expect(span.attributes['error.type']).toBe('RangeError')
      expect(span.events).toMatchObject([{ name: 'exception', attributes: { 'exception.type': 'RangeError' } }])
    }
  })

  it('that are swallowed mark the stage alone', async () => {
    const scorer = scorerOf(() => Promise.reject(new RerankError('scorer', 'down')))
    await createReranker({ scorer, onError: 'keep-order' }).rerank(secret, texts)
    expect(named('rerank fake')).toMatchObject({ status: { code: SpanStatusCode.ERROR } })
    expect(named('rerank fake').attributes).toMatchObject({ 'error.type': 'scorer', 'secondpass.outcome': 'failed' })
    expect(named('secondpass.rerank').status.code).toBe(SpanStatusCode.UNSET)
  })

  it('by an abort end the spans too', async () => {
    const controller = new AbortController()
    const scorer = scorerOf(() => (controller.abort(), new Promise<number[]>(() => {})))
    const call = createReranker({ scorer }).rerank(secret, texts, { signal: controller.signal })
    await expect(call).rejects.toMatchObject({ name: 'AbortError' })
    expect(named('rerank fake').attributes['error.type']).toBe('AbortError')
    expect(named('secondpass.rerank').attributes['error.type']).toBe('AbortError')
  })
})

describe('metrics', () => {
  it('count calls, how stages ended, and tokens', async () => {
    const stages = [
      { scorer: counting },
      { scorer: readingNumbers({ id: 'second' }), skip: () => ({ policy: 'p', evidence: {} }) },
    ]
    const reranker = createReranker({ stages })
    await reranker.rerank(secret, texts)
    await reranker.rerank(secret, texts)
    const broken = createReranker({ scorer: scorerOf(() => Promise.reject(new Error('down')), { id: 'broken' }) })
    await expect(broken.rerank(secret, texts)).rejects.toThrow('down')
    expect(await sdk.points('secondpass.rerank.duration')).toEqual([
      { value: 2, attributes: {} },
      { value: 1, attributes: { 'error.type': 'Error' } },
    ])
    expect(await sdk.points('secondpass.stage.outcomes')).toEqual([
      { value: 2, attributes: { 'gen_ai.request.model': 'fake', 'secondpass.outcome': 'ranked' } },
      {
        value: 2,
        attributes: {
          'gen_ai.request.model': 'second',
          'secondpass.outcome': 'skipped',
          'secondpass.skip.policy': 'p',
        },
      },
      { value: 1, attributes: { 'gen_ai.request.model': 'broken', 'secondpass.outcome': 'failed' } },
    ])
    expect(await sdk.points('secondpass.stage.tokens')).toEqual([
      { value: 80, attributes: { 'gen_ai.request.model': 'fake' } },
    ])
  })
})

describe('what leaves the process', () => {
  it('holds neither query nor texts, whatever a policy says and a scorer throws', async () => {
    const skip = (): { policy: string; evidence: Record<string, string> } => ({
      policy: 'p',
      evidence: { query: secret },
    })
    await createReranker({ scorer: counting, skip }).rerank(secret, texts)
    const scorer = scorerOf(() => Promise.reject(new Error(`${secret}: ${texts.join()}`)))
    await createReranker({ scorer, onError: 'keep-order' }).rerank(secret, texts)
    await createReranker({ scorer: counting }).rerank(secret, texts)
    const everything = sdk.spans().map(({ name, attributes, events, status }) => ({ name, attributes, events, status }))
    expect(everything).toHaveLength(6)
    for (const word of [secret, ...texts]) expect(JSON.stringify(everything)).not.toContain(word)
  })

  it('is nothing with telemetry: false', async () => {
    await createReranker({ scorer: counting, telemetry: false }).rerank(secret, texts)
    expect(sdk.spans()).toEqual([])
    expect(await sdk.points('secondpass.rerank.duration')).toEqual([])
  })

  it('changes no result', async () => {
    const [traced, plain] = [true, false].map((telemetry) => createReranker({ scorer: counting, telemetry }))
    const results = await Promise.all([traced?.rerank(secret, texts), plain?.rerank(secret, texts)])
    expect(results[0]?.results).toEqual(results[1]?.results)
  })
})
