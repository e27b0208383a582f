import { readFileSync, statSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { folderWith, run } from '../support.ts'
import { post, startServe } from './support.ts'

const linesOf = (file: string): unknown[] =>
  readFileSync(file, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line): unknown => JSON.parse(line))

const documents = [
  { id: 'a', text: 'a lamp', score: 3 },
  { id: 7, text: 'a long text of a lamp', score: 'high' },
]

describe('secondpass serve --record', () => {
  it('keeps what was answered, with ids and scores where documents have them, and answers as ever', async () => {
    const file = folderWith()('sample.jsonl')
    const { url, io, stop } = await startServe(['--record', file])
    const asked = { query: 'where is the lamp', documents, top_n: 1 }
    const { body } = await post(`${url}/v1/rerank`, asked)
    expect(body).toMatchObject({ results: [{ index: 1 }] })
    await post(`${url}/rerank`, { query: 'in another form', texts: ['x'] })
    expect((await post(`${url}/v1/rerank`, { query: 'fail', documents: ['secret'] })).status).toBe(500)
    expect((await post(`${url}/v1/rerank`, { query: ' ', documents: ['secret'] })).status).toBe(400)
    await stop()
    expect(linesOf(file)).toEqual([
      {
        query: 'where is the lamp',
        candidates: [
          { id: 'a', text: 'a lamp', score: 3 },
          { id: '7', text: 'a long text of a lamp' },
        ],
      },
      { query: 'in another form', candidates: [{ text: 'x' }] },
    ])
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o077).toBe(0)
    expect(io.written.stderr).toContain(`--record: what clients ask, and the texts they send, are kept in ${file}`)
    expect(io.written.stdout + io.written.stderr).not.toContain('where is the lamp')
  })

  it('stops at its size, says so in words of the command line, and goes on answering', async () => {
    const file = folderWith()('sample.jsonl')
    const { url, io, stop } = await startServe(['--record', file, '--record-mib', '0.001'])
    const ask = (at: number): Promise<{ status: number }> =>
      post(`${url}/v1/rerank`, { query: `q${at}`, documents: ['x'.repeat(400)] })
    for (let at = 0; at < 5; at++) expect((await ask(at)).status).toBe(200)
    await stop()
    expect(linesOf(file)).toHaveLength(2)
    expect(io.written.stderr.match(/--record: nothing more is written to .*\(--record-mib\)/g)).toHaveLength(1)
  })

  it('records no request at a rate of none', async () => {
    const file = folderWith()('sample.jsonl')
    const { url, stop } = await startServe(['--record', file, '--record-rate', '0'])
    await post(`${url}/v1/rerank`, { query: 'q', documents: ['x'] })
    await stop()
    expect(linesOf(file)).toEqual([])
  })

  it('is refused before anything is served where the file cannot be written', async () => {
    const at = folderWith()
    const { code, stderr } = await run(['serve', '--port', '0', '--record', at('no/such/folder/sample.jsonl')])
    expect(code).not.toBe(0)
    expect(stderr).toMatch(/^secondpass: .*no\/such\/folder/)
    expect(stderr).not.toContain('listening')
    expect((await run(['serve', '--record-rate', '2'])).stderr).toContain(
      '--record-rate is "2": pass a number from 0 to 1',
    )
  })
})
