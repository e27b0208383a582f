// A search endpoint with Fastify: GET /search?q=… gives the five passages that answer best.
//
//   node examples/servers/fastify.ts
//   curl 'http://127.0.0.1:3000/search?q=What+happens+if+my+credit+card+expires'
import { createReranker, crossEncoder, RerankError } from '@secondpass/core'
import Fastify from 'fastify'
import { passages } from '../passages.mjs'
import { rankByKeywords } from '../support/bm25.mjs'

const app = Fastify({ logger: { level: process.env['LOG_LEVEL'] ?? 'warn' } })

// One for the process, in a thread beside the event loop, so that other requests are answered meanwhile.
const reranker = createReranker({
  scorer: crossEncoder({ workers: 1 }),
  topN: 5,
  deadlineMs: Number(process.env['DEADLINE_MS'] ?? 1000), // when it passes, the order of the search comes back
  onReport: ({ stages }) => app.log.info({ stages }, 'reranked'),
})

const querystring = {
  type: 'object',
  required: ['q'],
  properties: { q: { type: 'string', pattern: '\\S', maxLength: 1000 } },
}

app.get<{ Querystring: { q: string } }>('/search', { schema: { querystring } }, async ({ query: { q } }, reply) => {
  // Nobody waits for the answer of a request that was given up.
  const gone = new AbortController()
  reply.raw.once('close', () => gone.abort())
  const found = (await rankByKeywords(q, passages)).slice(0, 30)
  const { results, report } = await reranker.rerank(q, found, { signal: gone.signal })
  return {
    reranked: report.stages.every(({ outcome }) => outcome === 'ranked'),
    results: results.map(({ score, candidate: { title, text } }) => ({ score, title, text })),
  }
})

app.setErrorHandler((error, _request, reply) => {
  if (!RerankError.is(error)) throw error
  // Its message is for the log: it may quote what a service said.
  app.log.error(error)
  const isBusy = error.code === 'overloaded'
  if (isBusy) reply.header('retry-after', '1')
  return reply.code(isBusy ? 503 : 500).send({ error: isBusy ? 'busy, try again' : 'the search failed' })
})
app.addHook('onClose', () => reranker.close())
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    void app.close() // what is under way is answered
    setTimeout(() => app.server.closeAllConnections(), 5000).unref() // a connection that asks nothing holds nobody up
  })
}

await reranker.warmup() // so that the first question does not wait for the model
console.log(`listening at ${await app.listen({ port: Number(process.env['PORT'] ?? 3000) })}`)
