// @ts-check
// Reranking in LangChain, two ways: around a vector store, and as a compressor behind any retriever.
// The embeddings are a stand-in (support/word-vector.mjs): they only count words. Use your own in their place.
import { Document } from '@langchain/core/documents'
import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { MemoryVectorStore } from '@langchain/classic/vectorstores/memory'
import { createReranker } from '@secondpass/core'
import { RerankCompressor, RerankRetriever } from '@secondpass/langchain'
import { passages } from './passages.mjs'
import { WordEmbeddings } from './support/langchain-embeddings.mjs'

const question = 'What happens if my credit card expires?'
const documents = passages.map(({ id, title, text }) => new Document({ id, pageContent: text, metadata: { title } }))
const vectorStore = await MemoryVectorStore.fromDocuments(documents, new WordEmbeddings())

const reranker = createReranker()
await reranker.warmup()

print('The vector store alone', await vectorStore.asRetriever(3).invoke(question))

// 1. Around a vector store: asks it for 20 candidates, with their scores, and returns the best 3.
const retriever = new RerankRetriever({ vectorStore, reranker, k: 20, topN: 3 })
print('RerankRetriever', await retriever.invoke(question))

// 2. As a compressor, behind any retriever. LangChain's own vector store retriever drops the scores.
const compressed = new ContextualCompressionRetriever({
  baseRetriever: vectorStore.asRetriever(20),
  baseCompressor: new RerankCompressor({ reranker, topN: 3 }),
})
print('ContextualCompressionRetriever', await compressed.invoke(question))

await reranker.close()

/**
 * @param {string} heading
 * @param {import('@langchain/core/documents').DocumentInterface[]} found
 */
function print(heading, found) {
  console.log(heading)
  for (const { metadata } of found)
    console.log(`  ${metadata.relevanceScore?.toFixed(3) ?? '  -  '}  ${metadata.title}`)
}
