import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { Ended } from './run-script.ts'

/** The built command line, as a shell would start it. */
export const bin: string = join(import.meta.dirname, '../../packages/cli/dist/bin.js')

export interface CliOptions {
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  readonly nodeArgs?: readonly string[]
  readonly stdin?: string
  /** Sent once stderr or stdout holds `at`, or once `at` resolves. */
  readonly kill?: { readonly at: string | Promise<unknown>; readonly signal: NodeJS.Signals }
}

/**
 * Runs the command line in a process of its own to its end, without the variables by which tools notice a build server, and
 * without a terminal.
 */
export function runCli(args: readonly string[], options: CliOptions = {}): Promise<Ended> {
  return runCommand([process.execPath, ...(options.nodeArgs ?? []), bin, ...args], options)
}

/** As {@link runCli}, for any command. */
export function runCommand([file = '', ...args]: readonly string[], options: CliOptions = {}): Promise<Ended> {
  const {
    CI: _ci,
    GITHUB_ACTIONS: _actions,
    NODE_OPTIONS: _options,
    VITEST: _vitest,
    NO_COLOR: _no,
    ...env
  } = process.env
  const { FORCE_COLOR: _force, ...plain } = env
  const child = spawn(file, args, { cwd: options.cwd, env: { ...plain, TERM: 'xterm', ...options.env } })
  const { kill } = options
  let [stdout, stderr] = ['', '']
  const look = (): void => {
    if (typeof kill?.at === 'string' && (stdout + stderr).includes(kill.at)) child.kill(kill.signal)
  }
  if (typeof kill?.at === 'object') void kill.at.then(() => child.kill(kill.signal))
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk
    look()
  })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk
    look()
  })
  child.stdin.on('error', () => {}).end(options.stdin ?? '')
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => resolve({ exitCode, signal, stdout, stderr }))
  })
}

/** A folder that is removed after the test, with files in it. */
export function folderOf(files: Readonly<Record<string, string>>): (name: string) => string {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return (name) => join(folder, name)
}

/** A word in double quotes for a POSIX shell. */
export function quote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ')
}
