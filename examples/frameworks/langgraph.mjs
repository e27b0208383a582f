// @ts-check
// Reranking as a node of a LangGraph graph: a node is a function, so nothing but rerank() is needed.
// npm install @secondpass/core @langchain/langgraph@1.7.3 @langchain/core zod@4
import { Annotation, END, START, StateGraph } from '@langchain/langgraph'
import { createReranker } from '@secondpass/core'
import { passages } from '../passages.mjs'
import { rankByKeywords } from '../support/bm25.mjs'

/** @typedef {{ title: string, text: string, score: number }} Found */

const State = Annotation.Root({
  question: /** @type {typeof Annotation<string>} */ (Annotation),
  found: /** @type {typeof Annotation<Found[]>} */ (Annotation),
  prompt: /** @type {typeof Annotation<string>} */ (Annotation),
})
const reranker = createReranker()

const graph = new StateGraph(State)
  .addNode('retrieve', async ({ question }) => ({ found: (await rankByKeywords(question, passages)).slice(0, 20) }))
  .addNode('rerank', async ({ question, found }, { signal }) => {
    const { results } = await reranker.rerank(question, found, { topN: 3, signal })
    return { found: results.map(({ candidate }) => candidate) }
  })
  .addNode('write', ({ question, found }) => ({
    prompt: [...found.map(({ title, text }) => `${title}\n${text}`), question].join('\n\n'),
  }))
  .addEdge(START, 'retrieve')
  .addEdge('retrieve', 'rerank')
  .addEdge('rerank', 'write')
  .addEdge('write', END)
  .compile()

const { found, prompt } = await graph.invoke({ question: 'What happens if my credit card expires?' })
console.log(`A prompt of ${prompt.length} characters, from`)
for (const { title } of found) console.log(`  ${title}`)

await reranker.close()
