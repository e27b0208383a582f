// @ts-check
// A reranker for Genkit, by which ai.rerank() and the developer UI know it.
// npm install @secondpass/core genkit@1.42.0
import { createReranker } from '@secondpass/core'
import { Document, genkit, z } from 'genkit'
import { passages } from '../passages.mjs'
import { rankByKeywords } from '../support/bm25.mjs'

const ai = genkit({})
const reranker = createReranker()

const secondpass = ai.defineReranker(
  { name: 'secondpass/bundled', configSchema: z.object({ k: z.number().int().positive().optional() }).optional() },
  async (query, documents, { k } = {}) => {
    const candidates = documents.map(({ text, metadata }) => ({ text, score: metadata?.score }))
    const { results } = await reranker.rerank(query.text, candidates, { topN: k ?? Infinity })
    return {
      documents: results.map(({ index, score = 0 }) => {
        // Genkit asks for a number: 0 stands for what no model scored.
        const { content, metadata } = /** @type {Document} */ (documents[index])
        return { content, metadata: { ...metadata, score } }
      }),
    }
  },
)

const question = 'What happens if my credit card expires?'
const found = await rankByKeywords(question, passages)
const documents = found.slice(0, 20).map(({ title, text, score }) => Document.fromText(text, { title, score }))

const ranked = await ai.rerank({ reranker: secondpass, query: question, documents, options: { k: 3 } })
console.log(question)
for (const document of ranked) console.log(`  ${document.score().toFixed(3)}  ${document.metadata.title}`)

await reranker.close()
