import { join } from 'node:path'
import * as core from '../../../packages/core/src/index.ts'
import type { Call, Scorer, SkipPolicy } from '../../../packages/core/src/types.ts'
import { callOf, scorerOf } from '../fake-scorer.ts'
import type { LongInput } from './exponent.ts'
import { longTexts, passages } from './texts.ts'

/** The inputs of each function that can be long, or why none can. */
export type Rows = Readonly<Record<string, readonly LongInput[] | string>>

const fixtures = join(import.meta.dirname, '../../fixtures')
const ofLength = scorerOf((_query, texts) => texts.map((text) => text.length % 7))

/** Each kind of long text as the passage and as the query, and many short passages. */
function scoring(make: () => Scorer, { many = true, texts = Object.keys(longTexts) } = {}): LongInput[] {
  const scorer = make()
  const score = (query: string, given: readonly string[]) => () => scorer.score(query, given, call())
  return [
    ...texts.flatMap((kind): LongInput[] => {
      const text = longTexts[kind] as (size: number) => string
      return [
        { name: `a passage: ${kind}`, make: (size) => score('the lamp', [text(size)]) },
        { name: `a query: ${kind}`, make: (size) => score(text(size), ['the lamp', 'the key']) },
      ]
    }),
    ...(many ? [{ name: 'many passages', from: 64, make: (size: number) => score('the lamp', passages(size)) }] : []),
  ]
}

const call = (): Call => callOf()

const FEW_TEXTS = ['words', 'one word', 'marks', 'Chinese', 'nothing visible', 'lone surrogates']

/** Answers each request of every vendor with a score for each text. */
const answers: core.Fetch = async (_url, init) => {
  const body = JSON.parse((init.body ?? '{}') as string) as Record<string, unknown>
  const texts = (body['documents'] ?? body['texts'] ?? body['input'] ?? []) as unknown[]
  const rows = texts.map((_, index) => ({ index, relevance_score: 0.5, score: 0.5 }))
  return new Response(JSON.stringify({ results: rows, data: rows }))
}
/** The same of services that call their texts otherwise. */
const answersOf =
  (name: string): core.Fetch =>
  async (_url, { body }) => {
    const { [name]: texts } = JSON.parse(body as string) as Record<string, unknown[]>
    const rows = (texts ?? []).map((_, index) => ({ index, id: `${index}`, score: 0.5, relevanceScore: 0.5 }))
    const numbered = rows.map(({ score }, id) => ({ id, score }))
    return Response.json({ results: rows, records: rows, response: numbered })
  }
const hosted = { apiKey: 'invented-key', fetch: answers }

function policyRows(policy: SkipPolicy): LongInput[] {
  const scored = (size: number): core.Candidate[] => passages(size).map((text, at) => ({ text, score: size - at }))
  return [
    ...Object.entries(longTexts).map(([kind, text]): LongInput => {
      const candidates = scored(5)
      return {
        name: `a query: ${kind}`,
        make: (size) => {
          const query = text(size)
          return () => policy({ query, candidates, scorerId: 'fake' })
        },
      }
    }),
    {
      name: 'many candidates',
      make: (size) => {
        const candidates = scored(size)
        return () => policy({ query: 'the lamp', candidates, scorerId: 'fake' })
      },
    },
  ]
}

function reranking(options: core.RerankerOptions, name: string): LongInput[] {
  const reranker = core.createReranker({ scorer: ofLength, depth: Infinity, ...options })
  return [
    {
      name: `many candidates${name}`,
      make: (size) => {
        const candidates = passages(size)
        return () => reranker.rerank('the lamp', candidates)
      },
    },
    ...(name === '' ? Object.keys(longTexts) : FEW_TEXTS).map((kind): LongInput => ({
      name: `a candidate${name}: ${kind}`,
      make: (size) => {
        const candidates = [(longTexts[kind] as (size: number) => string)(size), 'the lamp']
        return () => reranker.rerank('the lamp', candidates)
      },
    })),
  ]
}

const generated = 'no text and no list goes in'

export const coreRows: Rows = {
  ProviderError: generated,
  RerankError: generated,
  createReranker: [
    ...reranking({}, ''),
    ...reranking({ diversity: {} }, ', diverse'),
    ...reranking({ diversity: { lambda: 0.5 } }, ', novel'),
    ...reranking({ maxTokens: 50, countTokens: (text) => text.length }, ', within a budget'),
    ...reranking({ order: 'edges', blend: { weight: 0.5 } }, ', at the edges'),
    {
      name: 'many candidates that share a phrase and little else, novel',
      make: (size) => {
        const reranker = core.createReranker({ scorer: ofLength, depth: Infinity, diversity: { lambda: 0.3 } })
        const candidates = Array.from(
          { length: size },
          (_, at) => `dear sir or madam a${at} b${at} c${at} d${at} e${at}`,
        )
        return () => reranker.rerank('the lamp', candidates)
      },
    },
  ],
  asReranker: 'hands on what createReranker reads',
  doctor: generated,
  bedrock: scoring(() => core.bedrock({ ...hosted, region: 'us-west-2', fetch: answersOf('sources') }), {
    texts: FEW_TEXTS,
  }),
  cohere: scoring(() => core.cohere({ ...hosted }), { texts: FEW_TEXTS }),
  compatible: scoring(() => core.compatible({ ...hosted, url: 'http://127.0.0.1:1', form: 'cohere' }), {
    texts: FEW_TEXTS,
  }),
  vertex: scoring(() => core.vertex({ project: 'p', accessToken: 't', fetch: answersOf('records') }), {
    texts: FEW_TEXTS,
  }),
  watsonx: scoring(
    () => core.watsonx({ baseUrl: 'http://127.0.0.1:1', accessToken: 't', projectId: 'p', fetch: answersOf('inputs') }),
    { texts: FEW_TEXTS },
  ),
  workersAi: scoring(() => core.workersAi({ ...hosted, accountId: 'a', fetch: answersOf('contexts') }), {
    texts: FEW_TEXTS,
  }),
  jina: scoring(() => core.jina({ ...hosted }), { texts: FEW_TEXTS }),
  mixedbread: scoring(() => core.mixedbread({ ...hosted }), { texts: FEW_TEXTS }),
  pinecone: scoring(() => core.pinecone({ ...hosted }), { texts: FEW_TEXTS }),
  server: scoring(() => core.server({ ...hosted, dialect: 'vllm', url: 'http://127.0.0.1:1' }), { texts: FEW_TEXTS }),
  voyage: scoring(() => core.voyage({ ...hosted }), { texts: FEW_TEXTS }),
  llmListwise: [
    ...scoring(() => core.llmListwise({ generate: async () => '[2] > [1]', maxCalls: Infinity })),
    ...Object.entries(longTexts).map(([kind, text]): LongInput => ({
      name: `an answer: ${kind}`,
      make: (size) => {
        const answer = text(size)
        const scorer = core.llmListwise({ generate: async () => answer })
        return () => scorer.score('the lamp', ['a', 'b', 'c'], call())
      },
    })),
  ],
  llmPointwise: [
    ...scoring(() => core.llmPointwise({ generate: async () => '7', maxCalls: Infinity })),
    ...Object.entries(longTexts).map(([kind, text]): LongInput => ({
      name: `an answer: ${kind}`,
      make: (size) => {
        const answer = text(size)
        const scorer = core.llmPointwise({ generate: async () => answer, maxRetries: 0 })
        return () => scorer.score('the lamp', ['a'], call()).catch(() => {})
      },
    })),
    {
      name: 'likely tokens',
      make: (size) => {
        const tokens = Array.from({ length: size }, (_, at) => ({ token: `t${at}`, logprob: -at }))
        const answer = [{ token: 'yes', logprob: -0.1 }, { token: 'no', logprob: -2 }, ...tokens]
        const scorer = core.llmPointwise({ generateYesNo: async () => answer })
        return () => scorer.score('the lamp', ['a'], call())
      },
    },
  ],
  colbert: scoring(() => core.colbert({ model: join(fixtures, 'tiny-colbert') }), { texts: FEW_TEXTS }),
  readDocuments: [
    {
      name: 'many documents',
      make: (size) => {
        const bytes = [...core.writeDocuments(documents(size), 'fake')]
        return () => core.readDocuments(bytes, 'fake')
      },
    },
    {
      name: 'many small pieces',
      make: (size) => {
        const [head, record, end] = [...core.writeDocuments([['a'.repeat(size), vectors]], 'fake')] as [
          Uint8Array,
          Uint8Array,
          Uint8Array,
        ]
        const pieces = [head, ...Array.from(record, (byte) => Uint8Array.of(byte)), end]
        return () => core.readDocuments(pieces, 'fake')
      },
    },
  ],
  writeDocuments: [
    {
      name: 'many documents',
      make: (size) => {
        const given = documents(size)
        return () => [...core.writeDocuments(given, 'fake')]
      },
    },
  ],
  crossEncoder: [
    ...scoring(() => core.crossEncoder({ model: join(fixtures, 'tiny-bert') })),
    ...scoring(() => core.crossEncoder({ model: join(fixtures, 'tiny-bert'), longText: 'windows' }), { many: false }),
    ...scoring(
      () =>
        core.crossEncoder({
          model: join(fixtures, 'tiny-bert'),
          longText: 'windows',
          maxWindows: Infinity,
          windowsToRead: 3,
        }),
      {
        many: false,
        texts: FEW_TEXTS,
      },
    ),
  ],
  fetchModel: generated,
  transformers: 'reads texts as crossEncoder does, by the same code',
  bm25: scoring(() => core.bm25()),
  calibrated: [
    {
      name: 'many policies',
      make: (size) => {
        const policies = Array.from({ length: size }, () => ({ policy: 'small-pool', options: { size: 2 } }))
        const file = { version: 1, scorerId: 'fake', skip: { policy: 'any-of', policies } }
        return () => core.calibrated(file)
      },
    },
  ],
  allOf: policyRows(core.allOf(core.clearMargin({ margin: 0.1 }), core.keywordQuery())),
  anyOf: policyRows(core.anyOf(core.otherScript(), core.clearMargin({ margin: 1e9 }))),
  not: policyRows(core.not(core.scoreShape({ atLeast: 1 }))),
  smallPool: policyRows(core.smallPool({ size: 3 })),
  aboveThreshold: policyRows(core.aboveThreshold({ threshold: 3 })),
  agreement: policyRows(core.agreement({ other: ({ text }) => text.length, atLeast: 0.9, k: Infinity })),
  clearMargin: policyRows(core.clearMargin({ margin: 0.1, place: 2 })),
  scoreShape: policyRows(core.scoreShape({ atLeast: 1, k: Infinity })),
  keywordQuery: policyRows(core.keywordQuery()),
  otherScript: policyRows(core.otherScript()),
  withCircuitBreaker: scoring(() => core.withCircuitBreaker(ofLength), { texts: FEW_TEXTS }),
  withCache: [
    ...scoring(() => core.withCache(ofLength, { get: () => undefined, set: () => undefined }), { texts: FEW_TEXTS }),
    {
      name: 'a query and as many passages',
      from: 64,
      make: (size) => {
        const scorer = core.withCache(ofLength, new Map())
        const query = 'a'.repeat(20 * size)
        const texts = passages(size)
        return () => scorer.score(query, texts, call())
      },
    },
  ],
  withChunks: [
    ...scoring(() => core.withChunks(ofLength)),
    ...scoring(() => core.withChunks(ofLength, { maxChunks: Infinity, chunksToRead: 1 }), { many: false }),
  ],
  withFallback: scoring(
    () =>
      core.withFallback(
        scorerOf(() => Promise.reject(new Error('down'))),
        ofLength,
      ),
    {
      texts: FEW_TEXTS,
    },
  ),
  reciprocalRankFusion: [
    {
      name: 'long lists',
      make: (size) => {
        const lists = [passages(size), passages(size).toReversed(), passages(2 * size)]
        return () => core.reciprocalRankFusion(lists)
      },
    },
  ],
}

const vectors: core.DocumentVectors = {
  precision: 'float32',
  rows: 2,
  dimensions: 4,
  data: new Float32Array(8),
  truncated: false,
}

function documents(count: number): [string, core.DocumentVectors][] {
  return Array.from({ length: count }, (_, at) => [`text ${at}`, vectors])
}
