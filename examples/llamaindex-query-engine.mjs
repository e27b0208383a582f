// @ts-check
// Reranking in a LlamaIndex.TS query engine. Two stand-ins, so that no key is needed: an embedding that only counts
// words (support/word-vector.mjs), and LlamaIndex's own MockLLM, which always gives the same answer.
import { MockLLM } from '@llamaindex/core/llms/mock'
import { RerankPostprocessor } from '@secondpass/llamaindex'
import { Document, Settings, VectorStoreIndex } from 'llamaindex'
import { passages } from './passages.mjs'
import { WordEmbedding } from './support/llamaindex-embedding.mjs'

Settings.embedModel = new WordEmbedding()
Settings.llm = new MockLLM({ timeBetweenToken: 0, responseMessage: '(an answer made from the sources)' })

const question = 'What happens if my credit card expires?'
const documents = passages.map(({ id, title, text }) => new Document({ id_: id, text, metadata: { title } }))
const index = await VectorStoreIndex.fromDocuments(documents)

const postprocessor = new RerankPostprocessor({ topN: 3 })
const engine = index.asQueryEngine({
  similarityTopK: 20, // LlamaIndex's default of 2 would leave nothing to rerank
  nodePostprocessors: [postprocessor],
})
const { message, sourceNodes = [] } = await engine.query({ query: question })

console.log(question)
console.log(message.content)
for (const { node, score } of sourceNodes) console.log(`  ${score?.toFixed(3)}  ${node.metadata.title}`)

await postprocessor.close()
