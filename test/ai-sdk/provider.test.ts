import { APICallError, NoSuchModelError } from '@ai-sdk/provider'
import { cohere, createReranker, RerankError } from '@secondpass/core'
import { createProviderRegistry, customProvider, rerank } from 'ai'
import { describe, expect, it } from 'vitest'
import { createSecondpass, secondpass } from '../../packages/ai-sdk/src/index.ts'
import { scorerOf } from '../contract/fake-scorer.ts'
import { apiKey } from '../core/score/remote/cases.ts'
import { cohereWire, speaking } from '../core/score/remote/dialects.ts'
import { json, stubServer } from '../core/score/remote/stub-server.ts'
import { hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'

const query = 'when does the lamp turn off'
const documents = ['The lamp is red.', 'The lamp does turn off when it is bright.']

describe('registries of the AI SDK', () => {
  it('find models by the names that a provider was given', async () => {
    const own = createSecondpass({
      models: { words: overlapScorer(), ready: createReranker({ scorer: overlapScorer() }) },
    })
    const registry = createProviderRegistry({ secondpass: own })
    for (const id of ['secondpass:words', 'secondpass:ready'] as const) {
      const { ranking } = await rerank({ model: registry.rerankingModel(id), query, documents })
      expect(ranking[0]?.originalIndex).toBe(1)
    }
    expect(registry.rerankingModel('secondpass:words').modelId).toBe('words')
  })

  it('find the bundled models', async () => {
    const registry = createProviderRegistry({ secondpass })
    const { ranking } = await rerank({ model: registry.rerankingModel('secondpass:bundled-tiny'), query, documents })
    expect(ranking[0]?.originalIndex).toBe(1)
  })

  it('hold single models under other names', async () => {
    const provider = customProvider({ rerankingModels: { best: secondpass.reranking(overlapScorer()) } })
    const { ranking } = await rerank({ model: provider.rerankingModel('best'), query, documents })
    expect(ranking[0]?.originalIndex).toBe(1)
  })

  it('are told which models there are not', () => {
    const registry = createProviderRegistry({ secondpass: createSecondpass({ models: { mine: overlapScorer() } }) })
    const unknown = (): unknown => registry.rerankingModel('secondpass:bundeld')
    expect(unknown).toThrow(/^secondpass has no rerankingModel 'bundeld': use 'bundled', 'bundled-tiny', 'mine', /)
    expect(unknown).toThrow(expect.toSatisfy(NoSuchModelError.isInstance))
    const others = [registry.languageModel, registry.embeddingModel, registry.imageModel] as ((id: string) => unknown)[]
    for (const other of others) {
      const asked = (): unknown => other.call(registry, 'secondpass:bundled')
      expect(asked).toThrow(expect.toSatisfy(NoSuchModelError.isInstance))
    }
  })
})

describe('models by id', () => {
  it('are loaded once for all that ask, and freed with the provider; what was passed in is not', async () => {
    const mine = overlapScorer()
    const own = createSecondpass({ models: { mine } })
    const loads: string[] = []
    const onReport = ({ stages }: { readonly stages: readonly { readonly scorerId: string }[] }): void =>
      void loads.push(...stages.map(({ scorerId }) => scorerId))
    const [one, other] = [own.reranking('bundled-tiny', { onReport }), own.reranking('bundled-tiny', { onReport })]
    await rerank({ model: one, query, documents })
    await rerank({ model: other, query, documents })
    await rerank({ model: own.reranking('mine'), query, documents })
    expect(new Set(loads).size).toBe(1)
    await own.close()
    await expect(rerank({ model: one, query, documents })).rejects.toMatchObject({ code: 'closed' })
    await expect(rerank({ model: other, query, documents })).rejects.toMatchObject({ code: 'closed' })
    expect(mine.closes).toBe(0)
    // Asked for again, it is loaded again.
    expect((await rerank({ model: own.reranking('bundled-tiny'), query, documents })).ranking).toHaveLength(2)
    await own.close()
  })

  it('run as the provider says', async () => {
    await using own = createSecondpass({ crossEncoder: { maxLength: 16 } })
    const { response } = await rerank({ model: own.reranking('bundled-tiny'), query, documents })
    expect(response.modelId).toMatch(/16/)
  })
})

describe('a service that fails', () => {
  it('is asked again by the AI SDK as long as it may yet answer', async () => {
    const good = speaking(cohereWire)
    await using stub = await stubServer((seen, response, nth) =>
      nth < 3 ? json(response, { message: 'busy' }, 503, { 'retry-after': '0' }) : good(seen, response, nth),
    )
    const model = secondpass.reranking(cohere({ apiKey, baseUrl: stub.url, maxRetries: 0 }))
    const { ranking } = await rerank({ model, query, documents })
    expect(ranking).toHaveLength(2)
    expect(stub.seen).toHaveLength(3)
  })

  it('is not asked again when it will not; the error is of the AI SDK’s class, and holds no key and no text', async () => {
    await using stub = await stubServer((_seen, response) => json(response, { message: `no such key ${apiKey}` }, 401))
    const scorer = cohere({ apiKey, baseUrl: stub.url })
    const error: unknown = await rerank({ model: secondpass.reranking(scorer), query, documents }).catch(
      (e: unknown) => e,
    )
    expect(error).toSatisfy(APICallError.isInstance)
    expect(error).toMatchObject({ statusCode: 401, isRetryable: false, requestBodyValues: {} })
    expect((error as Error).cause).toSatisfy(RerankError.is)
    expect(JSON.stringify(error)).not.toContain(apiKey)
    expect(JSON.stringify(error)).not.toContain('bright')
    expect(stub.seen).toHaveLength(1)
  })

  it('has its lists split as it wants them', async () => {
    await using stub = await stubServer(speaking(cohereWire))
    const many = Array.from({ length: 250 }, (_, at) => `text ${at}`)
    const model = secondpass.reranking(cohere({ apiKey, baseUrl: stub.url, maxTexts: 100 }))
    const { ranking } = await rerank({ model, query, documents: many })
    expect(ranking.map(({ originalIndex }) => originalIndex).toSorted((a, b) => a - b)).toEqual([...many.keys()])
    expect(stub.seen.map(({ body }) => (body as { documents: string[] }).documents.length)).toEqual([100, 100, 50])
  })
})

it('an abort rejects with the reason of the signal, and reaches the scorer', async () => {
  const scorer = hangingScorer()
  const controller = new AbortController()
  const call = rerank({ model: secondpass.reranking(scorer), query, documents, abortSignal: controller.signal })
  const { signal } = await scorer.asked
  const reason = new Error('the user left')
  controller.abort(reason)
  await expect(call).rejects.toBe(reason)
  expect(signal.aborted).toBe(true)
})

it('a queue that is full is tried again', async () => {
  let asked = 0
  const scorer = scorerOf((_query, texts) => {
    asked += 1
    if (asked === 1) throw new RerankError('overloaded', 'too much waits')
    return texts.map(() => 1)
  })
  const model = secondpass.reranking(scorer)
  const error: unknown = await rerank({ model, query, documents, maxRetries: 0 }).catch((e: unknown) => e)
  expect(error).toSatisfy(APICallError.isInstance)
  expect(error).toMatchObject({ isRetryable: true })
})

it('headers of a call are said to have no effect', async () => {
  const { warnings } = await secondpass
    .reranking(overlapScorer())
    .doRerank({ documents: { type: 'text', values: documents }, query, headers: { 'x-a': 'b' } })
  expect(warnings).toMatchObject([{ type: 'unsupported', feature: 'headers' }])
})

it('a model is a plain object of version 3, which works behind a proxy and without its provider', async () => {
  const { rerankingModel } = createSecondpass({ models: { words: overlapScorer() } })
  const model = rerankingModel('words')
  expect(Object.getPrototypeOf(model)).toBe(Object.prototype)
  expect(model.specificationVersion).toBe('v3')
  const asV4 = new Proxy(model, {
    get: (target, name) => (name === 'specificationVersion' ? 'v4' : target[name as keyof typeof target]),
  })
  const { doRerank } = asV4
  const { ranking } = await doRerank.call(asV4, { documents: { type: 'text', values: documents }, query })
  expect(ranking[0]?.index).toBe(1)
})
