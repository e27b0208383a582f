import { VectorStoreIndex, Document, Settings } from 'llamaindex'
import { expect, it } from 'vitest'
import { RerankPostprocessor } from '../../packages/llamaindex/src/index.ts'
import { MockLLM } from '@llamaindex/core/llms/mock'
import { query, texts, textsOf, WordCountEmbedding } from './support.ts'

it('reranks with the bundled model in a query engine', async () => {
  Settings.llm = new MockLLM({ timeBetweenToken: 0, responseMessage: 'Open settings.' })
  Settings.embedModel = new WordCountEmbedding()
  await using postprocessor = new RerankPostprocessor({ topN: 2 })
  const index = await VectorStoreIndex.fromDocuments(texts.map((text, at) => new Document({ text, id_: `id-${at}` })))
  const engine = index.asQueryEngine({ similarityTopK: 5, nodePostprocessors: [postprocessor] })
  const { sourceNodes = [] } = await engine.query({ query })
  expect(textsOf(sourceNodes)[0]).toBe(texts[3])
  expect(sourceNodes).toHaveLength(2)
  expect(sourceNodes[0]?.score).toSatisfy((score: number) => score > 0 && score < 1)
})
