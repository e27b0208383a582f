import { connect } from 'node:net'
import { once } from 'node:events'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sized } from '../../fixtures/size.ts'
import { control, parsed, post, raw, sharedServe, startServe, until } from './support.ts'

const head = (length: number, more: readonly string[] = []): string =>
  [
    'POST /v1/rerank HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${length}`,
    ...more,
    '',
    '',
  ].join('\r\n')
const good = JSON.stringify({ query: 'q', documents: ['one', 'three'] })

/** What must hold after anything: the server answers the next request. */
async function stillServes(url: string): Promise<void> {
  expect((await post(`${url}/v1/rerank`, good)).status).toBe(200)
}

describe('a body of the wrong kind is refused, with the field and the fix', () => {
  const served = sharedServe()

  it.each([
    ['', 'The body is empty'],
    ['{', 'no JSON'],
    ['null', 'The body is null'],
    ['[]', 'query is missing'],
    ['"text"', 'The body is "text"'],
    ['{"documents":["a"]}', 'query is missing: send a string'],
    ['{"query":7,"documents":["a"]}', 'query is 7: send a string'],
    ['{"query":{"text":"q"},"documents":["a"]}', 'query is an object'],
    ['{"query":" ","documents":["a"]}', 'query is blank'],
    ['{"query":"q"}', 'documents is missing: send an array of texts'],
    ['{"query":"q","documents":"a"}', 'documents is "a"'],
    ['{"query":"q","documents":{"0":"a"}}', 'documents is an object'],
    ['{"query":"q","documents":["a",null]}', 'documents[1] is null'],
    ['{"query":"q","documents":["a",["b"]]}', 'documents[1] is an array'],
    ['{"query":"q","documents":[3]}', 'documents[0] is 3'],
    ['{"query":"q","texts":[true]}', 'texts[0] is true'],
    ['{"query":"q","documents":["a",{"image":"data:image/png;base64,AAAA"}]}', 'documents[1] is an image'],
    ['{"query":"q","documents":[{"image_url":{"url":"https://example.com/a.png"}}]}', 'documents[0] is an image'],
    ['{"query":{"text":1},"passages":[{"text":"a"}]}', 'query is 1'],
    ['{"input":{"query":"q","documents":7}}', 'input.documents is 7'],
    ['{"query":"q","documents":["a"],"top_n":0}', 'top_n is 0: send a whole number from 1'],
    ['{"query":"q","documents":["a"],"top_n":1.5}', 'top_n is 1.5'],
    ['{"query":"q","documents":["a"],"top_k":"many"}', 'top_k is "many"'],
    ['{"query":"q","documents":["a"],"top_n":-1}', 'top_n is -1'],
    ['{"query":"q","documents":["a"],"top_n":1e999}', 'top_n is'],
    ['{"query":"q","documents":["a"],"top_n":[1]}', 'top_n is an array'],
  ])('%s', async (body, message) => {
    const { url } = served()
    const answer = await post(`${url}/v1/rerank`, body)
    expect(answer.status).toBe(400)
    const { message: said, error } = answer.body as { message?: string; error?: unknown }
    expect(said ?? error).toContain(message)
    await stillServes(url)
  })

  it('by path and method', async () => {
    const { url } = served()
    for (const path of ['/health', '/ready', '/metrics', '/info', '/v1/models']) {
      const posted = await fetch(url + path, { method: 'POST', body: '{}' })
      expect([path, posted.status, posted.headers.get('allow')]).toEqual([path, 405, 'GET, HEAD'])
      // As of a client whose base URL has more before it, or ends in a slash.
      for (const asked of [`${path}/`, `/behind/a/proxy${path}`]) {
        expect([asked, (await fetch(url + asked)).status]).toEqual([asked, 200])
      }
    }
    expect((await fetch(`${url}/v1/embeddings`, { method: 'POST', body: '{}' })).status).toBe(404)
    const wrong = await fetch(`${url}/v1/rerank`)
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'POST'])
    const packed = { headers: { 'content-encoding': 'gzip' } }
    expect((await post(`${url}/v1/rerank`, good, packed)).status).toBe(415)
    // What a page of another site may send without asking first.
    expect((await post(`${url}/v1/rerank`, good, { headers: { 'content-type': 'text/plain' } })).status).toBe(415)
    const untyped = { method: 'POST', body: new Blob([good]) }
    expect((await fetch(`${url}/v1/rerank`, { ...untyped, headers: { origin: 'http://elsewhere' } })).status).toBe(415)
    expect((await fetch(`${url}/v1/rerank`, untyped)).status).toBe(200)
  })

  it.each([
    ['/v1/rerank', ['id', 'message', 'detail', 'error']],
    ['/v2/rerank', ['id', 'message', 'detail', 'error']],
    // Cohere's place and that of TEI, since the body would tell which of them it is.
    ['/rerank', ['id', 'message', 'detail', 'error', 'error_type']],
    ['/behind/a/proxy/rerank', ['id', 'message', 'detail', 'error', 'error_type']],
    ['/api/rerank', ['error']],
    ['/v1/ranking', ['error']],
    ['/api/v1/services/rerank/text-rerank/text-rerank', ['code', 'message', 'request_id']],
  ])('in the form that %s is for, where the body was not read', async (path, members) => {
    const { url } = served()
    const { status, body } = await post(url + path, good, { headers: { 'content-type': 'text/plain' } })
    expect([status, Object.keys(body as object)]).toEqual([415, members])
    if (members.includes('error_type')) {
      expect(body).toMatchObject({ error: (body as { message: string }).message, error_type: 'Validation' })
    }
    const broken = await post(url + path, '{')
    expect([broken.status, Object.keys(broken.body as object)]).toEqual([400, members])
  })
})

describe('characters', () => {
  const served = sharedServe()
  const documents = ['é', '密码 and more']
  const sent = (charset: string, bytes: Buffer): Promise<Response> =>
    fetch(`${served().url}/v1/rerank`, {
      method: 'POST',
      headers: { 'content-type': `application/json${charset}` },
      body: new Uint8Array(bytes),
    })
  const echoed = JSON.stringify({ query: 'q', documents, return_documents: true })
  const text = '{"query":"q","documents":["é"],"return_documents":true}'

  it.each([
    ['with a byte order mark', '', Buffer.from(`\ufeff${echoed}`), documents],
    ['UTF-16, when it is said', '; charset=UTF-16LE', Buffer.from(echoed, 'utf16le'), documents],
    ['Latin-1, when it is said', '; charset="ISO-8859-1"', Buffer.from(text, 'latin1'), ['é']],
    [
      'GBK, when it is said',
      ';charset=gbk',
      Buffer.from([
        ...Buffer.from('{"query":"q","documents":["'),
        0xc3,
        0xdc,
        ...Buffer.from('"],"return_documents":true}'),
      ]),
      ['密'],
    ],
  ])('%s, are read as they are', async (_, charset, bytes, right) => {
    const answer = await sent(charset, bytes)
    expect(answer.status).toBe(200)
    const { results } = (await answer.json()) as { results: { index: number; document: { text: string } }[] }
    const inOrder = results.toSorted((a, b) => a.index - b.index)
    expect(inOrder.map(({ document }) => document.text)).toEqual(right)
  })

  it.each([
    ['bytes that are no UTF-8', '', Buffer.from(text, 'latin1'), 400, 'no UTF-8'],
    ['half a character at the end', '', Buffer.from(text).subarray(0, text.indexOf('é') + 1), 400, 'no UTF-8'],
    ['UTF-16 that nobody announced', '', Buffer.from(`\ufeff${text}`, 'utf16le'), 400, 'no UTF-8'],
    ['a charset that nobody knows', '; charset=klingon', Buffer.from(text), 415, 'charset'],
  ])('%s, are refused and not guessed', async (_, charset, bytes, status, message) => {
    const answer = await sent(charset, bytes)
    expect([answer.status, await answer.json()]).toEqual([
      status,
      expect.objectContaining({ message: expect.stringContaining(message) as string }),
    ])
  })
})

describe('what is taken as it comes', () => {
  const served = sharedServe()

  it.each([
    ['no documents', { query: 'q', documents: [] }, []],
    ['an empty document', { query: 'q', documents: ['', 'a'] }, [1, 0]],
    [
      'null for a number, and a number as a string',
      { query: 'q', documents: ['a', 'bb'], top_n: null, top_k: '1' },
      [1],
    ],
    [
      'null for the fields of other forms',
      { query: 'q', documents: ['a', 'bb'], texts: null, passages: null, candidates: null, text_1: null, input: null },
      [1, 0],
    ],
    ['fields nobody knows', { query: 'q', documents: ['a', 'bb'], priority: 1, user: {}, truncate: 'END' }, [1, 0]],
    ['an object without a text', { query: 'q', documents: [{ title: 'a long title' }, 'bb'] }, [0, 1]],
    [
      'a picture beside a text',
      {
        query: 'q',
        documents: [{ title: 'a title', image: `data:image/png;base64,${'A'.repeat(90)}` }, 'b'.repeat(50)],
      },
      [1, 0],
    ],
    ['a field that is called like a picture', { query: 'q', documents: ['a', { image: 'of a lamp' }] }, [1, 0]],
    ['more wanted than there are', { query: 'q', documents: ['a', 'bb'], top_n: 99 }, [1, 0]],
    ['half a surrogate pair', { query: 'q \ud800', documents: ['\udc00', 'bb'] }, [1, 0]],
    ['names of the prototype', JSON.parse('{"__proto__":{"a":1},"query":"q","documents":[{"text":"a"},"bb"]}'), [1, 0]],
  ])('%s', async (_, body, order) => {
    const { url } = served()
    const { status, body: answer } = await post(`${url}/v1/rerank`, body)
    expect(status).toBe(200)
    expect((answer as { results: { index: number }[] }).results.map(({ index }) => index)).toEqual(order)
  })

  it('objects are read by the fields that are asked for', async () => {
    const { url } = served()
    const documents = [{ text: 'a text that is not asked for', title: 'x' }, { title: 'a title' }]
    const { body } = await post(`${url}/v1/rerank`, { query: 'q', documents, rank_fields: ['title'] })
    expect((body as { results: { index: number }[] }).results.map(({ index }) => index)).toEqual([1, 0])
  })

  it('JSON of any kind ends in an answer, and never in a failure of the server', async () => {
    const { url, io } = await startServe()
    const fields = [
      'query',
      'documents',
      'texts',
      'top_n',
      'input',
      'inputs',
      'passages',
      'candidates',
      'text_1',
      'text_2',
    ]
    const body = fc.oneof(
      fc.jsonValue(),
      fc.dictionary(fc.constantFrom(...fields), fc.oneof(fc.string(), fc.array(fc.jsonValue()), fc.jsonValue())),
    )
    const paths = fc.constantFrom('/v1/rerank', '/rerank', '/api/rerank', '/v1/ranking', '/score')
    const property = fc.asyncProperty(body, paths, async (value, path) => {
      const { status } = await post(url + path, value)
      expect([200, 400]).toContain(status)
    })
    await fc.assert(property, { numRuns: sized(150, 3000), seed: 22 })
    expect(io.written.stderr).not.toContain('failed')
  })
})

describe('large and slow', () => {
  it('a body over the limit is refused before it is read, and its connection closed', async () => {
    const { url, port } = await startServe(['--max-body-mib', '0.01'])
    const said = await raw(port, head(50_000_000))
    expect(parsed(said)).toMatchObject({
      status: 413,
      body: { message: expect.stringContaining('--max-body-mib') as string },
    })
    expect(parsed(said).head).toMatch(/connection: close/i)
    await stillServes(url)
  })

  it('one without a length is cut off where the limit is', async () => {
    const { url, port } = await startServe(['--max-body-mib', '0.01'])
    const start = head(0).replace('Content-Length: 0', 'Transfer-Encoding: chunked')
    const chunk = `4000\r\n${'x'.repeat(0x4000)}\r\n`
    expect(parsed(await raw(port, start + chunk)).status).toBe(413)
    await stillServes(url)
  })

  it('bodies that stop in the middle hold a connection and nobody else', async () => {
    const { url, port, io } = await startServe()
    const slow = Array.from({ length: 50 }, () => connect(port, '127.0.0.1').on('error', () => {}))
    await Promise.all(slow.map((socket) => once(socket, 'connect')))
    for (const socket of slow) socket.write(`${head(good.length)}{"query"`)
    await stillServes(url)
    for (const socket of slow) socket.destroy()
    await stillServes(url)
    expect(io.written.stderr).not.toContain('failed')
  })

  it('nested as deep as JSON goes', async () => {
    const { url } = await startServe()
    const deep = `{"query":"q","documents":[{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}]}`
    expect((await post(`${url}/v1/rerank`, deep)).status).toBe(400)
    await stillServes(url)
  })

  it('a thousand documents, and five hundred requests at once', async () => {
    const { url } = await startServe(['--max-queued', '100000'])
    const documents = Array.from({ length: 1000 }, (_, at) => `document ${at}`)
    const { body } = await post(`${url}/v1/rerank`, { query: 'q', documents })
    expect((body as { results: [] }).results).toHaveLength(1000)
    const many = Array.from({ length: 500 }, (_, at) =>
      post(`${url}/v1/rerank`, { query: `q ${at}`, documents: ['a'] }),
    )
    const statuses = (await Promise.all(many)).map(({ status }) => status)
    expect(new Set(statuses)).toEqual(new Set([200]))
  })
})

describe('on the wire', () => {
  const served = sharedServe()

  it('requests that are sent in one go are answered in their order', async () => {
    const { port } = served()
    const bodies = ['["a"]', '["b","c"]', '["d","e","f"]'].map((list) => `{"query":"q","documents":${list}}`)
    const text = await raw(port, bodies.map((body) => head(body.length) + body).join(''), 3)
    const counts = text
      .split('HTTP/1.1 200')
      .slice(1)
      .map((answer) => answer.split('"relevance_score"').length - 1)
    // Once in `results` and once in `data`.
    expect(counts).toEqual([2, 4, 6])
  })

  it.each([
    ['headers of 100 kB', ['X-Long: '.padEnd(100_000, 'x')], 431],
    ['ten thousand headers', Array.from({ length: 10_000 }, (_, at) => `X-${at}: y`), 431],
    ['a length and chunks at once', ['Transfer-Encoding: chunked'], 400],
    ['a second length', ['Content-Length: 1'], 400],
    ['a header that is none', ['no colon here'], 400],
    ['a null in a header', ['X-A: a\0b'], 400],
  ])('%s', async (_, headers, status) => {
    const { url, port } = served()
    const text = await raw(port, head(good.length, headers) + good)
    expect(Number(text.split(' ')[1])).toBe(status)
    await stillServes(url)
  })

  it('HTTP/1.0, as balancers ask after the health: without a host', async () => {
    const { port } = served()
    expect(await raw(port, 'GET /ready HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1.1 200 [^]*\{"status":"ready"\}$/)
    const asked = head(good.length).replace('HTTP/1.1', 'HTTP/1.0').replace('Host: localhost\r\n', '') + good
    expect(parsed(await raw(port, asked)).status).toBe(200)
  })

  it.each([
    ['a host that is none', 'GET /info HTTP/1.1\r\nHost: a b/c\r\n\r\n'],
    ['a path that is none', 'OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n'],
  ])('%s is told of', async (_, bytes) => {
    const { url, port } = served()
    const { status, body } = parsed(await raw(port, bytes))
    expect({ status, body }).toMatchObject({
      status: 400,
      body: { message: expect.stringContaining('host') as string },
    })
    await stillServes(url)
  })

  it('identity is no packing, however it is written', async () => {
    const { port } = served()
    for (const encoding of ['identity', 'Identity', '']) {
      const text = await raw(port, head(good.length, [`Content-Encoding: ${encoding}`]) + good)
      expect([encoding, parsed(text).status]).toEqual([encoding, 200])
    }
  })

  it('something that is not HTTP', async () => {
    const { url, port } = served()
    expect(await raw(port, '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n')).toContain('400 Bad Request')
    await stillServes(url)
  })

  it('a client that leaves in the middle stops the work for it', async () => {
    const { url, port, io } = await startServe()
    const [gates, aborted] = [control().gates.length, control().aborted]
    const body = JSON.stringify({ query: 'hang until it leaves', documents: ['a'] })
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => {}).write(head(body.length) + body)
    await until(() => control().gates.length > gates)
    socket.destroy()
    await until(() => control().aborted > aborted)
    await until(() => io.written.stdout.includes('"status":499'))
    expect(io.written.stderr).not.toContain('failed')
    await stillServes(url)
  })

  it('clients that leave before they read their answer', async () => {
    const { url, port, io } = await startServe()
    const documents = Array.from({ length: 500 }, (_, at) => `document ${at} ${'x'.repeat(1000)}`)
    const body = JSON.stringify({ query: 'q', documents, return_documents: true })
    const answered = (): number => io.written.stdout.split('\n').length
    for (let turn = 0; turn < 10; turn++) {
      const before = answered()
      const socket = connect(port, '127.0.0.1').on('error', () => {})
      socket.pause().write(head(body.length) + body)
      await until(() => answered() > before)
      socket.resetAndDestroy()
    }
    await stillServes(url)
    expect(io.written.stderr).not.toContain('failed')
  })
})
