import { expectTypeOf, test } from 'vitest'
import {
  type RemoteScorer,
  type Scorer,
  bedrock,
  cohere,
  compatible,
  createReranker,
  jina,
  mixedbread,
  pinecone,
  server,
  vertex,
  voyage,
  watsonx,
  withCache,
  withChunks,
  workersAi,
} from '../../packages/core/src/index.ts'

const url = 'http://127.0.0.1:8080'

test('vendors score each text by itself, and fit wherever a scorer does', () => {
  expectTypeOf(cohere()).toExtend<Scorer<'pair'>>()
  expectTypeOf(voyage()).toExtend<Scorer<'pair'>>()
  expectTypeOf(mixedbread()).toExtend<Scorer<'pair'>>()
  expectTypeOf(pinecone()).toExtend<Scorer<'pair'>>()
  expectTypeOf(server({ dialect: 'tei', url })).toExtend<Scorer<'pair'>>()
  expectTypeOf(compatible({ preset: 'openrouter', model: 'm' })).toEqualTypeOf<RemoteScorer<'pair'>>()
  expectTypeOf(compatible({ url, form: 'tei', scope: 'pool' })).toEqualTypeOf<RemoteScorer<'pool'>>()
  expectTypeOf(bedrock()).toExtend<Scorer<'pair'>>()
  expectTypeOf(vertex({ project: 'p', accessToken: () => 't' })).toExtend<Scorer<'pair'>>()
  expectTypeOf(watsonx({ baseUrl: url, accessToken: 't', projectId: 'p' })).toExtend<Scorer<'pair'>>()
  expectTypeOf(workersAi({ accountId: 'a' })).toExtend<Scorer<'pair'>>()
  withChunks(cohere())
})

test('a service is named, or its address and form are', () => {
  compatible({ url, form: 'cohere', instructionField: 'instruction', instruction: 'Find laws.' })
  compatible({ preset: 'azure', model: 'm', url })
  // @ts-expect-error -- neither
  compatible({ model: 'm' })
  // @ts-expect-error -- a preset has its own form
  compatible({ preset: 'together', model: 'm', form: 'cohere' })
  // @ts-expect-error -- a preset needs a model
  compatible({ preset: 'together' })
  // @ts-expect-error -- there is no such service
  compatible({ preset: 'openrooter', model: 'm' })
  // @ts-expect-error -- a token, no key
  vertex({ project: 'p', apiKey: 'k' })
  // @ts-expect-error -- the address is everyone's own
  watsonx({ accessToken: 't' })
})

test('the binding of a Worker fits, as Cloudflare types it', () => {
  interface Ai {
    run<Name extends 'a' | 'b'>(
      model: Name,
      inputs: { query?: string },
      options?: { signal?: AbortSignal },
    ): Promise<object>
  }
  workersAi({ binding: {} as Ai })
})

test('an instruction is an option of a call, and a scorer of one’s own says whether it heeds it', async () => {
  const scorer: Scorer<'pair'> = {
    id: 'mine',
    scope: 'pair',
    takesInstruction: true,
    score: async (_query, texts, { instruction }) => texts.map(() => instruction?.length ?? 0),
  }
  await createReranker({ scorer }).rerank('q', ['a'], { instruction: 'Prefer statutes.' })
  // @ts-expect-error -- a sentence
  await createReranker({ scorer }).rerank('q', ['a'], { instruction: 5 })
})

test('a model that reads all texts together can be neither cached nor chunked', () => {
  expectTypeOf(jina()).toEqualTypeOf<RemoteScorer<'pool'>>()
  expectTypeOf(jina({ model: 'jina-reranker-v3.5' })).toEqualTypeOf<RemoteScorer<'pool'>>()
  expectTypeOf(jina({ model: 'jina-reranker-v2-base-multilingual' })).toEqualTypeOf<RemoteScorer<'pair'>>()
  withCache(jina({ model: 'jina-reranker-m0' }), new Map())
  // @ts-expect-error -- its scores depend on the pool
  withCache(jina(), new Map())
  // @ts-expect-error -- its scores depend on the pool
  withChunks(jina({ model: 'jina-reranker-v3' }))
})

test('what only the caller knows must be said', () => {
  server({ dialect: 'llamacpp', url, scoreType: 'logit' })
  server({ dialect: 'nim', url, model: 'm' })
  // @ts-expect-error -- it depends on the model
  server({ dialect: 'llamacpp', url })
  // @ts-expect-error -- it depends on the model
  server({ dialect: 'huggingface', model: 'm' })
  // @ts-expect-error -- it always gives logits
  server({ dialect: 'nim', url, model: 'm', scoreType: 'probability' })
  // @ts-expect-error -- there is no such dialect
  server({ dialect: 'tgi', url })
  // @ts-expect-error -- there is no such option
  cohere({ topN: 5 })
})
