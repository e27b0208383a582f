// The whole of a RAG pipeline: rewrite the question, search by words and by vectors, fuse, rerank, keep the best five, and
// write the prompt. No key, no network: the language model, the embedding and the search are stand-ins (support/).
//
//   node examples/pipeline.ts               Node.js 22.18 or newer
//   cd examples && npx tsx pipeline.ts      Node.js 20
import { createReranker, crossEncoder, reciprocalRankFusion } from '@secondpass/core'
import { passages, type Passage } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'
import { standInLlm } from './support/stand-in-llm.mjs'
import { rankByVector } from './support/word-vector.mjs'

type Found = Passage & { score: number }

// One for the process: it loads its model once.
const reranker = createReranker({
  scorer: crossEncoder({ workers: 1 }), // in a thread beside the event loop
  deadlineMs: Number(process.env['DEADLINE_MS'] ?? 1500), // when it passes, the order reached so far comes back
  onError: 'keep-order', // a scorer that fails costs the order, not the answer
  diversity: {}, // what says the same twice takes one place
  maxTokens: 2000, // what the prompt has room for
  onReport: ({ stages }) => {
    for (const { outcome, error } of stages) if (error !== undefined) console.error(`rerank ${outcome}:`, error)
  },
})
const llm = standInLlm()

/** What was said before makes a question complete: searches do not know what "it" is. */
async function standalone(said: readonly string[], question: string): Promise<string> {
  const prompt = `Rewrite the question so that it can be understood alone.\n\nBefore: ${said.join(' ')}\nQuestion: ${question}`
  const rewritten = (await llm.complete(prompt)).trim()
  return rewritten === '' ? question : rewritten
}

/** Both searches, fused by places: their scores have no common scale. One that fails leaves the other's list. */
async function search(question: string): Promise<Found[]> {
  const asked = await Promise.allSettled([rankByKeywords(question, passages), rankByVector(question, passages)])
  const lists = asked.filter((one) => one.status === 'fulfilled').map(({ value }) => value.slice(0, 30))
  if (lists.length === 0) throw new Error('No search answered.', { cause: asked })
  return reciprocalRankFusion(lists).map(({ candidate, score }) => ({ ...candidate, score }))
}

const question = await standalone(['I pay with my credit card.'], 'What happens if it expires?')
const found = await search(question)
const { results } = await reranker.rerank(question, found, { topN: 5 })

const sources = results.map(({ candidate }, at) => `[${at + 1}] ${candidate.text}`)
const prompt = `Answer from these passages only, and name them as [1]. Say so if they do not answer.

${sources.join('\n\n')}

Question: ${question}`

console.log(
  `${question}\n${found.length} passages found, ${results.length} in a prompt of ${prompt.length} characters:`,
)
for (const { rank, index, candidate } of results) console.log(`  [${rank}] was ${index + 1}  ${candidate.title}`)
await reranker.close()
await llm.stop()
