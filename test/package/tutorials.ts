import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { codeBlocks } from '../process/code-blocks.ts'
import { mustRun, plainEnvironment } from './commands.ts'

/** What a reader does with a tutorial, in order. */
export type Step =
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  | { readonly kind: 'run'; readonly command: string }
  | { readonly kind: 'expect'; readonly output: string }

/** The steps of a tutorial: a program whose first line names its file, a command, and what it prints. */
export function readSteps(markdown: string): Step[] {
  return codeBlocks(markdown).flatMap(({ language, code }): Step[] => {
    if (language === 'sh') return [{ kind: 'run', command: code.trim() }]
    if (language === 'text') return [{ kind: 'expect', output: code }]
    const [, file] = /^\/\/ ([\w.-]+)\n/.exec(code) ?? []
    return file === undefined ? [] : [{ kind: 'write', file, text: code }]
  })
}

/** What the last command printed, when a step asks for it. */
export interface Seen {
  readonly expected: string
  readonly printed: string
  /** Milliseconds since the first step began. */
  readonly afterMs: number
}

/**
 * Does what a tutorial says, in an empty folder, by a shell as people have it. A command that goes on for ever, as a server
 * does, is left running behind the next one.
 *
 * @param adjust changes a command before it is run, for example another port
 */
export async function follow(
  steps: readonly Step[],
  folder: string,
  { env, adjust = (command) => command }: { env: NodeJS.ProcessEnv; adjust?: (command: string) => string },
): Promise<{ readonly seen: readonly Seen[]; readonly printed: string; stop(): Promise<void> }> {
  mkdirSync(folder)
  const started = performance.now()
  const seen: Seen[] = []
  const servers: ChildProcess[] = []
  let printed = ''
  for (const step of steps) {
    if (step.kind === 'write') writeFileSync(join(folder, step.file), step.text)
    else if (step.kind === 'expect') seen.push({ expected: step.output, printed, afterMs: performance.now() - started })
    else if (/\bserve\b/.test(step.command)) {
      // Ctrl+C before it is started again.
      await Promise.all(servers.splice(0).map(stopServer))
      servers.push(await startServer(adjust(step.command), folder, env))
    } else printed = mustRun(['bash', '-e', '-c', adjust(step.command)], folder, env)
  }
  return { seen, printed, stop: async () => void (await Promise.all(servers.map(stopServer))) }
}

/** It leads a group of its own, since npx starts the server as a child. */
async function stopServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null || server.pid === undefined) return
  const ended = new Promise((resolve) => server.once('close', resolve))
  process.kill(-server.pid)
  await ended
}

/** Starts a server and waits for the line that says where it listens. */
function startServer(command: string, cwd: string, env: NodeJS.ProcessEnv): Promise<ChildProcess> {
  const child = spawn('bash', ['-e', '-c', command], { cwd, env: { ...plainEnvironment(), ...env }, detached: true })
  let said = ''
  return new Promise((resolve, reject) => {
    const listen = (chunk: Buffer): void => {
      said += String(chunk)
      if (/http:\/\/[\w.]+:\d+/.test(said)) resolve(child)
    }
    child.stdout.on('data', listen)
    child.stderr.on('data', listen)
    child.once('close', (code) => reject(new Error(`${command} ended with ${code}: ${said}`)))
  })
}
