// @ts-check
import { createServer } from 'node:http'
import { crossEncoder } from '@secondpass/core'

/**
 * A stand-in for a rerank service, on the loopback interface: it speaks as Cohere does (`/v2/rerank`) and as Text
 * Embeddings Inference does (`/rerank`, `/info`), and scores with the bundled model.
 *
 * @returns {Promise<{ url: string, stop(): Promise<void> }>}
 */
export async function startRerankService() {
  const scorer = crossEncoder()
  const call = () => ({ signal: new AbortController().signal, deadline: Infinity, now: () => 0, stats: {}, note() {} })
  /** @type {(request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse) => Promise<void>} */
  const answer = async (request, response) => {
    let body = ''
    for await (const chunk of request) body += chunk
    response.setHeader('content-type', 'application/json')
    if (request.url === '/info') return void response.end('{"max_client_batch_size": 8}')
    const { query, documents, texts = documents } = JSON.parse(body)
    const logits = await scorer.score(query, texts, call())
    const rows = Array.from(logits, (logit, index) => ({ index, score: 1 / (1 + Math.exp(-logit)) }))
    const results = rows.map(({ index, score }) => ({ index, relevance_score: score }))
    const cohere = { results, meta: { billed_units: { search_units: 1 } } }
    response.end(JSON.stringify(request.url === '/rerank' ? rows : cohere))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)))
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  const stop = async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await scorer.close()
  }
  return { url: `http://127.0.0.1:${port}`, stop }
}
