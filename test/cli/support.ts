import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { onTestFinished } from 'vitest'
import type { Io } from '../../packages/cli/src/io.ts'
import { runCli } from '../../packages/cli/src/run.ts'

/** What a run in this process left. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly stdin?: string | Buffer
  /** Whether stderr is a terminal, and how wide. */
  readonly columns?: number
  /** Whether stdout is a terminal. */
  readonly terminal?: boolean
  readonly env?: Record<string, string>
  readonly signal?: AbortSignal
}

/** The process as a command sees it, with everything that was written kept. */
export function fakeIo({ stdin = '', columns, terminal = false, env = {}, signal }: RunOptions = {}): Io & {
  written: Ran
} {
  const written = { code: 0, stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr'): Io['stdout'] => ({
    isTTY: name === 'stderr' ? columns !== undefined : terminal,
    columns,
    write(text, done) {
      written[name] += text
      done?.()
      return true
    },
  })
  return {
    stdin: Readable.from([typeof stdin === 'string' ? Buffer.from(stdin) : stdin]),
    stdout: output('stdout'),
    stderr: output('stderr'),
    env,
    signal: signal ?? new AbortController().signal,
    written,
  }
}

/** Runs the command line in this process. */
export async function run(args: readonly string[], options: RunOptions = {}): Promise<Ran> {
  const io = fakeIo(options)
  const code = await runCli(args, io)
  return { ...io.written, code }
}

/** A folder that is removed after the test, with files in it. */
export function folderWith(files: Readonly<Record<string, string | Buffer>> = {}): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (name) => join(folder, name)
}

/** Values as JSONL. */
export function jsonl(...values: readonly unknown[]): string {
  return values.map((value) => `${JSON.stringify(value)}\n`).join('')
}

/** The values of JSONL. */
export function fromJsonl(text: string): Record<string, unknown>[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Record<string, unknown>)
}

/** A scorer module that counts shared words. Invented for these tests. */
export const sharedWords = `
const words = (text) => new Set(text.toLowerCase().match(/[a-z]+/g) ?? [])
export default {
  id: 'shared-words',
  scope: 'pair',
  async score(query, texts) {
    const wanted = words(query)
    return texts.map((text) => [...words(text)].filter((word) => wanted.has(word)).length)
  },
}
`
