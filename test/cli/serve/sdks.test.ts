import { createCohere } from '@ai-sdk/cohere'
import { rerank } from 'ai'
import { CohereClient, CohereClientV2, CohereError } from 'cohere-ai'
import { describe, expect, it } from 'vitest'
import {
  cohere,
  createReranker,
  jina,
  mixedbread,
  type Scorer,
  server,
  voyage,
} from '../../../packages/core/src/index.ts'
import { sharedWords } from '../support.ts'
import { control, startServe, until } from './support.ts'

/** Real client libraries, pointed at the server. */
const query = 'lamp goes dark'
const documents = ['The lamp.', 'The lamp goes dark.', 'Nothing.']
const order = [1, 0, 2]
const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const probabilities = [sigmoid(1), sigmoid(3), sigmoid(0)]

describe('the official Cohere client', () => {
  it('version 2', async () => {
    const { url } = await startServe([], { scorer: sharedWords })
    const client = new CohereClientV2({ environment: url, token: 'any' })
    const { results, meta } = await client.rerank({ model: 'rerank-v3.5', query, documents, topN: 2 })
    expect(results).toEqual(order.slice(0, 2).map((index) => ({ index, relevanceScore: probabilities[index] })))
    expect(meta?.apiVersion?.version).toBe('2')
  })

  it('version 1, with documents that come back', async () => {
    const { url } = await startServe([], { scorer: sharedWords })
    const client = new CohereClient({ environment: url, token: 'any' })
    const given = documents.map((text) => ({ text }))
    const { results } = await client.rerank({ query, documents: given, returnDocuments: true })
    expect(results.map(({ index }) => index)).toEqual(order)
    expect(results.map(({ document }) => document?.text)).toEqual(order.map((index) => documents[index]))
  })

  it('reads what was wrong with a request', async () => {
    const { url } = await startServe()
    const client = new CohereClientV2({ environment: url, token: 'any' })
    const wrong = client.rerank({ model: 'm', query: ' ', documents }, { maxRetries: 0 })
    await expect(wrong).rejects.toSatisfy((error) => error instanceof CohereError && error.statusCode === 400)
    await expect(wrong).rejects.toThrow('query is blank: send what was asked.')
  })
})

describe("the AI SDK's Cohere provider", () => {
  it('reranks', async () => {
    const { url } = await startServe([], { scorer: sharedWords })
    const provider = createCohere({ baseURL: `${url}/v2`, apiKey: 'any' })
    const { ranking } = await rerank({ model: provider.reranking('rerank-v3.5'), query, documents, topN: 2 })
    expect(ranking.map(({ originalIndex, score }) => [originalIndex, score])).toEqual(
      order.slice(0, 2).map((index) => [index, probabilities[index]]),
    )
  })

  it('reads what was wrong with a request', async () => {
    const { url } = await startServe([], { env: { SECONDPASS_API_KEYS: 'another' } })
    const provider = createCohere({ baseURL: `${url}/v2`, apiKey: 'wrong' })
    const asked = rerank({ model: provider.reranking('m'), query, documents, maxRetries: 0 })
    await expect(asked).rejects.toThrow('There is no key, or not the right one')
  })
})

const remotes: readonly [name: string, make: (url: string) => Scorer][] = [
  ['cohere', (url) => cohere({ baseUrl: url, apiKey: 'any' })],
  ['voyage', (url) => voyage({ baseUrl: url, apiKey: 'any' })],
  ['jina', (url) => jina({ baseUrl: url, apiKey: 'any' })],
  ['mixedbread', (url) => mixedbread({ baseUrl: url, apiKey: 'any' })],
  ['server, tei', (url) => server({ dialect: 'tei', url })],
  ['server, infinity', (url) => server({ dialect: 'infinity', url })],
  ['server, vllm', (url) => server({ dialect: 'vllm', url: `${url}/v1` })],
  ['server, vllm-score', (url) => server({ dialect: 'vllm-score', url })],
  ['server, llamacpp', (url) => server({ dialect: 'llamacpp', url, scoreType: 'probability' })],
  ['server, huggingface', (url) => server({ dialect: 'huggingface', url: `${url}/rerank`, scoreType: 'probability' })],
]
const logitRemotes: readonly [name: string, make: (url: string) => Scorer][] = [
  ['tei', (url) => server({ dialect: 'tei', url, scoreType: 'logit' })],
  ['infinity', (url) => server({ dialect: 'infinity', url, scoreType: 'logit' })],
  ['vllm', (url) => server({ dialect: 'vllm', url, scoreType: 'logit' })],
  ['vllm-score', (url) => server({ dialect: 'vllm-score', url, scoreType: 'logit' })],
  ['nim', (url) => server({ dialect: 'nim', url, model: 'any' })],
]

describe('scorers of @secondpass/core', () => {
  it.each(remotes)('%s', async (_, make) => {
    const { url } = await startServe([], { scorer: sharedWords })
    const { results } = await createReranker({ scorer: make(url) }).rerank(query, documents)
    expect(results.map(({ index, score }) => [index, score])).toEqual(order.map((at) => [at, probabilities[at]]))
  })

  it.each(logitRemotes)('server, %s, with logits', async (_, make) => {
    const { url } = await startServe([], { scorer: sharedWords })
    const { results } = await createReranker({ scorer: make(url) }).rerank(query, documents)
    expect(results.map(({ index, logit }) => [index, logit])).toEqual([
      [1, 3],
      [0, 1],
      [2, 0],
    ])
  })

  it('spread over two servers, and lose no answer when one of them ends', async () => {
    const servers = [await startServe(), await startServe()]
    const scorer = server({ dialect: 'tei', urls: servers.map(({ url }) => url) })
    const reranker = createReranker({ scorer })
    const before = control().calls.length
    const many = Array.from({ length: 60 }, (_, at) => reranker.rerank(`question ${at}`, documents))
    // One of them ends while half of the questions are still to be asked, without waiting for what is under way.
    await until(() => control().calls.length > before + 10)
    void servers[0]?.stop()
    const answers = await Promise.all(many)
    expect(answers.map(({ report }) => report.stages[0]?.outcome)).toEqual(answers.map(() => 'ranked'))
    const lines = servers.map(
      ({ io }) => io.written.stdout.split('\n').filter((line) => line.includes('"rerank"')).length,
    )
    expect(lines.every((count) => count > 0)).toBe(true)
  })

  it('a busy server is asked again when it said', async () => {
    const { url, io } = await startServe(['--max-queued', '3'])
    const gates = control().gates.length
    const reranker = createReranker({ scorer: server({ dialect: 'tei', url }) })
    const first = reranker.rerank('hang on', documents)
    await until(() => control().gates.length > gates)
    const second = reranker.rerank('question', documents)
    await until(() => io.written.stdout.includes('"status":429'))
    control().gates.at(-1)?.()
    const [one, two] = await Promise.all([first, second])
    expect([one, two].map(({ report }) => report.stages[0]?.outcome)).toEqual(['ranked', 'ranked'])
  })
})
