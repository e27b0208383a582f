import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, onTestFinished } from 'vitest'
import { runCli } from '../../../packages/cli/src/run.ts'
import { fakeIo, folderWith } from '../support.ts'

/**
 * Scorer modules, invented for these tests. The score of a text is its length in hundredths, at most 1. A query with
 * `hang` in it waits until the test opens the gate or the call is aborted; `fail` fails with the text in its message.
 */
export const byLength = `
const control = (globalThis[Symbol.for('serve-tests')] ??= { calls: [], aborted: 0, gates: [] })
export default {
  id: 'by-length',
  scope: 'pair',
  async score(query, texts, call) {
    control.calls.push(query)
    if (query.includes('fail')) throw new Error('could not read ' + texts[0])
    if (query.includes('hang')) {
      await new Promise((resolve, reject) => {
        control.gates.push(resolve)
        call.signal.addEventListener('abort', () => {
          control.aborted += 1
          reject(call.signal.reason)
        })
      })
    }
    return texts.map((text) => Math.min(1, text.length / 100))
  },
}
`

/** What the scorer modules tell of themselves. */
export interface Control {
  readonly calls: string[]
  aborted: number
  readonly gates: (() => void)[]
}

export function control(): Control {
  const all = globalThis as unknown as Record<symbol, Control | undefined>
  return (all[Symbol.for('serve-tests')] ??= { calls: [], aborted: 0, gates: [] })
}

export interface Running {
  readonly url: string
  readonly port: number
  readonly io: ReturnType<typeof fakeIo>
  /** As SIGTERM does. */
  stop(): Promise<number>
}

export interface StartOptions {
  readonly scorer?: string
  readonly env?: Record<string, string>
  /** What its stderr holds when it has started enough for the test. */
  readonly waitFor?: RegExp
}

/** Starts a server in this process on a free port, which is stopped after the test. */
export async function startServe(
  args: readonly string[] = [],
  { scorer = byLength, ...options }: StartOptions = {},
): Promise<Running> {
  const at = folderWith({ 'scorer.mjs': scorer })
  const running = await launch(['--scorer', at('scorer.mjs'), ...args], options)
  onTestFinished(async () => void (await running.stop()))
  return running
}

/** One server for all tests of a block, where they leave nothing behind. */
export function sharedServe(): () => Running {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-serve-'))
  let running: Running | undefined
  beforeAll(async () => {
    writeFileSync(join(folder, 'scorer.mjs'), byLength)
    running = await launch(['--scorer', join(folder, 'scorer.mjs')], {})
  })
  afterAll(async () => {
    await running?.stop()
    rmSync(folder, { recursive: true, force: true })
  })
  return () => running as Running
}

async function launch(
  args: readonly string[],
  { env = {}, waitFor = / ready after / }: StartOptions,
): Promise<Running> {
  const stopping = new AbortController()
  const io = fakeIo({ env, signal: stopping.signal })
  const running = runCli(['serve', '--port', '0', ...args], io)
  const stop = (): Promise<number> => {
    stopping.abort(new Error('the test is over'))
    return running
  }
  const ended = running.then(() => {
    throw new Error(`it ended: ${io.written.stderr}`)
  })
  await Promise.race([until(() => waitFor.test(io.written.stderr)), ended])
  const [, url = '', port] = /listening at (http:\S+:(\d+))/.exec(io.written.stderr) ?? []
  return { url, port: Number(port), io, stop }
}

/** Waits until something holds, looking again whenever the event loop has turned. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export async function post(
  url: string,
  body: unknown,
  { headers = {}, signal }: { headers?: Record<string, string>; signal?: AbortSignal } = {},
): Promise<Answered> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    ...(signal && { signal }),
  })
  return { status: response.status, headers: response.headers, body: await response.json() }
}

/** Sends bytes as they are and reads until the server closes, or has sent so many whole answers. */
export async function raw(port: number, bytes: string | Buffer, answers = 1): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let text = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    if (wholeAnswers(text) >= answers) socket.destroy()
  })
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(bytes)
  await once(socket, 'close')
  return text
}

function wholeAnswers(text: string): number {
  let [rest, count] = [Buffer.from(text), 0]
  for (;;) {
    const head = rest.indexOf('\r\n\r\n')
    const length = /content-length: (\d+)/i.exec(rest.toString('utf8', 0, Math.max(head, 0)))?.[1]
    if (head === -1 || length === undefined) return count
    const end = head + 4 + Number(length)
    if (rest.length < end) return count
    rest = rest.subarray(end)
    count += 1
  }
}

/** Status and body of one answer as it came over the wire. */
export function parsed(text: string): { readonly status: number; readonly head: string; readonly body: unknown } {
  const at = text.indexOf('\r\n\r\n')
  const head = text.slice(0, at)
  return { status: Number(head.split(' ')[1]), head, body: JSON.parse(text.slice(at + 4)) as unknown }
}
