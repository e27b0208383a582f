/** The driver's end of a peer process (peers/serve.mjs, peers/serve.py). */
import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'

/** `taskset` where there is one: a process that hops between cores is slower by its cold caches. */
const taskset = ['/usr/bin/taskset', '/bin/taskset'].find((path) => existsSync(path))

/** @param {number | string | undefined} core one, or several with commas @returns {[string, string[]]} the command, pinned where possible */
export function pinned(core, command, args) {
  return taskset === undefined || core === undefined
    ? [command, args]
    : [taskset, ['-c', String(core), command, ...args]]
}

/** Memory that a process held at its highest, where Linux tells. */
function peakMiB(pid) {
  try {
    return Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024
  } catch {
    return null
  }
}

/**
 * Starts a peer and waits until its model is loaded.
 *
 * @param {{ name: string, command: string, args: string[], core?: number | string, threads?: number, env?: Record<string, string> }} options
 * @returns {Promise<{ name: string, about: object, score(query: string, texts: string[]): Promise<{ ms: number, cpuMs: number, peakMiB: number | null, scores: number[] }>, close(): void }>}
 * @throws when the process ends before it is ready; the message carries what it wrote to stderr
 */
export async function startPeer({ name, command, args, core, threads = 1, env = {} }) {
  const child = spawn(...pinned(core, command, args), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1', BENCH_THREADS: String(threads), ...env },
  })
  const next = messages(child, name)
  const about = await next()
  return {
    name,
    about,
    async score(query, texts) {
      child.stdin.write(`${JSON.stringify({ query, texts })}\n`)
      const answer = await next()
      if (answer.error !== undefined) throw new Error(`${name}: ${answer.error}`)
      return { ...answer, peakMiB: peakMiB(child.pid) }
    },
    close: () => child.stdin.end(),
  }
}

/** A function that gives the next JSON message of the child, or rejects when the child is gone. */
function messages(child, name) {
  let complaint = ''
  child.stderr.on('data', (chunk) => (complaint = (complaint + chunk).slice(-2000)))
  child.stdin.on('error', () => {})
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return async () => {
    for (;;) {
      const { value, done } = await lines.next()
      if (done) throw new Error(`${name} ended (code ${child.exitCode}): ${complaint.trim()}`)
      if (value.startsWith('{')) return JSON.parse(value)
    }
  }
}

/**
 * Times two processes turn by turn: A B A B, so that whatever else the machine does hits both.
 *
 * @returns {Promise<{ turns: { peerMs: number, oursMs: number, peerCpuMs: number, oursCpuMs: number }[], peerMiB: number | null, oursMiB: number | null, scores: number[] }>}
 * `MiB`: of the process at its highest so far
 */
export async function timeSideBySide(peer, ours, { query, texts }, repeats) {
  const turns = []
  let [left, right] = [undefined, undefined]
  for (let turn = 0; turn < repeats; turn++) {
    right = await ours.score(query, texts)
    left = await peer.score(query, texts)
    turns.push({ peerMs: left.ms, oursMs: right.ms, peerCpuMs: left.cpuMs, oursCpuMs: right.cpuMs })
  }
  return { turns, peerMiB: left.peakMiB, oursMiB: right.peakMiB, scores: left.scores }
}
