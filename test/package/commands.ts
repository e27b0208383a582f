import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

export interface Ended {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/**
 * The environment of a person at a terminal: without what the running package manager and test runner put there, and
 * without the variables by which tools notice a build server and fall silent.
 */
export function plainEnvironment(): NodeJS.ProcessEnv {
  const foreign = /^(npm_|pnpm_|VITEST|NODE_OPTIONS$|NODE_PATH$|NODE_ENV$|INIT_CWD$|CI$|GITHUB_|TEST$|ORT_)/i
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !foreign.test(name)))
}

/** Runs a command to its end. `env` is added to {@link plainEnvironment}. */
export function run(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ended {
  const [file = '', ...args] = command
  const ended = spawnSync(file, args, {
    cwd,
    env: { ...plainEnvironment(), ...env },
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  if (ended.error !== undefined) throw ended.error
  return ended
}

/** As {@link run}, and throws with everything the command printed unless it ended with 0. */
export function mustRun(command: readonly string[], cwd: string, env: NodeJS.ProcessEnv = {}): string {
  const { status, stdout, stderr } = run(command, cwd, env)
  if (status !== 0) throw new Error(`${command.join(' ')} ended with ${status}\n${stdout}\n${stderr}`)
  return stdout
}

/** A package manager by way of npm, which comes with Node, so that none has to be installed beforehand. */
export function throughNpm(tool: string): readonly string[] {
  return ['npx', '--yes', '--prefer-offline', tool]
}

/** The pnpm of this repository. */
export function pnpm(): readonly string[] {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { packageManager: string }
  return throughNpm(manifest.packageManager)
}
