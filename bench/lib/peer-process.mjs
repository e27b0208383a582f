/** The driver's end of a peer process (peers/serve.mjs, peers/serve.py). */
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'

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
