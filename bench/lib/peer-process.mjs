/** The driver's end of a peer process (peers/serve.mjs, peers/serve.py). */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { median } from './stats.mjs'

/** `taskset` where there is one: a process that hops between cores is slower by its cold caches. */
const taskset = ['/usr/bin/taskset', '/bin/taskset'].find((path) => existsSync(path))

/** @returns {[string, string[]]} the command, pinned to one core where possible */
export function pinned(core, command, args) {
  return taskset === undefined || core === undefined
    ? [command, args]
    : [taskset, ['-c', String(core), command, ...args]]
}

/**
 * Starts a peer and waits until its model is loaded.
 *
 * @param {{ name: string, command: string, args: string[], core?: number }} options
 * @returns {Promise<{ name: string, about: object, score(query: string, texts: string[]): Promise<{ ms: number, scores: number[] }>, close(): void }>}
 * @throws when the process ends before it is ready; the message carries what it wrote to stderr
 */
export async function startPeer({ name, command, args, core }) {
  const child = spawn(...pinned(core, command, args), {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
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
      return answer
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
 * @returns {Promise<{ peerMs: number, oursMs: number, ratio: number, cpuRatio: number, scores: number[] }>} medians over
 * the repeats of one question, and the peer's time over ours, by the clock and by processor time
 */
export async function timeSideBySide(peer, ours, { query, texts }, repeats) {
  const answers = { peer: [], ours: [] }
  for (let turn = 0; turn < repeats; turn++) {
    answers.ours.push(await ours.score(query, texts))
    answers.peer.push(await peer.score(query, texts))
  }
  const middle = (who, key) => median(answers[who].map((answer) => answer[key]))
  const [peerMs, oursMs] = [middle('peer', 'ms'), middle('ours', 'ms')]
  const cpuRatio = middle('peer', 'cpuMs') / middle('ours', 'cpuMs')
  return { peerMs, oursMs, ratio: peerMs / oursMs, cpuRatio, scores: answers.peer.at(-1).scores }
}
