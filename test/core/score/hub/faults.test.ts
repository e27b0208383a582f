import { readFileSync, readdirSync, rmSync, writeFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ProviderError } from '../../../../packages/core/src/base/errors.ts'
import { type HubFile, openHub } from '../../../../packages/core/src/score/hub/client.ts'
import { downloadBlob } from '../../../../packages/core/src/score/hub/download.ts'
import { hubFetch } from '../../../../packages/core/src/score/hub/http.ts'
import { hubSettings } from '../../../../packages/core/src/score/hub/connection.ts'
import {
  type FetchModelOptions,
  type FetchedModel,
  fetchModel,
} from '../../../../packages/core/src/score/cross-encoder/model-source.ts'
import type { DownloadProgress } from '../../../../packages/core/src/score/hub/fetch-model.ts'
import { LoopbackHub } from '../../../fixtures/hub/loopback-hub.ts'
import { modelFiles } from '../../../fixtures/hub/model-files.ts'
import { scratchFolder } from '../../../fixtures/hub/scratch.ts'

const repo = 'invented/tiny'
const blobFolder = 'models--invented--tiny/blobs'
const graph = Buffer.alloc(500_000, 'graph')

let hub: LoopbackHub
let cacheFolder: string
beforeEach(async () => {
  hub = await LoopbackHub.start()
  hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [graph, 'lfs'] })
  cacheFolder = scratchFolder()
})
afterEach(async () => {
  await hub.close()
  rmSync(cacheFolder, { recursive: true })
})

const fetched = (options: FetchModelOptions = {}, name: string = repo): Promise<FetchedModel> =>
  fetchModel(name, { ...options, hub: { endpoint: hub.endpoint, cacheFolder, ...options.hub } })
const fails = async (options?: FetchModelOptions, name?: string): Promise<Error> =>
  fetched(options, name).then(
    () => expect.unreachable('the download succeeded'),
    (error: Error) => error,
  )
const onStore = (): (string | undefined)[] => hub.seen.filter(({ host }) => host === 'store').map(({ range }) => range)

/** Lets the connection break once so many bytes have arrived. */
const breakAt =
  (...bytes: readonly number[]) =>
  ({ file, fileBytes }: DownloadProgress): void =>
    void (file.endsWith('.onnx') && bytes.includes(fileBytes) && hub.goOn())

describe('a download that is disturbed', () => {
  it('goes on at the byte where the connection broke', async () => {
    const cuts = [200_000, 100_000]
    hub.fault = ({ host }) => {
      const cut = host === 'store' ? cuts.shift() : undefined
      return cut === undefined ? undefined : { cutAfter: cut }
    }
    const { graphPath } = await fetched({ onProgress: breakAt(200_000, 300_000) })
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
    expect(onStore()).toEqual([undefined, 'bytes=200000-499999', 'bytes=300000-499999'])
  })

  it('comes whole from a slow server, piece by piece, and tells so', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { drip: 5000 } : undefined)
    const told: number[] = []
    const { graphPath } = await fetched({
      onProgress: ({ file, fileBytes }) => void (file.endsWith('.onnx') && told.push(fileBytes)),
    })
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
    expect(told.length).toBeGreaterThan(3)
    expect(onStore()).toEqual([undefined])
  })

  it('comes whole from a server that takes no notice of ranges', async () => {
    let requests = 0
    hub.fault = ({ host }) => {
      if (host !== 'store') return undefined
      return requests++ === 0 ? { cutAfter: 200_000 } : { ignoresRange: true }
    }
    const { graphPath } = await fetched({ onProgress: breakAt(200_000) })
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
  })

  it('is refused when its bytes have another sum, and nothing of it stays', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { isDamaged: true } : undefined)
    const error = await fails()
    expect(error).toMatchObject({ code: 'model-files', message: expect.stringContaining('does not have the sum') })
    expect(error.message).toContain('onnx/model.onnx')
    expect(readdirSync(join(cacheFolder, blobFolder)).filter((name) => name.length !== 40)).toEqual([])
  })

  it('begins anew when what an earlier process left behind is damaged', async () => {
    const name = (await fetched()).graphPath
    const blob = join(
      cacheFolder,
      blobFolder,
      readdirSync(join(cacheFolder, blobFolder)).find((file) => file.length === 64) ?? '',
    )
    rmSync(name)
    rmSync(blob)
    writeFileSync(`${blob}.secondpass-00000000.incomplete`, Buffer.alloc(1000, 'wrong'))
    expect(readFileSync((await fetched()).graphPath).equals(graph)).toBe(true)
    expect(onStore()).toEqual([undefined, 'bytes=1000-499999', undefined])
  })

  it('leaves the unfinished file of Python alone, whose process may live', async () => {
    const python = join(cacheFolder, blobFolder, `${'0'.repeat(64)}.1a2b3c4d.incomplete`)
    mkdirSync(join(cacheFolder, blobFolder), { recursive: true })
    writeFileSync(python, 'python')
    await fetched()
    expect(readFileSync(python, 'utf8')).toBe('python')
  })

  it('waits as long as a server with too much to do asks for, and goes on', async () => {
    let refusals = 2
    hub.fault = ({ path }) =>
      path.includes('/resolve/') && refusals-- > 0 ? { status: 429, headers: { 'retry-after': '0' } } : undefined
    await expect(fetched()).resolves.toBeDefined()
  })

  it('does not stand still when the wait asked for is long, but says how long it is', async () => {
    hub.fault = () => ({ status: 429, headers: { 'retry-after': '3600' } })
    const error = await fails()
    expect(error).toMatchObject({ code: 'scorer', retryable: true, status: 429, retryAfterMs: 3_600_000 })
    expect(error.message).toMatch(/in 3600 seconds, or set HF_TOKEN/)
  })

  it('waits twice as long after each failure, five tries in all', async () => {
    const waits: number[] = []
    const wait = async (delayMs: number): Promise<void> => void waits.push(delayMs)
    const settings = { ...(await hubSettings({ endpoint: hub.endpoint, cacheFolder })), wait }
    const request = { repo, revision: 'main', endpoint: hub.endpoint, hasToken: false }
    hub.fault = () => ({ status: 503 })
    const ask = hubFetch({ settings, request, signal: new AbortController().signal })
    await expect(ask(`${hub.endpoint}/api/models/${repo}`)).rejects.toThrow('status 503')
    expect(waits).toEqual([500, 1000, 2000, 4000])
    expect(hub.seen).toHaveLength(5)
  })

  it('gives up on a server that falls silent', async () => {
    const wait = async (): Promise<void> => {}
    const settings = { ...(await hubSettings({ endpoint: hub.endpoint, cacheFolder })), wait, silenceMs: 20 }
    const request = { repo, revision: 'main', endpoint: hub.endpoint, hasToken: false }
    hub.fault = () => ({ holdAfter: 5 })
    const ask = hubFetch({ settings, request, signal: new AbortController().signal })
    const response = await ask(`${hub.endpoint}/api/models/${repo}/revision/main`)
    await expect(response.text()).rejects.toThrow('nothing was heard for 0.02 seconds')
  })

  it('gives up on silence although a fetch of the caller does not', async () => {
    const fetch = (): Promise<Response> => new Promise(() => {})
    const settings = { ...(await hubSettings({ endpoint: hub.endpoint, cacheFolder, fetch })), silenceMs: 5 }
    const request = { repo, revision: 'main', endpoint: hub.endpoint, hasToken: false }
    const ask = hubFetch({
      settings: { ...settings, wait: async () => {} },
      request,
      signal: new AbortController().signal,
    })
    await expect(ask(hub.endpoint)).rejects.toThrow('nothing was heard')
  })

  it('names the host when there is no connection, and can be tried again', async () => {
    const { endpoint } = hub
    await hub.close()
    const wait = async (): Promise<void> => {}
    const settings = { ...(await hubSettings({ endpoint, cacheFolder })), wait }
    const request = { repo, revision: 'main', endpoint, hasToken: false }
    const error = await hubFetch({ settings, request, signal: new AbortController().signal })(endpoint).catch(
      (caught) => caught,
    )
    expect(ProviderError.is(error) && error.retryable).toBe(true)
    expect(error.message).toMatch(/127\.0\.0\.1:\d+ failed \(ECONNREFUSED\).*HF_ENDPOINT.*HF_HUB_OFFLINE=1/s)
    hub = await LoopbackHub.start()
  })
})

describe('a model that has moved', () => {
  it('is followed to its new name, as the hub says where that is', async () => {
    hub.fault = ({ path }) => {
      const isOld = path.includes('/invented/old/')
      return isOld ? { status: 307, headers: { location: path.replace('/old/', '/tiny/') } } : undefined
    }
    const { graphPath } = await fetched({}, 'invented/old')
    expect(readFileSync(graphPath).equals(graph)).toBe(true)
  })

  it('in a circle, or to where nothing can be read, is an error', async () => {
    hub.fault = ({ path }) => ({ status: 302, headers: { location: path } })
    expect((await fails()).message).toContain('redirects again and again')
    hub.fault = () => ({ status: 302, headers: { location: 'file:///etc/hosts' } })
    expect((await fails()).message).toMatch(/redirects to file:.*not followed/)
  })
})

describe('a cache folder that cannot be', () => {
  it('is named, with the way out', async () => {
    const error = await fails({ hub: { cacheFolder: '/dev/null/cache' } })
    expect(error).toMatchObject({ code: 'model-files' })
    expect(error.message).toMatch(/invented\/tiny cannot be put into \/dev\/null\/cache.*ENOTDIR.*set HF_HOME/)
  })
})

describe('a model that may not be read', () => {
  const gated = 'invented/gated'
  beforeEach(() => {
    hub.commit(gated, modelFiles(), { gated: true })
    hub.tokens.set('hf_stranger', new Set())
    hub.tokens.set('hf_friend', new Set([gated]))
  })

  it('is gated: without a token, with one whose owner did not accept, and with the right one', async () => {
    const without = await fails({}, gated)
    expect(without).toMatchObject({ code: 'model-files' })
    expect(without.message).toMatch(new RegExp(`gated.*${hub.endpoint}/${gated}.*set HF_TOKEN`))
    const stranger = await fails({ hub: { token: 'hf_stranger' } }, gated)
    expect(stranger.message).toContain('the token that was sent may not read it')
    await expect(fetched({ hub: { token: 'hf_friend' } }, gated)).resolves.toBeDefined()
  })

  it('keeps the token from the host that large files are redirected to, and out of errors', async () => {
    await fetched({ hub: { token: 'hf_friend' } }, gated)
    const sent = (host: string): unknown[] => [
      ...new Set(hub.seen.filter((seen) => seen.host === host).map((seen) => seen.authorization)),
    ]
    expect(sent('hub')).toEqual(['Bearer hf_friend'])
    expect(sent('store')).toEqual([undefined])
    const error = await fails({ hub: { token: 'hf_stranger' } }, 'invented/missing')
    expect(JSON.stringify([error.message, error.cause ?? ''])).not.toContain('hf_stranger')
  })

  it('is not there, or has no such revision', async () => {
    expect((await fails({}, 'invented/missing')).message).toMatch(/no model invented\/missing.*'\.\/invented\/missing'/)
    const revision = await fails({ revision: 'v9' })
    expect(revision.message).toContain(`no revision "v9": ${hub.endpoint}/${repo}/commits`)
    expect((await fails({ revision: '0'.repeat(40) })).message).toContain('no revision "0000')
  })
})

describe('a repository that cannot be used', () => {
  it('without a graph is refused with the command that makes one', async () => {
    const { 'onnx/model.onnx': _graph, ...rest } = modelFiles()
    const config = JSON.stringify({ model_type: 'mpnet', architectures: ['MPNetForSequenceClassification'] })
    hub.commit(repo, { ...rest, 'config.json': config, 'model.safetensors': 'invented' })
    expect((await fails()).message).toMatch(/no ONNX file.*python -m export MODEL_DIR OUT_DIR.*training\//)
  })

  it('without a graph of the format asked for is refused with what it has', async () => {
    expect((await fails({ dtype: 'q4' })).message).toMatch(/no graph for dtype 'q4', only onnx\/model\.onnx/)
  })

  it('with float16 alone is refused on a processor, with the reason', async () => {
    const { 'onnx/model.onnx': _graph, ...rest } = modelFiles()
    hub.commit(repo, { ...rest, 'onnx/model_fp16.onnx': 'invented' })
    expect((await fails()).message).toMatch(/only onnx\/model_fp16\.onnx.*computes float16 as float32/)
    await expect(fetched({ providers: ['cuda'] })).resolves.toMatchObject({ id: expect.stringContaining('fp16') })
  })

  it('without a tokenizer is refused', async () => {
    const { 'tokenizer.json': _tokenizer, ...rest } = modelFiles()
    hub.commit(repo, rest)
    expect((await fails()).message).toMatch(/no tokenizer\.json.*save_pretrained/)
  })

  it.each(['../../../outside', '/etc/outside', 'C:\\outside', 'onnx/../../outside', 'a\\..\\outside'])(
    'that names the weights %s is refused, and nothing is written',
    async (name) => {
      const location = Buffer.concat([
        Buffer.from('\x0a\x08location\x12', 'latin1'),
        Buffer.from([name.length]),
        Buffer.from(name),
      ])
      hub.commit(repo, { ...modelFiles(), 'onnx/model.onnx': [location, 'lfs'], [name]: 'x', [`onnx/${name}`]: 'x' })
      expect(await fails()).toMatchObject({
        code: 'model-files',
        message: expect.stringContaining('outside its folder'),
      })
      expect(readdirSync(join(cacheFolder, 'models--invented--tiny')).toSorted()).toEqual(['blobs', 'snapshots'])
    },
  )

  it('on what is no hub, the page of a proxy say, is an error that says so', async () => {
    hub.fault = () => ({ status: 200, headers: { 'content-type': 'text/html' } })
    expect((await fails()).message).toMatch(
      /gave an answer that cannot be read .* of invented\/tiny: check HF_ENDPOINT/,
    )
  })

  it('of a server whose sums are none is refused', async () => {
    const model = hub.models.get(repo)
    for (const files of model?.commits.values() ?? [])
      files.set('config.json', { ...files.get('config.json')!, oid: '../../../x' })
    expect((await fails()).message).toContain('a sum that is none for config.json')
  })
})

/** Settings with bounds that a test can reach. */
const bounded = async (more: object = {}, token = 'hf_secret_of_a_user') => ({
  ...(await hubSettings({ endpoint: hub.endpoint, cacheFolder, token })),
  wait: async (): Promise<void> => {},
  ...more,
})
const request = () => ({ repo, revision: 'main', endpoint: hub.endpoint, hasToken: true })
const client = async (more: object = {}, signal: AbortSignal = new AbortController().signal) =>
  openHub({ settings: await bounded(more), request: request(), signal })
const json = (body: unknown, headers: Record<string, string> = {}): Response =>
  new Response(JSON.stringify(body), { headers: { 'content-type': 'application/json', ...headers } })
const entry = (path: string): object => ({ type: 'file', path, size: 1, oid: '0'.repeat(40) })

describe('a hub that is not to be trusted', () => {
  it('may not list for ever: pages that lead on and on end', async () => {
    let pages = 0
    const fetch = async (): Promise<Response> =>
      json([], { link: `<${hub.endpoint}/api/models/${repo}/tree/x?cursor=${pages++}>; rel="next"` })
    await expect((await client({ fetch })).files('0'.repeat(40))).rejects.toThrow('a list in more than 1000 parts')
    expect(pages).toBe(1000)
  })

  it('may not list more files than any model has', async () => {
    let pages = 0
    const page = Array.from({ length: 10_000 }, (_, at) => entry(`f${at}`))
    const fetch = async (): Promise<Response> =>
      json(page, { link: `<${hub.endpoint}/api/models/${repo}/tree/x?cursor=${pages++}>; rel="next"` })
    await expect((await client({ fetch })).files('0'.repeat(40))).rejects.toThrow('a list of more than 100000 files')
    expect(pages).toBe(11)
  })

  it('may not send an endless answer, packed or not', async () => {
    let sent = 0
    const zeros = new Uint8Array(1 << 20)
    const endless = (): ReadableStream<Uint8Array> =>
      new ReadableStream({ pull: (controller) => ((sent += zeros.length), controller.enqueue(zeros)) })
    const plain = async (): Promise<Response> => new Response(endless())
    await expect((await client({ fetch: plain })).commit()).rejects.toThrow('a list that is too long')
    expect(sent).toBeLessThan(40 << 20)
    // What is a few kilobytes on the wire, and unpacked more than any list.
    const bomb = gzipSync(Buffer.alloc(40 << 20, ' '))
    expect(bomb.length).toBeLessThan(1 << 16)
    const server = createServer((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'gzip' })
      response.end(bomb)
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const packed = (_url: string, init: RequestInit): Promise<Response> =>
      globalThis.fetch(`http://127.0.0.1:${port}`, init)
    await expect((await client({ fetch: packed })).commit()).rejects.toThrow('a list that is too long')
    server.closeAllConnections()
    server.close()
  })

  it('may not take for ever with an answer that drips, and a complete model in the cache is used then', async () => {
    const fetch = async (): Promise<Response> => {
      const drop = new TextEncoder().encode(' ')
      const dripping = new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, 1))
          controller.enqueue(drop)
        },
      })
      return new Response(dripping)
    }
    const error = await (await client({ fetch, listingMs: 30 })).commit().catch((caught: unknown) => caught)
    expect(error).toMatchObject({ code: 'scorer', retryable: true })
    expect((error as Error).message).toContain('no whole answer within 0.03 seconds')
  })

  it('may not keep a download alive with a few bytes now and then', async () => {
    hub.fault = ({ host }) => (host === 'store' ? { drip: 10 } : undefined)
    const settings = await bounded({ slowest: { bytes: 1 << 20, everyMs: 1 } })
    const signal = new AbortController().signal
    const context = { settings, request: request(), signal }
    const hubClient = await openHub(context)
    const commit = await hubClient.commit()
    const file = (await hubClient.files(commit)).find(({ path }) => path.endsWith('.onnx')) as HubFile
    const blob = join(cacheFolder, blobFolder, file.etag)
    const spec = { client: hubClient, context, commit, file, blob, lock: join(cacheFolder, 'lock'), verify: false }
    await expect(downloadBlob({ ...spec, onBytes: () => {} })).rejects.toThrow(/came too slowly \(\d+ bytes in/)
  })

  it.each([
    ['no size', { type: 'file', path: 'a', oid: '0'.repeat(40) }, 'a size that is none for a'],
    ['a negative size', { type: 'file', path: 'a', size: -1, oid: '0'.repeat(40) }, 'a size that is none for a'],
    ['a size in words', { type: 'file', path: 'a', size: '1', oid: '0'.repeat(40) }, 'a size that is none for a'],
    ['no name', { type: 'file', size: 1, oid: '0'.repeat(40) }, 'a file without a name'],
  ])('may not list a file with %s', async (_name, listed, message) => {
    const fetch = async (): Promise<Response> => json([listed])
    await expect((await client({ fetch })).files('0'.repeat(40))).rejects.toThrow(message)
  })
})

describe('an abort', () => {
  const reason = new Error('the user left')

  it('rejects with its own reason, wherever the hub is just then', async () => {
    for (const wanted of ['/revision/', '/tree/', '/resolve/', 'store']) {
      const stop = new AbortController()
      hub.fault = ({ path, host }) => (path.includes(wanted) || host === wanted ? { holdAfter: 3 } : undefined)
      const failing = fetched({ signal: stop.signal }).catch((error: unknown) => error)
      await hub.held()
      stop.abort(reason)
      expect(await failing, wanted).toBe(reason)
      hub.goOn()
    }
  })

  it('does so although a fetch of the caller takes no notice', async () => {
    const stop = new AbortController()
    const fetch = (): Promise<Response> => new Promise(() => setImmediate(() => stop.abort(reason)))
    await expect(fetched({ signal: stop.signal, hub: { fetch } })).rejects.toBe(reason)
    await expect(fetched({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
  })

  it('does so although a complete model is in the cache', async () => {
    await fetched()
    const stop = new AbortController()
    const fetch = (): Promise<Response> => {
      stop.abort(reason)
      return Promise.reject(new TypeError('fetch failed'))
    }
    await expect(fetched({ signal: stop.signal, hub: { fetch } })).rejects.toBe(reason)
  })
})

describe('a secret', () => {
  const token = 'hf_secret_of_a_user'
  const logged = (error: unknown): string => inspect(error, { depth: 20, showHidden: true })

  it.each([
    ['in its message', (sent: string) => new TypeError(`bad header "${sent}"`)],
    ['in its cause', (sent: string) => new TypeError('fetch failed', { cause: new Error(`sent ${sent}`) })],
    ['in what it carries', (sent: string) => Object.assign(new TypeError('fetch failed'), { request: { sent } })],
    ['encoded', (sent: string) => new TypeError(`sent ${Buffer.from(sent).toString('base64')}`)],
  ])('is in no error of a fetch that shows it %s', async (_name, failure) => {
    const fetch = (_url: string, { headers }: RequestInit): Promise<Response> =>
      Promise.reject(failure(new Headers(headers).get('authorization') ?? ''))
    const error = await (await client({ fetch })).commit().catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(ProviderError)
    expect(logged(error)).not.toContain(token)
    expect(logged(error)).not.toContain(Buffer.from(token).toString('base64').slice(4, 20))
  })

  it('is in no error about an answer that repeats it', async () => {
    const fetch = async (): Promise<Response> => new Response(`{"${token}`)
    const error = await (await client({ fetch })).commit().catch((caught: unknown) => caught)
    expect(logged(error)).not.toContain(token)
  })

  it.each([
    'https://user:hf_secret_of_a_user@hub.example',
    'https://hub.example/?key=hf_secret_of_a_user',
    'hf_secret_of_a_user',
  ])('is refused in an endpoint, and not shown: %s', async (endpoint) => {
    const direct = await fetched({ hub: { endpoint } }).catch((caught: unknown) => caught)
    expect(direct).toMatchObject({ code: 'invalid-argument' })
    expect(logged(direct)).not.toContain(token)
    vi.stubEnv('HF_ENDPOINT', endpoint)
    const fromEnvironment = await hubSettings({}).catch((caught: unknown) => caught)
    vi.unstubAllEnvs()
    expect((fromEnvironment as Error).message).toMatch(/^HF_ENDPOINT is not shown/)
    expect(logged(fromEnvironment)).not.toContain(token)
  })

  it('in the path of a mirror is in no error', async () => {
    const endpoint = `${hub.endpoint}/mirror-token-1234567`
    for (const status of [401, 404, 429, 500]) {
      hub.fault = () => ({ status, headers: { 'retry-after': '3600' } })
      const error = await fetched({ hub: { endpoint } }).catch((caught: unknown) => caught)
      expect(logged(error)).not.toContain('mirror-token-1234567')
    }
    hub.fault = () => ({ status: 302, headers: { location: 'ftp://elsewhere' } })
    expect(logged(await fetched({ hub: { endpoint } }).catch((caught: unknown) => caught))).not.toContain(
      'mirror-token',
    )
  })
})
