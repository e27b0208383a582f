import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** How a child process ended and what it wrote. */
export interface Ended {
  readonly exitCode: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

const root = join(import.meta.dirname, '../..')

/**
 * Runs module code in a fresh Node process that resolves packages from the repository root, or from a folder in it, with a
 * home of its own and without the variables by which tools notice a build server (they switch faults such as telemetry off).
 */
export function runScript(
  code: string,
  options: { nodeArgs?: string[]; home?: string; folder?: string } = {},
): Promise<Ended> {
  const { CI: _ci, GITHUB_ACTIONS: _actions, NODE_OPTIONS: _options, VITEST: _vitest, ...env } = process.env
  const home = options.home ?? mkdtempSync(join(tmpdir(), 'secondpass-home-'))
  const child = spawn(process.execPath, [...(options.nodeArgs ?? []), '--input-type=module', '-e', code], {
    cwd: join(root, options.folder ?? '.'),
    env: { ...env, HOME: home, XDG_CACHE_HOME: join(home, '.cache') },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk))
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
      resolve({ exitCode, signal, stdout, stderr })
    })
  })
}
