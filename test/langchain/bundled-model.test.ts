import { ContextualCompressionRetriever } from '@langchain/classic/retrievers/contextual_compression'
import { afterAll, expect, it } from 'vitest'
import { RerankCompressor, RerankRetriever } from '../../packages/langchain/src/index.ts'
import { createReranker } from '@secondpass/core'
import { frozenDocuments, query, storeOf, texts, textsOf } from './support.ts'

const reranker = createReranker()
afterAll(() => reranker.close())

it('reranks with the bundled model behind a compressor', async () => {
  const store = await storeOf(frozenDocuments())
  const retriever = new ContextualCompressionRetriever({
    baseCompressor: new RerankCompressor({ reranker }),
    baseRetriever: store.asRetriever(5),
  })
  const documents = await retriever.invoke(query)
  const scores = documents.map(({ metadata }) => metadata['relevanceScore'] as number)
  expect(textsOf(documents)[0]).toBe(texts[3])
  expect(scores).toEqual(scores.toSorted((left, right) => right - left))
  for (const score of scores) expect(score).toSatisfy((value: number) => value >= 0 && value <= 1)
})

it('reranks with the bundled model behind a vector store, blended with its similarities', async () => {
  const retriever = new RerankRetriever({ vectorStore: await storeOf(frozenDocuments()), reranker })
  const documents = await retriever.invoke(query)
  expect(documents[0]).toMatchObject({
    pageContent: texts[3],
    metadata: { relevanceScore: expect.any(Number), firstStageScore: expect.any(Number), blendedScore: 1 },
  })
})
