import { once } from 'node:events'
import { type Server, createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { cohere } from '../../../../packages/core/src/score/remote/vendors/cohere.ts'
import { defaultFetch, proxyHint, readsProxyItself } from '../../../../packages/core/src/base/proxy.ts'

const names = ['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy', 'NO_PROXY', 'no_proxy', 'NODE_USE_ENV_PROXY']

describe('a proxy that the environment names', () => {
  let kept: Record<string, string | undefined>
  const servers: Server[] = []
  beforeEach(() => {
    kept = Object.fromEntries(names.map((name) => [name, process.env[name]]))
    for (const name of names) delete process.env[name]
  })
  afterEach(async () => {
    for (const [name, value] of Object.entries(kept)) {
      if (value === undefined) delete process.env[name]
      else process.env[name] = value
    }
    for (const server of servers.splice(0)) {
      server.closeAllConnections()
      server.close()
    }
  })

  const listen = async (server: Server): Promise<number> => {
    servers.push(server.listen(0, '127.0.0.1'))
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  it('is used, on a Node.js whose own fetch does not know it', async () => {
    const target = await listen(createServer((_request, response) => void response.end('through')))
    const tunnels: (string | undefined)[] = []
    const proxy = createServer().on('connect', (request, socket) => {
      tunnels.push(request.url)
      const onward = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(onward).pipe(socket)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
    process.env['HTTP_PROXY'] = `http://127.0.0.1:${await listen(proxy)}`
    const fetch = await defaultFetch()
    const response = await fetch(`http://127.0.0.1:${target}/`, {})
    expect(await response.text()).toBe('through')
    expect(tunnels).toEqual([`127.0.0.1:${target}`])
  })

  it('is used by hosted scorers, and named when it is not there', async () => {
    const results = [
      { index: 1, relevance_score: 0.9 },
      { index: 0, relevance_score: 0.1 },
    ]
    const answer = JSON.stringify({ id: 'invented', results })
    const target = await listen(
      createServer((_request, response) => {
        response.setHeader('content-type', 'application/json')
        response.end(answer)
      }),
    )
    let tunnels = 0
    const proxy = createServer().on('connect', (_request, socket) => {
      tunnels += 1
      const onward = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        socket.pipe(onward).pipe(socket)
      })
      onward.on('error', () => socket.destroy())
      socket.on('error', () => onward.destroy())
    })
    process.env['HTTPS_PROXY'] = process.env['HTTP_PROXY'] = `http://127.0.0.1:${await listen(proxy)}`
    // A host that only the proxy finds.
    const scorer = cohere({ apiKey: 'invented', baseUrl: 'http://rerank.invalid', maxRetries: 0 })
    const reranker = createReranker({ scorer, onError: 'throw' })
    const { results: ranked } = await reranker.rerank('q', ['a', 'b'])
    expect(ranked.map(({ index }) => index)).toEqual([1, 0])
    expect(tunnels).toBe(1)
    process.env['HTTPS_PROXY'] = process.env['HTTP_PROXY'] = 'http://127.0.0.1:9'
    await expect(reranker.rerank('q', ['c', 'd'])).rejects.toThrow(/a proxy is named in the environment/)
    process.env['NO_PROXY'] = '127.0.0.1'
    const straight = cohere({ apiKey: 'invented', baseUrl: `http://127.0.0.1:${target}`, maxRetries: 0 })
    await createReranker({ scorer: straight, onError: 'throw' }).rerank('q', ['a', 'b'])
    expect(tunnels).toBe(1)
  })

  it('is left aside for hosts that NO_PROXY names', async () => {
    const target = await listen(createServer((_request, response) => void response.end('straight')))
    process.env['HTTP_PROXY'] = 'http://127.0.0.1:9'
    process.env['NO_PROXY'] = '127.0.0.1'
    const fetch = await defaultFetch()
    expect(await (await fetch(`http://127.0.0.1:${target}/`, {})).text()).toBe('straight')
  })

  it.each([
    ['20.19.0', { NODE_USE_ENV_PROXY: '1' }, false],
    ['22.20.0', { NODE_USE_ENV_PROXY: '1' }, false],
    ['22.21.0', { NODE_USE_ENV_PROXY: '1' }, true],
    ['24.0.0', { NODE_USE_ENV_PROXY: '1' }, true],
    ['24.0.0', {}, false],
    ['24.5.0', { NODE_OPTIONS: '--use-env-proxy' }, true],
  ])('is read by Node.js %s with %j: %s', (version, env, reads) => {
    expect(readsProxyItself(env as Record<string, string>, version)).toBe(reads)
  })

  it('is named in errors of connections, and only then', () => {
    expect(proxyHint()).toBe('')
    process.env['HTTPS_PROXY'] = 'http://proxy.example'
    expect(proxyHint()).toMatch(/npm install undici.*NODE_USE_ENV_PROXY=1/)
  })
})
