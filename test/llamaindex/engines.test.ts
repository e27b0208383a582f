import { MockLLM } from '@llamaindex/core/llms/mock'
import {
  BaseRetriever,
  ContextChatEngine,
  Document,
  RetrieverQueryEngine,
  Settings,
  SimilarityPostprocessor,
  TextNode,
  VectorStoreIndex,
} from 'llamaindex'
import { beforeAll, expect, it } from 'vitest'
import { RerankPostprocessor } from '../../packages/llamaindex/src/index.ts'
import { overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenNodes, query, texts, textsOf, WordCountEmbedding } from './support.ts'

class FixedRetriever extends BaseRetriever {
  // oxlint-disable-next-line no-useless-constructor -- the constructor of the base class is protected.
  constructor() {
    super()
  }

  override async _retrieve(): Promise<ReturnType<typeof frozenNodes>> {
    return frozenNodes()
  }
}

beforeAll(() => {
  Settings.llm = new MockLLM({ timeBetweenToken: 0, responseMessage: 'Open settings.' })
  Settings.embedModel = new WordCountEmbedding()
})

it('works in asQueryEngine, in front of SimilarityPostprocessor', async () => {
  const index = await VectorStoreIndex.fromDocuments(texts.map((text, at) => new Document({ text, id_: `id-${at}` })))
  const engine = index.asQueryEngine({
    similarityTopK: 5,
    nodePostprocessors: [
      new RerankPostprocessor({ scorer: overlapScorer() }),
      new SimilarityPostprocessor({ similarityCutoff: 0.2 }),
    ],
  })
  const response = await engine.query({ query })
  expect(response.message.content).toBe('Open settings.')
  expect(textsOf(response.sourceNodes ?? [])).toEqual([texts[3], texts[1]])
  expect(response.sourceNodes?.[0]).toMatchObject({ score: 5 / 7, firstStageScore: expect.any(Number) })
})

it('works in RetrieverQueryEngine', async () => {
  const engine = new RetrieverQueryEngine(new FixedRetriever(), undefined, [
    new RerankPostprocessor({ scorer: overlapScorer(), topN: 1 }),
  ])
  expect(textsOf(await engine.retrieve(query))).toEqual([texts[3]])
})

it('works in ContextChatEngine, with message content', async () => {
  const engine = new ContextChatEngine({
    retriever: new FixedRetriever(),
    nodePostprocessors: [new RerankPostprocessor({ scorer: overlapScorer(), topN: 1 })],
  })
  const response = await engine.chat({ message: [{ type: 'text', text: query }] })
  expect(textsOf(response.sourceNodes ?? [])).toEqual([texts[3]])
  expect(response.sourceNodes?.[0]?.node).toBeInstanceOf(TextNode)
})

it('hands on scores that SimilarityPostprocessor can cut by', async () => {
  const nodes = await new RerankPostprocessor({ scorer: overlapScorer() }).postprocessNodes(frozenNodes(), query)
  const kept = await new SimilarityPostprocessor({ similarityCutoff: 0.5 }).postprocessNodes(nodes)
  expect(textsOf(kept)).toEqual([texts[3]])
})

it('reranks with the bundled model in a query engine', async () => {
  await using postprocessor = new RerankPostprocessor({ topN: 2 })
  const index = await VectorStoreIndex.fromDocuments(texts.map((text, at) => new Document({ text, id_: `id-${at}` })))
  const engine = index.asQueryEngine({ similarityTopK: 5, nodePostprocessors: [postprocessor] })
  const { sourceNodes = [] } = await engine.query({ query })
  expect(textsOf(sourceNodes)[0]).toBe(texts[3])
  expect(sourceNodes).toHaveLength(2)
  expect(sourceNodes[0]?.score).toSatisfy((score: number) => score > 0 && score < 1)
})
