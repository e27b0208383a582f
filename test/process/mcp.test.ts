import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { sharedWords } from '../cli/support.ts'

const command = join(import.meta.dirname, '../../packages/cli/dist/bin.js')
const folder = mkdtempSync(join(tmpdir(), 'secondpass-mcp-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const clients: Client[] = []
afterEach(async () => {
  for (const client of clients.splice(0)) await client.close()
})

/** A client of the official SDK, with `secondpass mcp` as a process of its own. */
async function connect(...flags: string[]): Promise<{ client: Client; stderr: () => string }> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [command, 'mcp', ...flags],
    stderr: 'pipe',
  })
  let said = ''
  transport.stderr?.on('data', (chunk: Buffer) => (said += chunk.toString()))
  const client = new Client({ name: 'test', version: '0' })
  clients.push(client)
  await client.connect(transport)
  return { client, stderr: () => said }
}

/** A module with a scorer, as `--scorer` takes it. */
function scorerModule(name: string, text: string): string[] {
  const file = join(folder, `${name}.mjs`)
  writeFileSync(file, text)
  return ['--scorer', file]
}

const query = 'how do I reset my password?'
const documents = [
  'The museum opens at nine.',
  'To reset your password, open Settings, choose Security and press Reset password.',
  'Bananas are rich in potassium.',
]

describe('secondpass mcp, asked by a client of the official SDK', () => {
  it('reranks with the bundled model', async () => {
    const { client, stderr } = await connect()
    const { structuredContent, content, isError } = await client.callTool({
      name: 'rerank',
      arguments: { query, documents, top_n: 2 },
    })
    expect(isError).toBeUndefined()
    const { results } = structuredContent as { results: { index: number; relevance_score: number }[] }
    expect(results.map(({ index }) => index)).toEqual([1, expect.any(Number)])
    for (const { relevance_score: score } of results) expect(score).toBeGreaterThan(0)
    expect(JSON.parse((content as { text: string }[])[0]?.text ?? '')).toEqual(structuredContent)
    expect(stderr()).toBe('')
  })

  it('lists one tool, whose answers the client holds to its schema', async () => {
    const { client } = await connect(...scorerModule('words', sharedWords))
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(['rerank'])
    expect(Object.keys(tools[0]?.inputSchema.properties ?? {})).toEqual([
      'query',
      'documents',
      'top_n',
      'return_documents',
    ])
    // After listTools() the client checks structured answers against the output schema.
    const named = documents.map((text, at) => ({ text, id: `d${at}`, score: 3 - at }))
    const { structuredContent } = await client.callTool({
      name: 'rerank',
      arguments: { query, documents: named, top_n: 1, return_documents: true },
    })
    expect(structuredContent).toEqual({
      results: [{ index: 1, id: 'd1', relevance_score: 2, text: documents[1] }],
    })
    expect(client.getServerVersion()).toMatchObject({ name: 'secondpass' })
  })

  it('brings back --top-n results when a call does not say', async () => {
    const { client } = await connect(...scorerModule('words', sharedWords), '--top-n', '2')
    const { structuredContent } = await client.callTool({ name: 'rerank', arguments: { query, documents } })
    expect((structuredContent as { results: unknown[] }).results).toHaveLength(2)
  })

  it('says what is wrong with a call where the model that made it can read it', async () => {
    const { client } = await connect(...scorerModule('words', sharedWords))
    for (const [given, message] of [
      [{ documents }, 'query is undefined: pass what was asked'],
      [{ query: ' ', documents }, 'query is " ": pass what was asked'],
      [{ query, documents: 'one' }, 'documents is "one": pass an array of texts, or of objects with a text'],
      [{ query, documents: [{ body: 'x' }] }, 'documents[0] is {"body":"x"}: pass a text, or an object with a text'],
      [{ query, documents: ['a', { text: 'b', score: 'high' }] }, 'documents[1].score is "high"'],
      [{ query, documents: ['a', { text: 'b', id: 7 }] }, 'documents[1].id is 7'],
      [{ query, documents, top_n: 0 }, 'top_n is 0: pass a whole number of at least 1'],
      [{ query, documents, return_documents: 'yes' }, 'return_documents is "yes": pass true or false'],
    ] as const) {
      const answer = await client.callTool({ name: 'rerank', arguments: given })
      expect(answer.isError).toBe(true)
      expect((answer.content as { text: string }[])[0]?.text).toContain(message)
    }
    const { isError } = await client.callTool({ name: 'rerank', arguments: { query, documents } })
    expect(isError).toBeUndefined()
  })

  it('says that the order was kept, and why', async () => {
    const hanging = `export default { id: 'hanging', scope: 'pair', score: () => new Promise(() => {}) }`
    const { client } = await connect(...scorerModule('hanging', hanging), '--deadline-ms', '5')
    const { structuredContent } = await client.callTool({ name: 'rerank', arguments: { query, documents } })
    expect(structuredContent).toEqual({
      results: [{ index: 0 }, { index: 1 }, { index: 2 }],
      order_kept: expect.stringContaining('late'),
    })
  })

  it('refuses another tool, and ends a call that the client gives up on', async () => {
    const hanging = `export default { id: 'hanging', scope: 'pair', score: () => new Promise(() => {}) }`
    const { client } = await connect(...scorerModule('hanging', hanging))
    await expect(client.callTool({ name: 'search', arguments: {} })).rejects.toThrow('There is no tool search')
    const controller = new AbortController()
    const call = client.callTool({ name: 'rerank', arguments: { query, documents } }, undefined, {
      signal: controller.signal,
    })
    controller.abort(new Error('enough'))
    await expect(call).rejects.toThrow('enough')
    // The server is still there.
    expect((await client.listTools()).tools).toHaveLength(1)
  })
})
