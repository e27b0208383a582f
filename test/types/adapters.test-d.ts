import type { BaseDocumentCompressor as ClassicCompressor } from '@langchain/classic/retrievers/document_compressors'
import type { MemoryVectorStore } from '@langchain/classic/vectorstores/memory'
import type { BaseDocumentCompressor } from '@langchain/core/retrievers/document_compressors'
import type { BaseRetriever } from '@langchain/core/retrievers'
import type { VectorStoreInterface } from '@langchain/core/vectorstores'
import type { BaseChatModel } from '@langchain/core/language_models/chat_models'
import type { BaseLLM } from '@langchain/core/language_models/llms'
import type { LLM } from '@llamaindex/core/llms'
import type { Generate, Reranker, SkipPolicy } from '@secondpass/core'
import type { BaseNodePostprocessor as CorePostprocessor } from '@llamaindex/core/postprocessor'
import type { BaseNodePostprocessor, NodeWithScore, TextNode } from 'llamaindex'
import type { LanguageModel } from 'ai'
import { describe, expectTypeOf, it } from 'vitest'
import { generateWith as generateWithSdk } from '../../packages/ai-sdk/src/index.ts'
import {
  RerankCompressor,
  type RerankCompressorOptions,
  RerankRetriever,
  generateWith as generateWithModel,
} from '../../packages/langchain/src/index.ts'
import { RerankPostprocessor, generateWith as generateWithLlm } from '../../packages/llamaindex/src/index.ts'

declare const reranker: Reranker
declare const skip: SkipPolicy
declare const store: MemoryVectorStore
declare const anyStore: VectorStoreInterface
declare const chatModel: BaseChatModel
declare const plainModel: BaseLLM
declare const llm: LLM
declare const sdkModel: LanguageModel

describe('the LangChain adapter', () => {
  it("fits LangChain's types, those of the classic package too", () => {
    expectTypeOf<RerankCompressor>().toExtend<BaseDocumentCompressor>()
    expectTypeOf<RerankCompressor>().toExtend<ClassicCompressor>()
    expectTypeOf<RerankRetriever>().toExtend<BaseRetriever>()
  })

  it('takes a ready reranker or the options to make one, not both', () => {
    expectTypeOf({ reranker, topN: 3 }).toExtend<RerankCompressorOptions>()
    expectTypeOf({ skip, topN: 3 }).toExtend<RerankCompressorOptions>()
    // @ts-expect-error -- skip belongs into createReranker() when the reranker is ready.
    void new RerankCompressor({ reranker, skip })
    // @ts-expect-error -- there is no such option.
    void new RerankCompressor({ topn: 3 })
  })

  it("takes the store's own kind of filter", () => {
    void new RerankRetriever({ vectorStore: store, filter: (document) => document.metadata['year'] > 2020 })
    // @ts-expect-error -- this store filters by a function.
    void new RerankRetriever({ vectorStore: store, filter: { year: 2020 } })
    void new RerankRetriever({ vectorStore: anyStore, filter: { year: 2020 } })
  })

  it('asks any chat model, and any plain one', () => {
    expectTypeOf(generateWithModel(chatModel)).toEqualTypeOf<Generate>()
    expectTypeOf(generateWithModel(plainModel, { tags: ['rerank'] })).toEqualTypeOf<Generate>()
    // @ts-expect-error -- the signal is the reranker's.
    generateWithModel(chatModel, { signal: new AbortController().signal })
  })

  it('says that a score may be missing', () => {
    type Entry = Awaited<ReturnType<RerankCompressor['rerank']>>[number]
    expectTypeOf<Entry['relevanceScore']>().toEqualTypeOf<number | undefined>()
  })
})

describe('the LlamaIndex adapter', () => {
  it("fits LlamaIndex's types, whichever copy they come from", () => {
    expectTypeOf<RerankPostprocessor>().toExtend<BaseNodePostprocessor>()
    expectTypeOf<RerankPostprocessor>().toExtend<CorePostprocessor>()
  })

  it('keeps the type of the nodes', async () => {
    const postprocessor = new RerankPostprocessor()
    const [first] = await postprocessor.postprocessNodes([] as NodeWithScore<{ page: number }>[], 'question')
    expectTypeOf(first?.node.metadata).toEqualTypeOf<{ page: number } | undefined>()
    expectTypeOf(first?.firstStageScore).toEqualTypeOf<number | undefined>()
    const own = await postprocessor.postprocessNodes([] as { node: TextNode; origin: string }[], 'question')
    expectTypeOf(own[0]?.origin).toEqualTypeOf<string | undefined>()
  })

  it('asks any LLM', () => {
    expectTypeOf(generateWithLlm(llm)).toEqualTypeOf<Generate>()
  })

  it('takes a ready reranker or the options to make one, not both', () => {
    // @ts-expect-error -- skip belongs into createReranker() when the reranker is ready.
    void new RerankPostprocessor({ reranker, skip })
  })
})

describe('the AI SDK', () => {
  it('has whatever it calls a language model asked', () => {
    expectTypeOf(generateWithSdk(sdkModel)).toEqualTypeOf<Generate>()
    expectTypeOf(generateWithSdk('openai/gpt-5-mini', { maxRetries: 0 })).toEqualTypeOf<Generate>()
    // @ts-expect-error -- the signal is the reranker's.
    generateWithSdk(sdkModel, { abortSignal: new AbortController().signal })
  })
})
