// @ts-check
// The same pipeline with a vendor's reranker, with a server of your own, and with a language model: only the scorer
// differs. The service (support/rerank-service.mjs) and the model (support/stand-in-llm.mjs) are stand-ins on this
// machine, so that nothing here needs a key or a network.
import { cohere, createReranker, llmListwise, server } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'
import { startRerankService } from './support/rerank-service.mjs'
import { standInLlm } from './support/stand-in-llm.mjs'

const question = 'What happens if my credit card expires?'
const found = (await rankByKeywords(question, passages)).slice(0, 30)
const service = await startRerankService()

// A vendor's: leave out baseUrl, and put the key into CO_API_KEY.
await ask('vendor', cohere({ apiKey: 'not a key', baseUrl: service.url, pricePerSearchUnit: 0.002 }))

// A server of your own; several share the load with `urls`.
await ask('own server', server({ dialect: 'tei', url: service.url }))

// A language model: any function from a prompt to its answer.
const llm = standInLlm()
await ask('language model', llmListwise({ generate: llm.generate, model: 'stand-in' }))

await llm.stop()
await service.stop()

/** @param {string} name @param {import('@secondpass/core').Scorer} scorer */
async function ask(name, scorer) {
  const reranker = createReranker({ scorer, topN: 1, deadlineMs: 30_000, onError: 'keep-order' })
  const { results, report } = await reranker.rerank(question, found)
  const [stage] = report.stages
  const counted = Object.entries(stage?.stats ?? {}).map(([counter, count]) => `${counter} ${count}`)
  console.log(`${name}: ${stage?.outcome}, ${counted.join(', ')}\n  1. ${results[0]?.candidate.title}`)
  await reranker.close()
}
