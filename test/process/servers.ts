import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { bin } from './run-cli.ts'

/** A process that serves, ended at the latest with the test. */
export interface Process {
  readonly child: ChildProcess
  readonly stderr: () => string
  /** Ends it and waits until it is gone. */
  end(signal?: NodeJS.Signals): Promise<void>
}

/** Starts a process and waits until what it writes matches. */
export async function startProcess(
  [file = '', ...args]: readonly string[],
  ready: RegExp,
  { env = {}, cwd }: { env?: Record<string, string>; cwd?: string } = {},
): Promise<Process & { match: RegExpExecArray }> {
  const child = spawn(file, args, { env: { ...process.env, ...env }, cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  const gone = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const end = async (signal: NodeJS.Signals = 'SIGKILL'): Promise<void> => {
    child.kill(signal)
    await gone
  }
  onTestFinished(() => end())
  let written = ''
  const match = await new Promise<RegExpExecArray>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      written += chunk
      const found = ready.exec(written)
      if (found !== null) resolve(found)
    })
    child.once('error', reject)
    child.once('close', (code) => reject(new Error(`${file} ended with ${code}: ${written}`)))
  })
  return { child, stderr: () => written, end, match }
}

/** `secondpass serve` on a free port, or on the one that the arguments name. */
export async function startReplica(args: readonly string[] = []): Promise<Process & { url: string; port: number }> {
  const port = args.some((arg) => arg.startsWith('--port')) ? [] : ['--port', '0']
  const ready = /listening at (http:\S+?:(\d+))\n[^]*ready after/
  const started = await startProcess([process.execPath, bin, 'serve', ...port, ...args], ready)
  const [, url = '', number] = started.match
  return { ...started, url, port: Number(number) }
}

/** What is missing on this machine of what a test needs, to be said where it is skipped. */
export function missing(...programs: readonly string[]): readonly string[] {
  return programs.filter((program) => spawnSync(program, ['-v'], { stdio: 'ignore' }).error !== undefined)
}

/** nginx with this configuration, in a folder of its own. */
export async function startNginx(config: string): Promise<Process> {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-nginx-'))
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const paths = own.map((name) => `  ${name}_temp_path ${join(folder, name)};`).join('\n')
  const head = `daemon off;\npid ${join(folder, 'pid')};\nerror_log stderr notice;\n`
  writeFileSync(join(folder, 'nginx.conf'), head + config.replace('http {', `http {\n${paths}`))
  const started = await startProcess(
    ['nginx', '-p', folder, '-e', 'stderr', '-c', join(folder, 'nginx.conf')],
    /start worker process/,
  )
  // Registered later than the end of the process, so it runs before: the process goes first all the same.
  onTestFinished(async () => {
    await started.end('SIGTERM')
    rmSync(folder, { recursive: true, force: true })
  })
  return started
}

export function freePort(): Promise<number> {
  const probe = createServer()
  return new Promise((resolve, reject) => {
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0))
    })
  })
}
