import { describe, expect, it } from 'vitest'
import { folderWith, fromJsonl, run, sharedWords } from '../support.ts'
import { byLength, control, post, startServe, until } from './support.ts'

const ask = (query: string, more: object = {}): object => ({ query, documents: ['short', 'a longer text'], ...more })

describe('a server on its way', () => {
  it('is alive at once, and ready when the model is loaded', async () => {
    let loaded: () => void = () => {}
    Object.assign(control(), { warm: new Promise<void>((resolve) => (loaded = resolve)) })
    const slow = byLength.replace('export default {', 'export default { warmup: () => control.warm,')
    const { url, io } = await startServe([], { scorer: slow, waitFor: /listening at/ })
    expect((await fetch(`${url}/health`)).status).toBe(200)
    const early = await fetch(`${url}/ready`)
    expect([early.status, await early.json()]).toEqual([503, { status: 'starting' }])
    loaded()
    await until(() => io.written.stderr.includes('ready after'))
    const ready = await fetch(`${url}/ready`)
    expect([ready.status, await ready.json()]).toEqual([200, { status: 'ready' }])
  })

  it('ends with the message of a model that cannot be loaded', async () => {
    const broken = byLength.replace(
      'export default {',
      "export default { warmup: async () => { throw new Error('no weights') },",
    )
    const at = folderWith({ 'scorer.mjs': broken })
    const ended = await run(['serve', '--port', '0', '--scorer', at('scorer.mjs')])
    expect(ended).toMatchObject({ code: 1, stderr: expect.stringContaining('no weights') as string })
  })

  it('answers what is under way when it is stopped, and takes nothing more', async () => {
    const { url, stop } = await startServe()
    const gates = control().gates.length
    const asked = post(`${url}/v1/rerank`, ask('hang one'))
    await until(() => control().gates.length > gates)
    const stopped = stop()
    await expect(fetch(`${url}/health`)).rejects.toThrow()
    control().gates.at(-1)?.()
    const { status, headers } = await asked
    expect({ status, connection: headers.get('connection') }).toEqual({ status: 200, connection: 'close' })
    expect(await stopped).not.toBe(0)
  })

  it('waits no longer than --drain-ms for what does not end', async () => {
    const { url, stop } = await startServe(['--drain-ms', '0'])
    const gates = control().gates.length
    const asked = post(`${url}/v1/rerank`, ask('hang for ever'))
    const failed = expect(asked).rejects.toThrow()
    await until(() => control().gates.length > gates)
    await stop()
    await failed
  })

  it('says what to do about a port that is taken', async () => {
    const { port } = await startServe()
    const at = folderWith({ 'scorer.mjs': byLength })
    const ended = await run(['serve', '--port', String(port), '--scorer', at('scorer.mjs')])
    expect(ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('something else listens there; choose another --port') as string,
    })
  })

  it('warns where anybody may use it', async () => {
    const { io } = await startServe(['--host', '0.0.0.0'])
    expect(io.written.stderr).toContain('anybody who can reach 0.0.0.0 may use this server')
    const locked = await startServe(['--host', '0.0.0.0'], { env: { SECONDPASS_API_KEYS: 'k' } })
    expect(locked.io.written.stderr).not.toContain('anybody')
  })
})

describe('keys', () => {
  it('are asked for everywhere but where the server tells how it is', async () => {
    const at = folderWith({ 'keys.txt': '# ours\nfirst-key\n\nsecond-key\n' })
    const { url } = await startServe(['--api-keys', at('keys.txt')])
    for (const path of ['/health', '/ready', '/metrics', '/info']) {
      expect([path, (await fetch(url + path)).status]).toEqual([path, 200])
    }
    const refused = await post(`${url}/v1/rerank`, ask('q'))
    expect(refused.status).toBe(401)
    expect(refused.headers.get('www-authenticate')).toBe('Bearer')
    expect((await fetch(`${url}/v1/models`)).status).toBe(401)
    const withHeader = async (headers: Record<string, string>): Promise<number> =>
      (await post(`${url}/v1/rerank`, ask('q'), { headers })).status
    for (const key of ['first-key', 'second-key']) {
      expect(await withHeader({ authorization: `Bearer ${key}` })).toBe(200)
      expect(await withHeader({ 'api-key': key })).toBe(200)
      expect(await withHeader({ 'x-api-key': key })).toBe(200)
    }
    for (const key of ['', 'None', 'first-ke', 'first-key2', '# ours', 'first-key second-key']) {
      expect([key, await withHeader({ authorization: `Bearer ${key}` })]).toEqual([key, 401])
    }
    expect(await withHeader({ authorization: 'Basic first-key' })).toBe(401)
    // One header that is right is enough, whatever a client puts into the others.
    expect(await withHeader({ authorization: 'Bearer None', 'api-key': 'first-key' })).toBe(200)
    expect(await withHeader({ authorization: 'Bearer None', 'api-key': '', 'x-api-key': 'second-key' })).toBe(200)
    expect(await withHeader({ authorization: 'Bearer None', 'api-key': 'none' })).toBe(401)
  })

  it('come from the environment where no file is named', async () => {
    const { url } = await startServe([], { env: { SECONDPASS_API_KEYS: 'one, two' } })
    const { status } = await post(`${url}/v1/rerank`, ask('q'), { headers: { authorization: 'Bearer two' } })
    expect(status).toBe(200)
    expect((await post(`${url}/v1/rerank`, ask('q'))).status).toBe(401)
  })

  it.each([
    ['', 'it holds no key'],
    ['# only a remark\n', 'it holds no key'],
    ['two words\n', 'holds a key that no header can hold'],
  ])('of a file with %j are refused', async (text, message) => {
    const at = folderWith({ 'keys.txt': text, 'scorer.mjs': byLength })
    const ended = await run(['serve', '--scorer', at('scorer.mjs'), '--api-keys', at('keys.txt')])
    expect(ended.code).toBeGreaterThan(0)
    expect(ended.stderr).toContain(message)
    expect(ended.stderr).not.toContain('two words')
  })
})

describe('too much to do', () => {
  it('more than --max-queued documents: 429, and when to come again', async () => {
    const { url } = await startServe(['--max-queued', '3'])
    const gates = control().gates.length
    const first = post(`${url}/v1/rerank`, ask('hang while others come'))
    await until(() => control().gates.length > gates)
    const refused = await post(`${url}/v1/rerank`, ask('another'))
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    const tei = await post(`${url}/rerank`, { query: 'another', texts: ['a', 'b'] })
    expect(tei).toMatchObject({ status: 429, body: { error_type: 'Overloaded' } })
    expect((await post(`${url}/v1/rerank`, { query: 'small', documents: ['fits'] })).status).toBe(200)
    control().gates.at(-1)?.()
    expect((await first).status).toBe(200)
    // One that is larger by itself is taken when nothing else waits.
    const many = { query: 'large', documents: ['a', 'b', 'c', 'd', 'e'] }
    expect((await post(`${url}/v1/rerank`, many)).status).toBe(200)
  })

  it('a request that cannot be done in its time: 504 alone, 429 beside others', async () => {
    const { url } = await startServe(['--deadline-ms', '20000'])
    const soon = { headers: { 'x-deadline-ms': '30' } }
    expect((await post(`${url}/v1/rerank`, ask('hang a little'), soon)).status).toBe(504)
    const gates = control().gates.length
    const other = post(`${url}/v1/rerank`, ask('hang on'))
    await until(() => control().gates.length > gates)
    const late = await post(`${url}/v1/rerank`, ask('hang too'), soon)
    expect(late.status).toBe(429)
    expect(late.headers.get('retry-after')).toMatch(/^\d+$/)
    control().gates.at(gates)?.()
    expect((await other).status).toBe(200)
  })

  it('a time that is none is refused', async () => {
    const { url } = await startServe()
    for (const time of ['soon', '0', '-1', '']) {
      const answer = await post(`${url}/v1/rerank`, ask('q'), { headers: { 'x-deadline-ms': time } })
      expect([time, answer.status]).toEqual([time, 400])
    }
  })

  it('more documents than a request may hold: 413, in the form of the dialect', async () => {
    const { url } = await startServe(['--max-documents', '2'])
    const three = ['a', 'b', 'c']
    const documents = await post(`${url}/v2/rerank`, { query: 'q', documents: three })
    expect(documents).toMatchObject({
      status: 413,
      body: { message: expect.stringContaining('more than 2') as string },
    })
    const tei = await post(`${url}/rerank`, { query: 'q', texts: three })
    expect(tei).toMatchObject({ status: 413, body: { error_type: 'Validation' } })
  })
})

describe('the same request at the same time', () => {
  it('is scored once, and each gets the answer in its own form', async () => {
    const { url } = await startServe()
    const [calls, gates] = [control().calls.length, control().gates.length]
    const same = ask('hang together')
    const asked = [
      post(`${url}/v1/rerank`, same),
      post(`${url}/v1/rerank`, { ...same, top_n: 1 }),
      post(`${url}/rerank`, { query: 'hang together', texts: ['short', 'a longer text'] }),
    ]
    await until(() => control().gates.length > gates)
    await shared(url, 2)
    control().gates.at(-1)?.()
    const [all, one, list] = (await Promise.all(asked)).map(({ body }) => body)
    expect(control().calls.length).toBe(calls + 1)
    expect(all).toMatchObject({ results: [{ index: 1 }, { index: 0 }] })
    expect(one).toMatchObject({ results: [{ index: 1 }] })
    expect(list).toMatchObject([{ index: 1 }, { index: 0 }])
  })

  it('goes on while one client is left, and is aborted when none is', async () => {
    const { url } = await startServe()
    const [gates, aborted] = [control().gates.length, control().aborted]
    const leaving = [new AbortController(), new AbortController()]
    const asked = leaving.map(({ signal }) => post(`${url}/v1/rerank`, ask('hang for two'), { signal }))
    const gone = Promise.allSettled(asked)
    await until(() => control().gates.length > gates)
    await shared(url, 1)
    leaving[0]?.abort()
    await asked[0]?.catch(() => undefined)
    expect((await fetch(`${url}/health`)).status).toBe(200)
    expect(control().aborted).toBe(aborted)
    leaving[1]?.abort()
    await gone
    await until(() => control().aborted > aborted)
  })

  it('is tried anew for one who has more time than the first had', async () => {
    const { url } = await startServe()
    const gates = control().gates.length
    const early = post(`${url}/v1/rerank`, ask('hang twice'), { headers: { 'x-deadline-ms': '150' } })
    await until(() => control().gates.length > gates)
    const patient = post(`${url}/v1/rerank`, ask('hang twice'))
    expect((await early).status).toBeGreaterThanOrEqual(429)
    await until(() => control().gates.length > gates + 1)
    control().gates.at(-1)?.()
    expect((await patient).status).toBe(200)
  })
})

/** Waits until so many requests wait for the work of another. */
async function shared(url: string, count: number): Promise<void> {
  for (;;) {
    const page = await (await fetch(`${url}/metrics`)).text()
    if (Number(/^secondpass_shared_requests (\d+)$/m.exec(page)?.[1]) >= count) return
  }
}

describe('what a server tells of its requests', () => {
  it('is one line of JSON each, without anything that a client wrote', async () => {
    const { url, io } = await startServe()
    const secrets = { query: 'SECRETQUERY', documents: ['SECRETTEXT'], model: 'SECRETMODEL' }
    const headers = { authorization: 'Bearer SECRETKEY', 'x-request-id': 'trace-1', 'user-agent': 'SECRETAGENT' }
    const { headers: answered, body } = await post(`${url}/SECRETPATH/rerank?q=SECRETPARAMETER`, secrets, { headers })
    expect(answered.get('x-request-id')).toBe('trace-1')
    expect(body).toMatchObject({ id: 'trace-1' })
    await post(`${url}/v1/rerank`, { ...secrets, query: 'fail SECRETQUERY' })
    await post(`${url}/v1/rerank`, '{"query": "SECRETQUERY", ')
    await post(`${url}/SECRETPATH`, secrets)
    await fetch(`${url}/health`)
    const lines = fromJsonl(io.written.stdout)
    expect(lines.map(({ route, status }) => [route, status])).toEqual([
      ['rerank', 200],
      ['rerank', 500],
      ['rerank', 400],
      ['other', 404],
    ])
    expect(lines[0]).toMatchObject({ requestId: 'trace-1', dialect: 'documents', documents: 1, outcome: 'ranked' })
    expect(io.written.stdout + io.written.stderr).not.toContain('SECRET')
    expect(io.written.stderr).toContain(String(lines[1]?.['requestId']))
  })

  it('is nothing but the errors with --no-access-log', async () => {
    const { url, io } = await startServe(['--no-access-log'])
    await post(`${url}/v1/rerank`, ask('q'))
    expect(io.written.stdout).toBe('')
  })

  it('takes no id for a log that could break it', async () => {
    const { url } = await startServe()
    const { headers } = await post(`${url}/v1/rerank`, ask('q'), { headers: { 'x-request-id': 'a b"c' } })
    expect(headers.get('x-request-id')).toMatch(/^[\da-f-]{36}$/)
  })

  it('is counted for Prometheus', async () => {
    const { url } = await startServe()
    await post(`${url}/v1/rerank`, ask('q'))
    await post(`${url}/rerank`, { query: 'q', texts: 3 })
    const page = await (await fetch(`${url}/metrics`)).text()
    expect(page).toContain('secondpass_requests_total{dialect="documents",status="200"} 1')
    expect(page).toContain('secondpass_requests_total{dialect="tei",status="400"} 1')
    expect(page).toContain('secondpass_documents_total 2')
    expect(page).toContain('secondpass_queued_documents 0')
    expect(page).toContain('secondpass_ready 1')
    expect(page).toContain('process_cpu_seconds_total')
  })
})

interface Ranked {
  readonly results: readonly { readonly index: number; readonly relevance_score: number }[]
}

describe('scores', () => {
  it('of a scorer that is no probability leave as their sigmoid, and their numbers where logits are asked for', async () => {
    const { url } = await startServe([], { scorer: sharedWords })
    const body = { query: 'lamp goes dark', texts: ['the lamp', 'the lamp goes dark', 'nothing'] }
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
    const { body: first } = await post(`${url}/rerank`, body)
    expect(first).toEqual([
      { index: 1, score: sigmoid(3) },
      { index: 0, score: sigmoid(1) },
      { index: 2, score: sigmoid(0) },
    ])
    const { body: logits } = await post(`${url}/rerank`, { ...body, raw_scores: true })
    expect(logits).toEqual([
      { index: 1, score: 3 },
      { index: 0, score: 1 },
      { index: 2, score: 0 },
    ])
    // The scale stays, also where the numbers of a request happen to lie in 0..1.
    const { body: second } = await post(`${url}/rerank`, { query: 'lamp', texts: ['lamp'] })
    expect(second).toEqual([{ index: 0, score: sigmoid(1) }])
  })

  it('of a cascade: what only the first stage read comes last with 0, and every document has a row', async () => {
    const core = new URL('../../../packages/core/dist/index.js', import.meta.url).href
    const cascade = `
      import { bm25, createReranker } from '${core}'
      ${byLength.replace('export default', 'const scorer =')}
      export default createReranker({ stages: [{ scorer: bm25(), depth: 100 }, { scorer, depth: 2 }], topN: 1, minScore: 0.1 })`
    const { url } = await startServe([], { scorer: cascade })
    const documents = ['nothing of it', 'the lamp', 'lamp, lamp and a lamp', 'another']
    const { body } = await post(`${url}/v1/rerank`, { query: 'lamp', documents })
    const { results } = body as Ranked
    expect(new Set(results.map(({ index }) => index))).toEqual(new Set([0, 1, 2, 3]))
    expect(results).toHaveLength(4)
    expect(results[0]?.index).toBe(2)
    expect(results.map(({ relevance_score: score }) => score)).toEqual([0.21, 0, 0, 0])
  })

  it('are the same for every document where the scorer cannot read the query', async () => {
    const english = byLength.replace('export default {', "export default { defaults: { scripts: ['Latin'] },")
    const { url } = await startServe([], { scorer: english })
    const { headers, body } = await post(`${url}/v1/rerank`, { query: '如何更改密码', documents: ['密码', '设置密码'] })
    expect(headers.get('x-secondpass-outcome')).toBe('skipped')
    expect((body as Ranked).results).toEqual([
      { index: 0, relevance_score: 0.5 },
      { index: 1, relevance_score: 0.5 },
    ])
  })
})

describe('a wrong command line', () => {
  it.each([
    [['--port', '70000'], '--port is "70000": pass a whole number from 0 to 65535'],
    [['--deadline-ms', '0'], '--deadline-ms is "0": pass milliseconds, more than 0'],
    [['--max-queued', '0'], '--max-queued is "0": pass a whole number from 1'],
    [['--max-body-mib', 'big'], '--max-body-mib is "big": pass a number above 0'],
    [['--cache', 'http://127.0.0.1'], 'pass the URL of a Redis'],
    [['--blend', '0.5'], "unknown option '--blend'"],
  ])('%j ends with 2 and the fix', async (args, message) => {
    const ended = await run(['serve', ...args])
    expect(ended).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining(message) as string })
  })

  it.each([
    [
      "export default { id: 'pool', scope: 'pool', score: async (q, t) => t.map(() => 0) }",
      'depend on the other texts',
    ],
    ['export default { rerank() {}, warmup() {}, close: async () => {} }', '--cache has no effect on the reranker of'],
  ])('--cache for what cannot be cached: %s', async (scorer, message) => {
    const at = folderWith({ 'scorer.mjs': scorer })
    const ended = await run(['serve', '--scorer', at('scorer.mjs'), '--cache', 'redis://127.0.0.1:1'])
    expect(ended).toMatchObject({ code: 2, stderr: expect.stringContaining(message) as string })
  })
})
