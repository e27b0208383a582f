// A vendor's reranker, and the bundled model for when the vendor is slow, busy or down. A service on this machine stands in
// for Cohere and speaks its form over HTTP (support/rerank-service.mjs); half-way through, it is switched off.
//
//   node examples/cohere-with-fallback.ts
//   CO_API_KEY=… node examples/cohere-with-fallback.ts     asks Cohere itself
import { cohere, createReranker, crossEncoder, withCircuitBreaker, withFallback } from '@secondpass/core'
import { passages } from './passages.mjs'
import { rankByKeywords } from './support/bm25.mjs'
import { startRerankService } from './support/rerank-service.mjs'

const apiKey = process.env['CO_API_KEY']
const standIn = apiKey === undefined ? await startRerankService() : undefined
const vendor = cohere({
  model: 'rerank-v5.0-fast',
  maxRetries: 1, // one more try, and then the model at home is faster
  ...(standIn === undefined ? {} : { apiKey: 'not a key', baseUrl: standIn.url }),
})
// Two failures in a row: for the next half minute it is not asked at all.
const guarded = withCircuitBreaker(vendor, { failures: 2, restMs: 30_000 })

const reranker = createReranker({
  // Longer than this, and the bundled model is asked; the deadline leaves it time to answer.
  scorer: withFallback(guarded, crossEncoder({ workers: 1 }), { deadlineMs: Number(process.env['VENDOR_MS'] ?? 1000) }),
  deadlineMs: Number(process.env['DEADLINE_MS'] ?? 3000),
  onError: 'keep-order', // if both fail
  topN: 1,
})

const question = 'What happens if my credit card expires?'
const found = (await rankByKeywords(question, passages)).slice(0, 20)

await ask('The service is there')
await standIn?.stop()
await ask('It is down')
await ask('Still down')
await ask('And now it rests')
await reranker.close()

async function ask(when: string): Promise<void> {
  const { results, report } = await reranker.rerank(question, found)
  const [best] = results
  // Keep an eye on this in production: an outage that nobody notices is paid for in quality.
  const { fallbackReason } = report.stages[0] ?? {}
  console.log(
    `${when}: ${best?.candidate.title}\n  by ${best?.scorerId}${fallbackReason === undefined ? '' : `, for ${fallbackReason}`}`,
  )
}
