import { Document } from '@langchain/core/documents'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, it, onTestFinished } from 'vitest'
// The file that n8n loads: CommonJS, which the sources are only once they are built.
import { RerankerSecondpass } from '../../packages/n8n-nodes-secondpass/dist/RerankerSecondpass.node.js'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { query, texts } from '../fixtures/key-passages.ts'

type Supply = ThisParameterType<RerankerSecondpass['supplyData']>

/** What n8n hands over: the parameters as a person set them, and the log of the run. */
function workflow(parameters: Record<string, unknown>) {
  const log: { kind: string; type: string; place?: number; json: unknown }[] = []
  const supply: Supply = {
    getNodeParameter: (name, _itemIndex, fallback) => parameters[name] ?? fallback,
    addInputData(type, data) {
      log.push({ kind: 'input', type, json: data[0]?.[0]?.json })
      return { index: log.length }
    },
    addOutputData(type, place, data) {
      log.push({ kind: 'output', type, place, json: data[0]?.[0]?.json })
    },
  }
  return { log, supply }
}

const documents = () =>
  texts.map((pageContent, at) =>
    deepFreeze(new Document({ pageContent, id: `d${at}`, metadata: { at, relevanceScore: 7 } })),
  )

describe('the node', () => {
  it('gives a vector store a compressor with the bundled model, which n8n reads as it does its own', async () => {
    const { log, supply } = workflow({ topN: 2 })
    const { response } = await new RerankerSecondpass().supplyData.call(supply, 0)
    const found = await response.compressDocuments(documents(), query)
    expect(found).toHaveLength(2)
    expect(found[0]).toBeInstanceOf(Document)
    expect(found[0]).toMatchObject({ pageContent: texts[3], id: 'd3', metadata: { at: 3 } })
    const scores = found.map(({ metadata }) => metadata['relevanceScore'] as number)
    expect(scores[0]).toBeGreaterThan(scores[1] as number)
    for (const score of scores) expect(score >= 0 && score <= 1).toBe(true)
    expect(log).toMatchObject([
      { kind: 'input', type: 'ai_reranker', json: { query, documents: documents() } },
      { kind: 'output', type: 'ai_reranker', place: 1, json: { response: found } },
    ])
  })

  it('asks a server, and refuses an address that is none', async () => {
    const server = createServer((request, response) => {
      void request.resume().on('end', () => {
        response.setHeader('content-type', 'application/json')
        const rows = texts.map((_, index) => ({ index, score: index / 10 }))
        response.end(JSON.stringify(request.url === '/info' ? { max_client_batch_size: 32 } : rows))
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => void server.close())
    const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { supply } = workflow({ model: 'server', serverUrl })
    const { response } = await new RerankerSecondpass().supplyData.call(supply, 0)
    const found = await response.compressDocuments(documents(), query)
    expect(found.map(({ metadata }) => metadata['relevanceScore'])).toEqual([0.4, 0.3, 0.2])

    const wrong = workflow({ model: 'server', serverUrl: 'no address' })
    await expect(new RerankerSecondpass().supplyData.call(wrong.supply, 0)).rejects.toThrow(
      'url is no http or https URL',
    )
  })

  it('keeps the order without a score when the time is up, and takes a store that found nothing', async () => {
    const server = createServer(() => {})
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const serverUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const { supply } = workflow({ model: 'server', serverUrl, deadlineMs: 5, topN: 5 })
    const { response } = await new RerankerSecondpass().supplyData.call(supply, 0)
    const found = await response.compressDocuments(documents(), query)
    expect(found.map(({ pageContent }) => pageContent)).toEqual(texts)
    expect(found.filter(({ metadata }) => 'relevanceScore' in metadata)).toEqual([])
    expect(await response.compressDocuments([], query)).toEqual([])
  })
})
