import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crossEncoder as builtCrossEncoder } from '@secondpass/core'
import { afterAll, describe, expect, it } from 'vitest'
import { type ColbertOptions, colbert } from '../../../packages/core/src/score/colbert/colbert.ts'
import { crossEncoder } from '../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import type { CrossEncoderOptions } from '../../../packages/core/src/score/cross-encoder/options.ts'
import {
  type LlmListwiseOptions,
  llmListwise,
} from '../../../packages/core/src/score/remote/language-models/listwise.ts'
import {
  type LlmGradeOptions,
  llmPointwise,
} from '../../../packages/core/src/score/remote/language-models/pointwise.ts'
import { type CompatibleOptions, compatible } from '../../../packages/core/src/score/remote/compatible.ts'
import { type BedrockOptions, bedrock } from '../../../packages/core/src/score/remote/vendors/bedrock.ts'
import { type VertexOptions, vertex } from '../../../packages/core/src/score/remote/vendors/vertex.ts'
import { type WatsonxOptions, watsonx } from '../../../packages/core/src/score/remote/vendors/watsonx.ts'
import { type WorkersAiOptions, workersAi } from '../../../packages/core/src/score/remote/vendors/workers-ai.ts'
import { type ServerOptions, server } from '../../../packages/core/src/score/remote/server.ts'
import { type CohereOptions, cohere } from '../../../packages/core/src/score/remote/vendors/cohere.ts'
import { type JinaOptions, jina } from '../../../packages/core/src/score/remote/vendors/jina.ts'
import { type MixedbreadOptions, mixedbread } from '../../../packages/core/src/score/remote/vendors/mixedbread.ts'
import { type PineconeOptions, pinecone } from '../../../packages/core/src/score/remote/vendors/pinecone.ts'
import { type VoyageOptions, voyage } from '../../../packages/core/src/score/remote/vendors/voyage.ts'
import type { TransformersOptions } from '../../../packages/core/src/score/transformers/options.ts'
import { transformers } from '../../../packages/core/src/score/transformers/transformers.ts'
import { type ChunkOptions, withChunks } from '../../../packages/core/src/wrap/chunk.ts'
import { callOf, readingNumbers } from '../../contract/fake-scorer.ts'

/*
 * A cache keeps scores under the scorer's id, so whatever can change a score must change the id. Every option of every
 * pair scorer stands here, held complete by the compiler: either with values that must give ids of their own, or with
 * the reason why it changes no score.
 */

const fixtures = join(import.meta.dirname, '../../fixtures')
const [tiny, stock, tinyColbert] = ['tiny-bert', 'tiny-bert-stock', 'tiny-colbert'].map((name) =>
  join(fixtures, name),
) as [string, string, string]

/** A folder with two graphs, so that the format decides between them. */
const twoGraphs = mkdtempSync(join(tmpdir(), 'secondpass-ids-'))
cpSync(stock, twoGraphs, { recursive: true })
cpSync(join(stock, 'model.onnx'), join(twoGraphs, 'model_int8.onnx'))
afterAll(() => rmSync(twoGraphs, { recursive: true, force: true }))

/** Values that must each give an id of their own; with what must be set for the option to count. */
type Differ<T> = { readonly differ: readonly T[]; readonly beside?: object }
type Classified<Options> = {
  readonly [K in keyof Required<Options>]: Differ<Options[K]> | { readonly same: string }
}

const TRANSPORT = {
  apiKey: { same: 'says who pays' },
  headers: { same: 'cannot be named: they may hold secrets; a gateway that chooses a model by them needs a baseUrl' },
  instruction: { same: 'refused, where there is no row of its own' },
  maxTexts: { same: 'a pair score does not depend on the other texts of its request' },
  concurrency: { same: 'how many requests at a time' },
  maxQueued: { same: 'what is refused' },
  timeoutMs: { same: 'how long to wait' },
  maxRetries: { same: 'how often to try' },
  maxRetryWaitMs: { same: 'how long to wait' },
  maxResponseBytes: { same: 'what is refused' },
  fetch: { same: 'how the same request is sent' },
  clock: { same: 'time' },
  random: { same: 'jitter of waits' },
} as const

const { apiKey: _, ...withoutKey } = TRANSPORT

const baseUrls = {
  differ: ['https://a.example', 'https://b.example', 'https://a.example/east', 'https://a.example/west?tenant=1'],
}

const generate = async (): Promise<string> => '1'
const LANGUAGE_MODEL = {
  model: { differ: ['m1', 'm2', undefined] },
  instruction: { differ: [undefined, 'one', 'two'] },
  maxPassageTokens: { differ: [undefined, 10] },
  maxQueryTokens: { differ: [undefined, 10] },
  queryTruncationSide: { differ: ['left', 'right'] },
  countTokens: { differ: [undefined, (text: string) => text.length, (text: string) => text.length / 2] },
  countTokensName: { differ: [undefined, 'one', 'two'], beside: { countTokens: (text: string) => text.length } },
  concurrency: { same: 'how many prompts at a time' },
  maxQueued: { same: 'what is refused' },
  timeoutMs: { same: 'how long to wait' },
  clock: { same: 'time' },
  generateYesNo: { same: 'not together with generate' },
} as const

const READING = {
  maxLength: { differ: [undefined, 16, 32] },
  longText: { differ: ['truncate', 'windows', 'error'] },
  windowOverlap: { differ: [undefined, 1, 2], beside: { longText: 'windows' } },
  maxWindows: { differ: [undefined, 1, 2], beside: { longText: 'windows' } },
  windowsToRead: { differ: [undefined, 1, 2], beside: { longText: 'windows' } },
  maxQueued: { same: 'what is refused' },
  queryTruncationSide: { differ: ['left', 'right'] },
} as const

const kinds: Readonly<
  Record<string, readonly [make: (options: never) => { id: string }, base: object, table: object]>
> = {
  crossEncoder: [
    crossEncoder,
    { model: tiny },
    {
      ...READING,
      model: { differ: [tiny, stock] },
      revision: { differ: ['main', 'v2'], beside: { model: 'nobody/nothing', hub: { offline: true } } },
      dtype: { differ: ['fp32', 'int8'], beside: { model: twoGraphs } },
      onProgress: { same: 'tells of downloads' },
      hub: { same: 'where files come from; what they are is checked' },
      providers: { differ: [['cpu'], ['cuda', 'cpu']] },
      template: { differ: [undefined, 'qwen3-reranker', 'mxbai-rerank-v2'] },
      instruction: { differ: [undefined, 'one', 'two'] },
      activation: { differ: ['sigmoid', 'identity'] },
      splitSpecialTokens: { differ: [true, false] },
      workers: { same: 'who runs a pair; see the test below' },
      threads: { differ: [1, 2, 3, 'measured'] },
      spinning: { same: 'how threads wait; see the test below' },
      passageCacheMiB: { same: 'scores are the same to the bit, kept or not' },
      store: { same: 'scores are the same to the bit, found there or not' },
      graph: { differ: ['lean', 'original'], beside: { model: twoGraphs, dtype: 'int8' } },
    } satisfies Classified<CrossEncoderOptions>,
  ],
  colbert: [
    colbert,
    { model: tinyColbert },
    {
      model: { differ: [tinyColbert, tiny] },
      revision: { differ: ['main', 'v2'], beside: { model: 'nobody/nothing', hub: { offline: true } } },
      dtype: { differ: ['fp32', 'int8'], beside: { model: twoGraphs } },
      onProgress: { same: 'tells of downloads' },
      hub: { same: 'where files come from; what they are is checked' },
      providers: { differ: [['cpu'], ['cuda', 'cpu']] },
      maxQueued: { same: 'what is refused' },
      store: { same: 'holds vectors of the same precision' },
      precision: { differ: ['float32', 'float16', 'int8'] },
      maxLength: { differ: [undefined, 16] },
      queryTruncationSide: { differ: ['left', 'right'] },
      splitSpecialTokens: { differ: [true, false] },
      threads: { differ: [1, 2] },
    } satisfies Classified<ColbertOptions>,
  ],
  transformers: [
    transformers,
    { model: '/models/one' },
    {
      ...READING,
      model: { differ: ['/models/one', '/models/two', 'org/one'] },
      revision: { differ: [undefined, 'v1', 'v2'] },
      device: { differ: ['wasm', 'webgpu', 'cpu'] },
      dtype: { differ: ['fp32', 'q8'] },
      name: { same: 'names a loaded model, which needs one' },
      temperature: { same: 'the score is the logit, which it does not change' },
      wasmPaths: { same: 'where the runtime comes from' },
      threads: { differ: [1, 2] },
      onProgress: { same: 'tells of downloads' },
      template: { differ: [undefined, 'qwen3-reranker', 'mxbai-rerank-v2'] },
      instruction: { differ: [undefined, 'one', 'two'] },
      activation: { differ: ['sigmoid', 'identity'] },
      splitSpecialTokens: { differ: [true, false] },
    } satisfies Classified<TransformersOptions>,
  ],
  llmPointwise: [
    llmPointwise,
    { generate, model: 'm' },
    {
      ...LANGUAGE_MODEL,
      generate: { differ: [generate, async () => '2'], beside: { model: undefined } },
      maxGrade: { differ: [undefined, 4] },
      maxRetries: { same: 'how often to ask again' },
      maxCalls: { same: 'what is refused' },
    } satisfies Classified<LlmGradeOptions>,
  ],
  llmListwise: [
    llmListwise,
    { generate, model: 'm' },
    {
      ...LANGUAGE_MODEL,
      generate: { differ: [generate, async () => '2'], beside: { model: undefined } },
      windowSize: { differ: [undefined, 15] },
      stride: { differ: [undefined, 5] },
      maxCalls: { same: 'what is refused' },
      onUnreadable: { same: 'what happens without an answer' },
    } satisfies Classified<LlmListwiseOptions> & { generateYesNo: unknown },
  ],
  cohere: [
    cohere,
    { apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['one', 'two'] },
      baseUrl: baseUrls,
      maxTokensPerDoc: { differ: [undefined, 10] },
      client: { differ: [undefined, { rerank: async () => ({}) }] },
      relevantSpans: { same: 'notes beside the numbers' },
      pricePerSearchUnit: { same: 'a price' },
      pricePerMillionTokens: { same: 'a price' },
    } satisfies Classified<CohereOptions>,
  ],
  jina: [
    jina as never,
    { apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['jina-reranker-v2-base-multilingual', 'jina-reranker-m0'] },
      baseUrl: baseUrls,
      pricePerMillionTokens: { same: 'a price' },
    } satisfies Classified<JinaOptions>,
  ],
  mixedbread: [
    mixedbread,
    { apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['one', 'two'] },
      baseUrl: baseUrls,
      pricePerMillionTokens: { same: 'a price' },
    } satisfies Classified<MixedbreadOptions>,
  ],
  pinecone: [
    pinecone,
    { apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['one', 'two'] },
      baseUrl: baseUrls,
      pricePerRerankUnit: { same: 'a price' },
    } satisfies Classified<PineconeOptions>,
  ],
  voyage: [
    voyage,
    { apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['one', 'two'] },
      baseUrl: baseUrls,
      truncation: { differ: [true, false] },
      maxTokens: { same: 'a pair score does not depend on the other texts of its request' },
      pricePerMillionTokens: { same: 'a price' },
      instruction: { differ: [undefined, 'one', 'two'], beside: { model: 'rerank-3' } },
    } satisfies Classified<VoyageOptions>,
  ],
  compatible: [
    compatible,
    { url: 'https://a.example/rerank', form: 'cohere', model: 'm' },
    {
      ...TRANSPORT,
      preset: {
        differ: ['openrouter', 'together', 'novita'],
        beside: { url: undefined, form: undefined, apiKey: 'a-key-for-tests' },
      },
      url: baseUrls,
      form: { differ: ['cohere', 'voyage', 'tei', 'nim', 'isaacus', 'deepinfra'] },
      model: { differ: [undefined, 'one', 'two'] },
      keyHeader: { same: 'says who pays' },
      scope: { same: 'says what the numbers depend on, which does not change them' },
      scoreType: { differ: ['probability', 'logit'] },
      extraBody: { differ: [undefined, { a: 1 }, { a: 2 }] },
      instruction: { differ: [undefined, 'one', 'two'], beside: { instructionField: 'instruction' } },
      instructionField: { same: 'an instruction is in the id by itself' },
      pricePerMillionTokens: { same: 'a price' },
      pricePerSearchUnit: { same: 'a price' },
    } satisfies Readonly<Record<keyof CompatibleOptions, object>>,
  ],
  bedrock: [
    bedrock,
    { region: 'us-west-2', apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      model: { differ: ['one', 'two'] },
      region: { differ: ['us-west-2', 'eu-central-1'] },
      baseUrl: baseUrls,
      credentials: { same: 'says who pays' },
      pricePerSearchUnit: { same: 'a price' },
    } satisfies Classified<BedrockOptions>,
  ],
  vertex: [
    vertex,
    { project: 'p', accessToken: 'a-token-for-tests' },
    {
      ...withoutKey,
      project: { same: 'says who pays' },
      accessToken: { same: 'says who pays' },
      model: { differ: ['one', 'two'] },
      location: { same: 'where the same model runs' },
      baseUrl: baseUrls,
      pricePerSearchUnit: { same: 'a price' },
    } satisfies Classified<VertexOptions>,
  ],
  watsonx: [
    watsonx,
    { baseUrl: 'https://a.example', accessToken: 'a-token-for-tests', projectId: 'p' },
    {
      ...withoutKey,
      baseUrl: baseUrls,
      accessToken: { same: 'says who pays' },
      projectId: { same: 'says who pays' },
      spaceId: { same: 'says who pays' },
      model: { differ: ['one', 'two'] },
      truncateInputTokens: { differ: [undefined, 10] },
      scoreType: { differ: ['probability', 'logit'] },
      pricePerMillionTokens: { same: 'a price' },
    } satisfies Classified<WatsonxOptions>,
  ],
  workersAi: [
    workersAi,
    { accountId: 'a', apiKey: 'a-key-for-tests' },
    {
      ...TRANSPORT,
      binding: { same: 'how the same request is sent; see what it names in its place' },
      accountId: { same: 'says who pays' },
      model: { differ: ['one', 'two'] },
      baseUrl: baseUrls,
    } satisfies Classified<WorkersAiOptions>,
  ],
  server: [
    server,
    { dialect: 'vllm', url: 'http://a.example' },
    {
      ...TRANSPORT,
      instruction: { differ: [undefined, 'one', 'two'] },
      url: { differ: ['http://a.example', 'http://a.example:81', 'http://a.example/one', 'http://a.example/two'] },
      urls: { differ: [['http://a.example'], ['http://a.example', 'http://b.example']], beside: { url: undefined } },
      model: { differ: [undefined, 'one', 'two'] },
      truncate: { differ: [true, false] },
      coolDownMs: { same: 'how long a server is left alone' },
      dialect: { differ: ['vllm', 'vllm-score', 'tei', 'infinity'] },
      scoreType: { differ: ['probability', 'logit'] },
    } satisfies Classified<ServerOptions>,
  ],
  withChunks: [
    (options) => withChunks(readingNumbers(), options),
    {},
    {
      maxLength: { differ: [undefined, 100] },
      overlap: { differ: [undefined, 1, 2] },
      maxChunks: { differ: [undefined, 1, 2] },
      chunksToRead: { differ: [undefined, 1, 2] },
      measure: { differ: [undefined, (text: string) => text.length, (text: string) => text.length / 2] },
      measureName: { differ: [undefined, 'one', 'two'], beside: { measure: (text: string) => text.length } },
    } satisfies Classified<ChunkOptions>,
  ],
}

const cases = Object.entries(kinds).flatMap(([kind, [make, base, table]]) =>
  Object.entries(table as Classified<Record<string, unknown>>).flatMap(([option, said]) =>
    'same' in said ? [] : [{ kind, option, make, base, ...said }],
  ),
)

describe('the id of a scorer', () => {
  it.each(cases)('$kind: is another for each $option', ({ option, make, base, differ, beside }) => {
    const ids = differ.map((value) => make({ ...base, ...beside, [option]: value } as never).id)
    expect(new Set(ids).size, ids.join('\n')).toBe(differ.length)
    // The same once more is the same, unless it has no name that could last.
    const again = differ.map((value) => make({ ...base, ...beside, [option]: value } as never).id)
    const named = (id: string): boolean => !id.includes('unresolved')
    expect(again.filter(named)).toEqual(ids.filter(named))
  })

  it('holds neither the path of a service nor its query, which may be secrets', () => {
    const { id } = cohere({ apiKey: 'a-key-for-tests', baseUrl: 'https://a.example/path-token?key=query-token' })
    expect(id).toMatch(/^cohere:rerank-v5\.0-pro@a\.example\/[0-9a-f]+$/)
  })

  it('is the same for workers and spinning threads, which give the same numbers', async () => {
    const texts = ['The lamp turns itself off.', 'Ten minutes of sun.', 'lamp '.repeat(200)]
    const scored = async (options: CrossEncoderOptions): Promise<readonly number[]> => {
      await using scorer = builtCrossEncoder({ model: tiny, ...options })
      return [...(await scorer.score('when does it turn off', texts, callOf()))]
    }
    const alone = await scored({})
    expect(await scored({ workers: 2 })).toEqual(alone)
    const spun = await scored({ threads: 2, spinning: true })
    expect(await scored({ threads: 2 })).toEqual(spun)
  })
})
