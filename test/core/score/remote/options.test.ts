import { describe, expect, it } from 'vitest'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { jina } from '../../../../packages/core/src/score/remote/vendors/jina.ts'
import { mixedbread } from '../../../../packages/core/src/score/remote/vendors/mixedbread.ts'
import { urlBelow } from '../../../../packages/core/src/score/remote/hosted.ts'
import { pinecone } from '../../../../packages/core/src/score/remote/vendors/pinecone.ts'
import { type ServerOptions, server } from '../../../../packages/core/src/score/remote/server.ts'
import { voyage } from '../../../../packages/core/src/score/remote/vendors/voyage.ts'
import { apiKey } from './cases.ts'

const url = 'http://127.0.0.1:8080'

describe('a wrong option', () => {
  it.each([
    [{ maxTexts: 0 }, /maxTexts is 0: pass a whole number from 1/],
    [{ maxTexts: 1.5 }, /maxTexts is 1.5/],
    [{ concurrency: 0 }, /concurrency is 0/],
    [{ maxQueued: 0.5 }, /maxQueued is 0.5/],
    [{ maxRetries: -1 }, /maxRetries is -1: pass a whole number from 0/],
    [{ timeoutMs: 0 }, /timeoutMs is 0/],
    [{ timeoutMs: Number.NaN }, /timeoutMs is NaN/],
    [{ maxRetryWaitMs: -5 }, /maxRetryWaitMs is -5/],
    [{ maxResponseBytes: 0 }, /maxResponseBytes is 0/],
    [{ headers: { 'x-a': 'line\nbreak' } }, /headers.x-a cannot be sent/],
    [{ headers: null as never }, /headers is not shown.*pass an object of headers/],
    [{ fetch: 'x' as never }, /fetch is "x": pass a function/],
    [{ clock: {} as never }, /clock is an object.*pass \{ now\(\)/],
    [{ client: 'cohere' as never }, /client is "cohere": pass 'cohere-ai', or a client/],
    [{ model: 5 as never }, /model is 5: pass a string/],
    [{ baseUrl: 'ftp://host' }, /baseUrl is no http or https URL/],
    [{ baseUrl: 'api.cohere.com' }, /baseUrl is no http or https URL/],
    [{ topN: 3 }, /There is no option "topN": use model, baseUrl/],
    [{ maxTokensPerDoc: 0 }, /maxTokensPerDoc is 0/],
    [{ pricePerSearchUnit: -1 }, /pricePerSearchUnit is -1/],
  ])('%j is refused at once, with the fix', (options, message) => {
    expect(() => cohere({ apiKey, ...options })).toThrow(message)
    expect(() => cohere({ apiKey, ...options })).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it.each([
    [
      { dialect: 'tgi', url },
      /dialect is "tgi": pass one of tei, vllm, vllm-score, infinity, llamacpp, nim, huggingface/,
    ],
    [{ dialect: 'toString', url }, /dialect is "toString"/],
    [{ dialect: 'tei' }, /no server to ask: pass url or urls/],
    [{ dialect: 'tei', url, urls: [url] }, /pass either url or urls/],
    [{ dialect: 'tei', urls: [] }, /at least one URL/],
    [{ dialect: 'tei', urls: [url, 'x'] }, /urls\[1\] is no http/],
    [{ dialect: 'tei', url, scoreType: 'raw' }, /scoreType is "raw": pass 'probability' or 'logit'/],
    [{ dialect: 'llamacpp', url }, /scoreType is undefined: with llamacpp it depends on the model/],
    [{ dialect: 'huggingface', model: 'm' }, /scoreType is undefined: with huggingface it depends on the model/],
    [{ dialect: 'huggingface', scoreType: 'logit' }, /pass url, or model for the router/],
    [{ dialect: 'nim', url, model: 'm', scoreType: 'probability' }, /nim always gives logits/],
    [{ dialect: 'nim', url }, /model is undefined: nim needs the name/],
    [{ dialect: 'tei', url, coolDownMs: -1 }, /coolDownMs is -1/],
  ])('of a server, %j, is refused at once, with the fix', (options, message) => {
    expect(() => server(options as unknown as ServerOptions)).toThrow(message)
  })

  it.each([
    [voyage, 'VOYAGE_API_KEY'],
    [jina, 'JINA_API_KEY'],
    [mixedbread, 'MXBAI_API_KEY'],
    [pinecone, 'PINECONE_API_KEY'],
  ])('a missing key: %o names %s', (make, variable) => {
    const saved = process.env[variable]
    delete process.env[variable]
    try {
      expect(() => make()).toThrow(`set ${variable} in the environment, or pass apiKey`)
      process.env[variable] = apiKey
      expect(make().id).toContain('@api.')
    } finally {
      delete process.env[variable]
      if (saved !== undefined) process.env[variable] = saved
    }
  })
})

describe('what jina’s models depend on', () => {
  it.each([
    ['jina-reranker-v2-base-multilingual', 'pair'],
    ['jina-reranker-m0', 'pair'],
    ['jina-colbert-v2', 'pair'],
    ['jina-reranker-v3', 'pool'],
    ['jina-reranker-v3.5', 'pool'],
    ['a-model-of-next-year', 'pool'],
  ])('%s: %s', (model, scope) => {
    expect(jina({ apiKey, model }).scope).toBe(scope)
  })
})

describe('the id of a server', () => {
  it('names all hosts, in one order', () => {
    const [a, b] = ['http://a.example:1', 'http://b.example:2']
    const id = 'tei:unnamed:probability@a.example:1+b.example:2'
    expect(server({ dialect: 'tei', urls: [b, a, b] }).id).toBe(id)
  })

  it('tells logits from probabilities', () => {
    const [logit, probability] = (['logit', 'probability'] as const).map(
      (scoreType) => server({ dialect: 'llamacpp', url, scoreType }).id,
    )
    expect(logit).not.toBe(probability)
  })
})

describe('the key of a server', () => {
  it('comes from HF_TOKEN for the router of Hugging Face, and for nothing else', async () => {
    const saved = process.env['HF_TOKEN']
    process.env['HF_TOKEN'] = apiKey
    const seen: (string | undefined)[] = []
    const fetch = async (_url: string, { headers }: RequestInit): Promise<Response> => {
      seen.push((headers as Record<string, string>)['authorization'])
      return Response.json([{ index: 0, score: 0.5 }])
    }
    const call = { signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} }
    try {
      await server({ dialect: 'huggingface', model: 'm', scoreType: 'logit', fetch }).score('q', ['a'], call)
      await server({ dialect: 'huggingface', url, scoreType: 'logit', fetch }).score('q', ['a'], call)
      await server({ dialect: 'tei', url, maxTexts: 1, fetch }).score('q', ['a'], call)
    } finally {
      delete process.env['HF_TOKEN']
      if (saved !== undefined) process.env['HF_TOKEN'] = saved
    }
    expect(seen).toEqual([`Bearer ${apiKey}`, undefined, undefined])
  })
})

describe('a path below a base URL', () => {
  it.each([
    ['http://h', '/rerank', 'http://h/rerank'],
    ['http://h/', '/rerank', 'http://h/rerank'],
    ['http://h/v1', '/rerank', 'http://h/v1/rerank'],
    ['http://h/v1/', '/rerank', 'http://h/v1/rerank'],
    ['http://h/v1/rerank', '/rerank', 'http://h/v1/rerank'],
    ['http://h/proxy?key=1', '/rerank', 'http://h/proxy/rerank?key=1'],
  ])('%s and %s: %s', (base, path, expected) => {
    expect(urlBelow(base, path)).toBe(expected)
  })
})
