import { describe, expect, it } from 'vitest'
import { folderWith, fromJsonl, jsonl, run, sharedWords } from './support.ts'

const hello = {
  jsonrpc: '2.0',
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '0' } },
}

// What a client of the SDK gets is in test/process/mcp.test.ts.
describe('secondpass mcp', () => {
  it('ends well when stdin ends, and prints messages alone on stdout', async () => {
    const file = folderWith({ 'words.mjs': sharedWords })
    const { code, stdout, stderr } = await run(['mcp', '--scorer', file('words.mjs')], { stdin: jsonl(hello) })
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    expect(fromJsonl(stdout)).toMatchObject([{ id: 1, result: { serverInfo: { name: 'secondpass' } } }])
  })

  it('tells of a line that is no message on stderr, and reads on', async () => {
    const file = folderWith({ 'words.mjs': sharedWords })
    const stdin = `no message\n${jsonl(hello)}`
    const { code, stdout, stderr } = await run(['mcp', '--scorer', file('words.mjs')], { stdin })
    expect(code).toBe(0)
    expect(stderr).toMatch(/^secondpass: .*JSON/)
    expect(fromJsonl(stdout)).toHaveLength(1)
  })

  it('ends when the process is told to stop', async () => {
    const file = folderWith({ 'words.mjs': sharedWords })
    const controller = new AbortController()
    controller.abort(new Error('told to stop'))
    const { code } = await run(['mcp', '--scorer', file('words.mjs')], { signal: controller.signal })
    expect(code).toBe(1)
  })

  it('refuses wrong options before it reads anything', async () => {
    const { code, stderr } = await run(['mcp', '--top-n', '0'])
    expect(code).toBe(2)
    expect(stderr).toContain('--top-n is "0"')
  })
})
