import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { codeBlocks } from './code-blocks.ts'
import { bin, runCommand } from './run-cli.ts'

const root = join(import.meta.dirname, '../..')
const blocks = codeBlocks(readFileSync(join(root, 'docs/from-logs.md'), 'utf8'))
const folder = mkdtempSync(join(tmpdir(), 'secondpass-from-logs-'))
afterAll(() => rmSync(folder, { recursive: true }))

/** The command that a shell of the page runs, with the command line of this checkout in place of an installed one. */
function argsOf(line: string): string[] {
  const [first = '', ...args] = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''))
  return first === 'npx' ? [process.execPath, bin, ...args.slice(1)] : [process.execPath, ...args]
}

const commands = blocks.flatMap(({ language, code }, at) =>
  language === 'sh' && !code.startsWith('npm ') ? [{ line: code.trim(), printed: blocks[at + 1] }] : [],
)

describe('the page from logs to a skip policy', () => {
  it('has the commands that are run here', () => {
    expect(commands.map(({ line }) => line.split(' ').slice(0, 3).join(' '))).toEqual([
      'node week.mjs',
      'npx secondpass calibrate',
      'npx secondpass eval',
    ])
    mkdirSync(join(folder, 'node_modules/@secondpass'), { recursive: true })
    symlinkSync(join(root, 'packages/core'), join(folder, 'node_modules/@secondpass/core'), 'junction')
    writeFileSync(join(folder, 'week.mjs'), blocks.find(({ language }) => language === 'mjs')?.code ?? '')
  })

  it.each(commands.slice(0, 2))('$line prints what stands below it', async ({ line, printed }) => {
    const { exitCode, stdout, stderr } = await runCommand(argsOf(line), { cwd: folder })
    expect({ exitCode, stderr: exitCode === 0 ? '' : stderr }).toEqual({ exitCode: 0, stderr: '' })
    expect(printed?.language).toBe('text')
    // Numbers move a little with the processor.
    const shape = (text: string): string =>
      text
        .trim()
        .replaceAll(/\d+(\.\d+)?/g, '#')
        .replace(/when [\w-]+ is/, 'when a signal is')
    expect(shape(stdout)).toBe(shape(printed?.code ?? ''))
  })

  it('leaves a policy that was calibrated without labels, for this retriever', () => {
    expect(JSON.parse(readFileSync(join(folder, 'calibration.json'), 'utf8'))).toMatchObject({
      retriever: 'BM25',
      corpus: 'catalogue',
      skip: { policy: expect.any(String) },
      promise: { truth: 'reranker', maxLoss: 0.02 },
    })
  })

  it.skipIf(process.platform === 'win32')('leaves a sample that only its owner may read', () => {
    expect(statSync(join(folder, 'sample.jsonl')).mode & 0o077).toBe(0)
  })

  it('measures the same lines once some are judged', async () => {
    const lines = readFileSync(join(folder, 'sample.jsonl'), 'utf8').trim().split('\n')
    const judged = lines.slice(0, 30).map((line) => {
      const { candidates, ...rest } = JSON.parse(line) as { candidates: { id: string }[] }
      return JSON.stringify({ ...rest, candidates, judgements: { [candidates[0]?.id ?? '']: 1 } })
    })
    writeFileSync(join(folder, 'sample.jsonl'), `${judged.join('\n')}\n`)
    const ended = await runCommand(argsOf(commands[2]?.line ?? ''), { cwd: folder })
    expect({ exitCode: ended.exitCode, stderr: ended.exitCode === 0 ? '' : ended.stderr }).toEqual({
      exitCode: 0,
      stderr: '',
    })
    expect(ended.stdout).toContain('over 30 queries')
    expect(readFileSync(join(folder, 'report.html'), 'utf8')).toContain('<html')
  })
})
