import { expectTypeOf, test } from 'vitest'
import {
  type RemoteScorer,
  type Scorer,
  cohere,
  jina,
  mixedbread,
  pinecone,
  server,
  voyage,
  withCache,
  withChunks,
} from '../../packages/core/src/index.ts'

const url = 'http://127.0.0.1:8080'

test('vendors score each text by itself, and fit wherever a scorer does', () => {
  expectTypeOf(cohere()).toExtend<Scorer<'pair'>>()
  expectTypeOf(voyage()).toExtend<Scorer<'pair'>>()
  expectTypeOf(mixedbread()).toExtend<Scorer<'pair'>>()
  expectTypeOf(pinecone()).toExtend<Scorer<'pair'>>()
  expectTypeOf(server({ dialect: 'tei', url })).toExtend<Scorer<'pair'>>()
  withChunks(cohere())
})

test('a model that reads all texts together can be neither cached nor chunked', () => {
  expectTypeOf(jina()).toEqualTypeOf<RemoteScorer<'pool'>>()
  expectTypeOf(jina({ model: 'jina-reranker-v3' })).toEqualTypeOf<RemoteScorer<'pool'>>()
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
