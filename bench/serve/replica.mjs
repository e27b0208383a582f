import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'

const bin = join(paths.root, 'packages/cli/dist/bin.js')

/**
 * `secondpass serve` in a process of its own, on a free port unless the arguments name one.
 *
 * @param {string[]} args
 */
export async function startReplica(args) {
  const startedAt = performance.now()
  const own = args.some((arg) => arg.startsWith('--port')) ? [] : ['--port', '0']
  const child = spawn(process.execPath, [bin, 'serve', ...own, '--no-access-log', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const gone = new Promise((resolve) => child.once('close', resolve))
  let written = ''
  const url = await new Promise((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (chunk) => {
      written += chunk
      const [, place] = /listening at (http:\S+)\n[^]*ready after/.exec(written) ?? []
      if (place !== undefined) resolve(place)
    })
    child.once('close', (code) => reject(new Error(`secondpass serve ended with ${code}: ${written}`)))
  })
  const readyMs = performance.now() - startedAt
  /** A number of /metrics. */
  const metric = async (/** @type {string} */ name) => {
    const page = await (await fetch(`${url}/metrics`)).text()
    return Number(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'm').exec(page)?.[1])
  }
  const end = (/** @type {NodeJS.Signals} */ signal = 'SIGTERM') => {
    child.kill(signal)
    return gone
  }
  /** Whether it was there to be told. */
  const signal = (/** @type {NodeJS.Signals} */ which) => child.exitCode === null && child.kill(which)
  return { url, readyMs, readyCpuMs: cpuMsOf(child.pid), metric, end, signal, stderr: () => written }
}

/** Processor time of a process since its start, where Linux tells: the metrics begin to count when they are loaded. */
function cpuMsOf(/** @type {number | undefined} */ pid) {
  const file = `/proc/${pid}/stat`
  if (!existsSync(file)) return NaN
  // Behind the name, which may hold anything, the 12th and 13th are user and system time in hundredths of a second.
  const fields = readFileSync(file, 'utf8').split(') ')[1].split(' ')
  return 10 * (Number(fields[11]) + Number(fields[12]))
}
