import { Document } from '@langchain/core/documents'
import { MappingDocumentTransformer } from '@langchain/core/documents'
import { ChatPromptTemplate } from '@langchain/core/prompts'
import { StringOutputParser } from '@langchain/core/output_parsers'
import { RunnableLambda, RunnablePassthrough, RunnableSequence } from '@langchain/core/runnables'
import { InMemoryStore } from '@langchain/core/stores'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { DocumentCompressorPipeline } from '@langchain/classic/retrievers/document_compressors'
import { EmbeddingsFilter } from '@langchain/classic/retrievers/document_compressors/embeddings_filter'
import { EnsembleRetriever } from '@langchain/classic/retrievers/ensemble'
import { MultiQueryRetriever } from '@langchain/classic/retrievers/multi_query'
import { ParentDocumentRetriever } from '@langchain/classic/retrievers/parent_document'
import { CharacterTextSplitter } from '@langchain/classic/text_splitter'
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory'
import { expect, it } from 'vitest'
import { RerankCompressor, RerankRetriever } from '../../packages/langchain/src/index.ts'
import { overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenDocuments, query, RunRecorder, storeOf, texts, textsOf, WordCountEmbeddings } from './support.ts'

const best = texts[3]
const compress = (topN?: number): RerankCompressor => new RerankCompressor({ scorer: overlapScorer(), topN })

/** The ranking's run, the compressor's run above it, and so on up to the root. */
function pathOfRanking(recorder: RunRecorder): string[] {
  const [run] = recorder.named('secondpass.rerank')
  return run === undefined ? [] : recorder.pathOf(run)
}

it('works in ContextualCompressionRetriever', async () => {
  const recorder = new RunRecorder()
  const store = await storeOf(frozenDocuments())
  const retriever = new ContextualCompressionRetriever({
    baseCompressor: compress(2),
    baseRetriever: store.asRetriever(5),
  })
  const documents = await retriever.invoke(query, { callbacks: [recorder] })
  expect(textsOf(documents)).toEqual([best, texts[1]])
  expect(pathOfRanking(recorder)).toEqual(['secondpass.rerank', 'RerankCompressor', 'ContextualCompressionRetriever'])
})

it('works in DocumentCompressorPipeline, before and after transformers and other compressors', async () => {
  class Shout extends MappingDocumentTransformer {
    override async _transformDocument(document: Document): Promise<Document> {
      return new Document({ pageContent: document.pageContent.toUpperCase(), metadata: document.metadata })
    }
  }
  const recorder = new RunRecorder()
  const embeddings = new WordCountEmbeddings()
  const pipeline = new DocumentCompressorPipeline({
    transformers: [new Shout(), compress(3), new EmbeddingsFilter({ embeddings, k: 2 }), compress(1)],
  })
  const store = await storeOf(frozenDocuments())
  const retriever = new ContextualCompressionRetriever({
    baseCompressor: pipeline,
    baseRetriever: store.asRetriever(5),
  })
  expect(textsOf(await retriever.invoke(query, { callbacks: [recorder] }))).toEqual([best!.toUpperCase()])
  const runs = recorder.named('RerankCompressor')
  expect(runs.map((run) => recorder.pathOf(run))).toEqual([
    ['RerankCompressor', 'ContextualCompressionRetriever'],
    ['RerankCompressor', 'ContextualCompressionRetriever'],
  ])
})

it('works around and inside EnsembleRetriever', async () => {
  const store = await storeOf(frozenDocuments())
  const inside = new RerankRetriever({ vectorStore: store, scorer: overlapScorer(), topN: 3 })
  const ensemble = new EnsembleRetriever({ retrievers: [inside, store.asRetriever(5)], weights: [0.5, 0.5] })
  expect(textsOf(await ensemble.invoke(query))[0]).toBe(best)

  const recorder = new RunRecorder()
  const around = new ContextualCompressionRetriever({ baseCompressor: compress(1), baseRetriever: ensemble })
  expect(textsOf(await around.invoke(query, { callbacks: [recorder] }))).toEqual([best])
  expect(recorder.named('RerankCompressor').map((run) => recorder.pathOf(run))).toEqual([
    ['RerankCompressor', 'RerankRetriever', 'EnsembleRetriever', 'ContextualCompressionRetriever'],
    ['RerankCompressor', 'ContextualCompressionRetriever'],
  ])
})

it('works in MultiQueryRetriever, and with its filter by score', async () => {
  const recorder = new RunRecorder()
  const store = await storeOf(frozenDocuments())
  const retriever = MultiQueryRetriever.fromLLM({
    retriever: store.asRetriever(5),
    llm: new FakeListChatModel({ responses: ['<questions>\nrotate key\nchange api key\n</questions>'] }),
    documentCompressor: compress(),
    documentCompressorFilteringFn: (documents) => documents.filter(({ metadata }) => metadata['relevanceScore'] > 0.5),
  })
  expect(textsOf(await retriever.invoke(query, { callbacks: [recorder] }))).toEqual([best])
  expect(pathOfRanking(recorder)).toEqual(['secondpass.rerank', 'RerankCompressor', 'MultiQueryRetriever'])
})

it('works in ParentDocumentRetriever, which ranks the chunks and returns their parents', async () => {
  const retriever = new ParentDocumentRetriever({
    vectorstore: new MemoryVectorStore(new WordCountEmbeddings()),
    docstore: new InMemoryStore<Document>(),
    childSplitter: new CharacterTextSplitter({ separator: '\n', chunkSize: 60, chunkOverlap: 0 }),
    childK: 20,
    parentK: 1,
    documentCompressor: compress(),
  })
  const parents = texts.map((text, at) => new Document({ pageContent: `Page ${at}.\n${text}\nEnd of the page.` }))
  await retriever.addDocuments(parents)
  expect(textsOf(await retriever.invoke(query))).toEqual([parents[3]!.pageContent])
})

it('works in LCEL, as a retriever of a chain', async () => {
  const recorder = new RunRecorder()
  const retriever = new RerankRetriever({
    vectorStore: await storeOf(frozenDocuments()),
    scorer: overlapScorer(),
    topN: 1,
  })
  const chain = RunnableSequence.from([
    {
      context: retriever.pipe((documents: Document[]) => textsOf(documents).join('\n')),
      question: new RunnablePassthrough(),
    },
    ChatPromptTemplate.fromTemplate('{context}\n\n{question}'),
    new FakeListChatModel({ responses: ['Open settings.'] }),
    new StringOutputParser(),
  ])
  expect(await chain.invoke(query, { callbacks: [recorder] })).toBe('Open settings.')
  const [prompt] = recorder.named('ChatPromptTemplate')
  expect(JSON.stringify(prompt?.outputs)).toContain(best)
  expect(pathOfRanking(recorder).slice(0, 3)).toEqual(['secondpass.rerank', 'RerankCompressor', 'RerankRetriever'])
  expect(pathOfRanking(recorder).at(-1)).toBe('RunnableSequence')
})

it('works in LCEL, as a compressor called by a lambda with its config', async () => {
  const recorder = new RunRecorder()
  const compressor = compress(1)
  const step = RunnableLambda.from((documents: Document[], config) => {
    return compressor.compressDocuments(documents, query, config.callbacks as never)
  })
  expect(textsOf(await step.invoke(frozenDocuments(), { callbacks: [recorder] }))).toEqual([best])
  expect(pathOfRanking(recorder)).toEqual(['secondpass.rerank', 'RerankCompressor', 'RunnableLambda'])
})
