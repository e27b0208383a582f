// A search endpoint with Hono: GET /search?q=… gives the five passages that answer best. The same app runs wherever Hono
// does and Node.js is: the last lines are for Node.js itself.
//
//   node examples/servers/hono.ts
//   curl 'http://127.0.0.1:3000/search?q=What+happens+if+my+credit+card+expires'
import { once } from 'node:events'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve } from '@hono/node-server'
import { createReranker, crossEncoder, RerankError } from '@secondpass/core'
import { Hono } from 'hono'
import { passages } from '../passages.mjs'
import { rankByKeywords } from '../support/bm25.mjs'

// One for the process, in a thread beside the event loop, so that other requests are answered meanwhile.
const reranker = createReranker({
  scorer: crossEncoder({ workers: 1 }),
  topN: 5,
  deadlineMs: Number(process.env['DEADLINE_MS'] ?? 1000), // when it passes, the order of the search comes back
})

const app = new Hono()

app.get('/search', async (context) => {
  const query = context.req.query('q')?.trim() ?? ''
  if (query === '' || query.length > 1000) return context.json({ error: 'pass q, up to 1,000 characters' }, 400)
  const found = (await rankByKeywords(query, passages)).slice(0, 30)
  // The signal: nobody waits for the answer of a request that was given up.
  const { results, report } = await reranker.rerank(query, found, { signal: context.req.raw.signal })
  return context.json({
    reranked: report.stages.every(({ outcome }) => outcome === 'ranked'),
    results: results.map(({ score, candidate: { title, text } }) => ({ score, title, text })),
  })
})

app.onError((error, context) => {
  // Its message is for the log: it may quote what a service said.
  console.error(error)
  if (!RerankError.is(error) || error.code !== 'overloaded') return context.json({ error: 'the search failed' }, 500)
  context.header('retry-after', '1')
  return context.json({ error: 'busy, try again' }, 503)
})

await reranker.warmup() // so that the first question does not wait for the model
const server = serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env['PORT'] ?? 3000) }) as Server
await once(server, 'listening')
console.log(`listening at http://127.0.0.1:${(server.address() as AddressInfo).port}`)
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.once(signal, () => {
    server.close(() => void reranker.close()) // what is under way is answered
    setTimeout(() => server.closeAllConnections(), 5000).unref() // a connection that asks nothing holds nobody up
  })
}
