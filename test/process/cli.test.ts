import { spawnSync } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import { beforeEach, describe, expect, it } from 'vitest'
import { bin, folderOf, quote, runCli, runCommand } from './run-cli.ts'

/**
 * A scorer that says on stderr which query it is at, and at the query named by STOP_AT hangs until it is told to stop: a
 * test can end the process at a known place without waiting for a clock.
 */
const stopping = `
export default {
  id: 'stopping',
  scope: 'pair',
  async score(query, texts, call) {
    if (query === process.env.STOP_AT) {
      process.stderr.write('[hanging]')
      const alive = setInterval(() => {}, 1000)
      await new Promise((_, reject) => call.signal.addEventListener('abort', () => reject(call.signal.reason)))
        .finally(() => clearInterval(alive))
    }
    process.stderr.write('[' + query + ']')
    return texts.map((text) => text.length)
  },
}
`
const queries = Array.from({ length: 12 }, (_, at) => ({
  id: at,
  query: `question ${at}`,
  candidates: [{ text: 'short' }, { text: `a longer text for question ${at}` }],
}))
const lines = queries.map((query) => JSON.stringify(query))
const batch = `${lines.join('\n')}\n`

const ESCAPE = '\u001b'

let at: (name: string) => string
beforeEach(() => {
  at = folderOf({ 'scorer.mjs': stopping, 'in.jsonl': batch })
})
const base = (): string[] => ['rerank', '--scorer', at('scorer.mjs'), '--input', at('in.jsonl')]

describe('a batch that is ended in the middle', () => {
  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('by %s ends with %i, leaves whole lines, and goes on where it was', async (signal, exitCode) => {
    const args = [...base(), '--output', at('out.jsonl')]
    const ended = await runCli(args, { env: { STOP_AT: 'question 7' }, kill: { at: '[hanging]', signal } })
    expect({ exitCode: ended.exitCode, signal: ended.signal }).toEqual({ exitCode, signal: null })
    const half = readFileSync(at('out.jsonl'), 'utf8')
    expect(
      half
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { line: number }).line),
    ).toEqual([1, 2, 3, 4, 5, 6, 7])
    const rest = await runCli(args)
    expect(rest.exitCode).toBe(0)
    expect(rest.stderr).not.toContain('[question 6]')
    expect(rest.stderr).toContain('[question 7]')
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe((await runCli(base())).stdout)
  })

  it('by SIGKILL goes on as well', async () => {
    const args = [...base(), '--output', at('out.jsonl')]
    const ended = await runCli(args, { env: { STOP_AT: 'question 4' }, kill: { at: '[hanging]', signal: 'SIGKILL' } })
    expect(ended.signal).toBe('SIGKILL')
    // As if the last line had been on its way.
    const fd = openSync(at('out.jsonl'), 'a')
    writeSync(fd, '{"line":5,"id":4,"que')
    closeSync(fd)
    expect((await runCli(args)).exitCode).toBe(0)
    expect(readFileSync(at('out.jsonl'), 'utf8')).toBe((await runCli(base())).stdout)
  })

  it('in two shards of two processes, sorted by the command of the help, is the unsharded output to the byte', async () => {
    const whole = await runCli(base())
    const help = (await runCli(['rerank', '--help'])).stdout
    const [, sort = ''] = /joined by\n +(.*)/.exec(help) ?? []
    const outputs = ['part-0.jsonl', 'part-1.jsonl']
    const shards = outputs.map((name, index) => runCli([...base(), '--shard', `${index}/2`, '--output', at(name)]))
    expect((await Promise.all(shards)).map(({ exitCode }) => exitCode)).toEqual([0, 0])
    const merged = spawnSync('sh', ['-c', sort], { cwd: at('.'), encoding: 'utf8' })
    expect({ status: merged.status, stderr: merged.stderr }).toEqual({ status: 0, stderr: '' })
    expect(merged.stdout).toBe(whole.stdout)
  })
})

describe('an evaluation that is ended in the middle', () => {
  it.each(['SIGKILL', 'SIGINT'] as const)('by %s scores only the rest when it is started again', async (signal) => {
    const judged = queries.map((query) => ({
      ...query,
      candidates: query.candidates.map((candidate, label) => ({ ...candidate, id: `d${label}`, label })),
    }))
    at = folderOf({ 'scorer.mjs': stopping, 'in.jsonl': judged.map((query) => `${JSON.stringify(query)}\n`).join('') })
    const args = ['eval', '--input', at('in.jsonl'), '--scorer', at('scorer.mjs'), '--state', at('state'), '--json']
    const ended = await runCli(args, { env: { STOP_AT: 'question 6' }, kill: { at: '[hanging]', signal } })
    expect(ended.exitCode).toBe(signal === 'SIGINT' ? 130 : null)
    const rest = await runCli(args)
    expect({ exitCode: rest.exitCode, firsts: rest.stderr.includes('[question 5]') }).toEqual({
      exitCode: 0,
      firsts: false,
    })
    expect(rest.stderr).toContain('12 queries; scores are kept in')
    expect(rest.stderr).toContain('6 were scored before')
    expect(JSON.parse(rest.stdout)).toMatchObject({ MAP: 1, lift: { verdict: { kind: 'helps' } } })
  })
})

describe('a process among others', () => {
  it('stops without a word when nobody reads its output any more', () => {
    const command = `${quote([process.execPath, bin, ...base()])} | head -n 1 | head -c 9; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect(stdout).toBe('{"line":10\n')
    expect(stderr).not.toMatch(/error|EPIPE/i)
  })

  it('stops scoring when nobody reads its output any more', () => {
    const many = Array.from({ length: 3000 }, () => batch).join('')
    at = folderOf({ 'scorer.mjs': stopping.replaceAll(/process.stderr.write\('\[' .*\n/g, ''), 'in.jsonl': many })
    const command = `${quote([process.execPath, bin, ...base()])} | head -n 1 >/dev/null; echo "\${PIPESTATUS[0]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', command], { encoding: 'utf8' })
    expect({ stdout, stderr }).toEqual({ stdout: '0\n', stderr: '' })
  })

  it('says what is missing when stdin is empty or closed', async () => {
    const args = ['rerank', 'q', '--scorer', at('scorer.mjs')]
    const expected = { exitCode: 0, signal: null, stdout: '', stderr: 'secondpass: stdin holds no candidates\n' }
    expect(await runCli(args)).toEqual(expected)
    const closed = spawnSync('sh', ['-c', `${quote([process.execPath, bin, ...args])} <&-`], { encoding: 'utf8' })
    expect({ status: closed.status, stdout: closed.stdout }).toEqual({ status: 0, stdout: '' })
  })

  it('ends although a scorer module leaves something open', async () => {
    at = folderOf({ 'scorer.mjs': `setInterval(() => {}, 1000); ${stopping}`, 'in.jsonl': batch })
    expect((await runCli(base())).exitCode).toBe(0)
  })

  it('takes the memory of a few lines, whatever the size of the input', async () => {
    const text = 'word '.repeat(2000)
    const line = JSON.stringify({ query: 'word', candidates: Array.from({ length: 20 }, () => text) })
    at = folderOf({
      'scorer.mjs': `export default { id: 'zero', scope: 'pair', score: async (_query, texts) => texts.map(() => 0) }`,
      'in.jsonl': `${line}\n`.repeat(400),
    })
    const { exitCode, stdout } = await runCli([...base(), '--ids-only'], { nodeArgs: ['--max-old-space-size=32'] })
    // 80 MB of input in a heap of 32.
    expect({ exitCode, lines: stdout.split('\n').length - 1 }).toEqual({ exitCode: 0, lines: 400 })
  })

  it('reranks with the bundled model, and says nothing on stderr', async () => {
    const stdin = '"Bananas are rich in potassium."\n"To reset your password, open Settings."\n'
    const { exitCode, stdout, stderr } = await runCli(['rerank', 'how do I reset my password?'], { stdin })
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(
      stdout
        .split('\n')
        .filter(Boolean)
        .map((result) => (JSON.parse(result) as { index: number }).index),
    ).toEqual([1, 0])
  })

  it('says what runs here, for a person and as JSON', async () => {
    const { exitCode, stdout } = await runCli(['doctor', '--json'])
    const report = JSON.parse(stdout) as { problems: string[]; machine: unknown }
    expect(exitCode).toBe(report.problems.length > 0 ? 1 : 0)
    expect(report.machine).toMatchObject({ node: process.version, platform: process.platform })
    expect((await runCli(['doctor'])).stdout).toMatch(/^machine\n {2}Node\.js +v\d+/m)
  })
})

/** util-linux gives a program a terminal; other systems have another `script`, or none. */
const hasScript = spawnSync('script', ['--version'], { encoding: 'utf8' }).stdout?.includes('util-linux') ?? false

describe.skipIf(!hasScript)('on a terminal (left out where there is no script of util-linux)', () => {
  const onTerminal = (args: readonly string[], env: Record<string, string> = {}): ReturnType<typeof runCommand> =>
    runCommand(['script', '-qec', quote([process.execPath, bin, ...args]), '/dev/null'], { env })

  it('shows a bar, and clears it', async () => {
    const { exitCode, stdout } = await onTerminal([...base(), '--output', at('out.jsonl')])
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(new RegExp(`\\r${ESCAPE}\\[Kreranking .*█.*100 %`))
    expect(stdout.slice(stdout.lastIndexOf(`${ESCAPE}[K`))).toContain('12 queries of')
  })

  it('has no colours with NO_COLOR, and keeps the bar', async () => {
    const coloured = new RegExp(`${ESCAPE}\\[\\d+m`)
    expect((await onTerminal([...base(), '--output', at('a')])).stdout).toMatch(coloured)
    const { stdout } = await onTerminal([...base(), '--output', at('b')], { NO_COLOR: '1' })
    expect(stdout).toContain('█')
    expect(stdout).not.toMatch(coloured)
  })

  it('does not wait for someone to type JSON', async () => {
    const { exitCode, stdout } = await onTerminal(['rerank', 'q', '--scorer', at('scorer.mjs')])
    expect(exitCode).toBe(2)
    expect(stdout).toContain('stdin is a terminal: pipe the input in')
  })

  it('shows no bar where only the output is one and errors go to a file', async () => {
    const command = `${quote([process.execPath, bin, ...base()])} 2>${quote([at('errors')])}`
    await runCommand(['script', '-qec', command, '/dev/null'])
    expect(readFileSync(at('errors'), 'utf8')).not.toMatch(new RegExp(`[\\r${ESCAPE}]`))
  })
})
