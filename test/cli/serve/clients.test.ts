import { describe, expect, it } from 'vitest'
import { clients, query, texts } from './clients.ts'
import { parsed, raw, sharedServe, startServe } from './support.ts'

const scores = texts.map((text) => text.length / 100)
const logit = (score: number): number => Math.log(score / (1 - score))
const best = [1, 2, 0]

function asBytes({ path, headers, body }: (typeof clients)[number], port: number): Buffer {
  const bytes = Buffer.from(body)
  const head = [`POST ${path} HTTP/1.1`, `Host: 127.0.0.1:${port}`, ...headers, `Content-Length: ${bytes.length}`]
  return Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), bytes])
}

describe('the requests of existing clients, byte for byte', () => {
  const served = sharedServe()

  it.each(clients.map((one) => [one.client, one] as const))('%s', async (_, one) => {
    const { port } = served()
    const { status, body } = parsed(await raw(port, asBytes(one, port)))
    expect({ status, body: status === 200 ? undefined : body }).toEqual({ status: 200, body: undefined })
    const read = one.read(body)
    const wanted = best.slice(0, one.topN ?? texts.length)
    expect(read.map(({ index }) => index)).toEqual(wanted)
    const valueOf = (index: number): number => (one.readsLogits ? logit(scores[index] ?? 0) : (scores[index] ?? 0))
    for (const row of read) expect(row.score).toBeCloseTo(valueOf(row.index), 12)
    if (one.needsTexts) expect(read.map(({ text }) => text)).toEqual(wanted.map((index) => texts[index]))
  })

  it('hold what the list of clients is for: JSON with the query and every text', () => {
    for (const { body } of clients) {
      const flat = JSON.stringify(JSON.parse(body))
      for (const text of [query, ...texts]) expect(flat).toContain(JSON.stringify(text))
    }
  })
})

describe('what clients ask before they send a text', () => {
  it('Dify takes the kind of a model, and two numbers, from /info', async () => {
    const { url } = await startServe()
    const info = (await (await fetch(`${url}/info`)).json()) as Record<string, object>
    expect(Object.keys(info['model_type'] ?? {})[0]).toBe('reranker')
    expect([typeof info['max_input_length'], typeof info['max_client_batch_size']]).toEqual(['number', 'number'])
  })

  it('Continue takes the name and the length of the first model', async () => {
    const { url } = await startServe(['--served-model-name', 'ours'])
    const answer = (await (await fetch(`${url}/v1/models`)).json()) as { data: Record<string, unknown>[] }
    expect(answer.data[0]).toMatchObject({ id: 'ours', max_model_len: 512 })
  })

  it('Dify checks its credentials with three sentences and a threshold, and takes an empty list of survivors', async () => {
    const { port } = await startServe()
    const documents = ['Carson City is a town.', 'Saipan is an island.', 'Washington is a capital.']
    const body = JSON.stringify({ model: 'm', query: 'Which town is it?', documents, top_n: 3, score_threshold: 0.8 })
    const request = { ...(clients[1] as (typeof clients)[number]), body }
    const { status, body: answer } = parsed(await raw(port, asBytes(request, port)))
    expect(status).toBe(200)
    expect(clients[1]?.read(answer)).toHaveLength(3)
  })
})
