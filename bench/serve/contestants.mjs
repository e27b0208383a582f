/** Servers of the same weights, each in a process of its own on one core: ours, and what else one would start. */
import { spawn } from 'node:child_process'
import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { paths } from '../lib/paths.mjs'
import { foldedStock } from '../lib/peer-list.mjs'
import { pinned } from '../lib/peer-process.mjs'

const infinityCache = join(paths.build, 'infinity-cache')

const quiet = {
  OMP_NUM_THREADS: '1',
  TOKENIZERS_PARALLELISM: 'false',
  // Nothing is fetched and nothing reported. Infinity keeps the graphs that it has optimised under the name of the model,
  // which is "." for all of these.
  HF_HOME: infinityCache,
  HF_HUB_OFFLINE: '1',
  DO_NOT_TRACK: '1',
  INFINITY_ANONYMOUS_USAGE_STATS: '0',
  ORT_DISABLE_TELEMETRY: '1',
}

/**
 * @param {{ weights: string, limitMs: number }} options `weights`: folder with safetensors, for torch
 * @returns {Record<string, { name: string, path: string, command: string, args: (port: number) => string[], cwd?: string }>}
 */
export function contestants({ weights, limitMs }) {
  const infinity = (/** @type {string} */ engine, /** @type {string} */ folder) => ({
    path: '/rerank',
    command: join(dirname(paths.infinityPython), 'infinity_emb'),
    // Its engine optimum finds a local graph only in the folder that it runs in.
    cwd: folder,
    args: (/** @type {number} */ port) => [
      'v2',
      '--model-id',
      '.',
      '--served-model-name',
      'bench',
      '--engine',
      engine,
      '--device',
      'cpu',
      '--dtype',
      'float32',
      '--no-bettertransformer',
      '--no-model-warmup',
      '--host',
      '127.0.0.1',
      '--port',
      String(port),
    ],
  })
  const ours = (/** @type {string} */ model) => ({
    path: '/v1/rerank',
    command: process.execPath,
    args: (/** @type {number} */ port) => [
      join(paths.root, 'packages/cli/dist/bin.js'),
      'serve',
      '--model',
      model,
      '--port',
      String(port),
      '--deadline-ms',
      String(limitMs),
      '--no-access-log',
    ],
  })
  return {
    ours: { name: 'secondpass serve, int8', ...ours(paths.lean) },
    'ours-fp32': { name: 'secondpass serve, fp32', ...ours(paths.leanExact) },
    'infinity-torch': { name: 'Infinity, torch fp32', ...infinity('torch', weights) },
    'infinity-onnx': {
      name: 'Infinity, ONNX int8',
      ...infinity('optimum', foldedStock('infinity-q8', paths.stock, 'onnx/model_quantized.onnx')),
    },
    fastapi: {
      name: 'FastAPI + sentence-transformers, fp32',
      path: '/rerank',
      command: paths.python,
      args: (/** @type {number} */ port) => [join(paths.peers, 'fastapi_server.py'), weights, String(port)],
    },
  }
}

/** Ended with this process, also when it is stopped: one at rest would be left behind. */
const running = new Set()
process.once('exit', () => running.forEach((end) => end()))
process.once('SIGINT', () => process.exit(130))
process.once('SIGTERM', () => process.exit(143))

/**
 * Starts one and waits until it has answered.
 *
 * @param {ReturnType<typeof contestants>[string]} contestant
 * @param {number} core
 */
export async function startContestant({ name, path, command, args, cwd }, core) {
  rmSync(infinityCache, { recursive: true, force: true })
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn(...pinned(core, command, args(port)), {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...quiet },
  })
  let written = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => (written = (written + chunk).slice(-4000)))
  }
  const gone = new Promise((resolve) => child.once('close', resolve))
  const url = `http://127.0.0.1:${port}${path}`
  const all = () => [child.pid, ...descendants(child.pid)]
  const signal = (/** @type {NodeJS.Signals} */ which) => {
    for (const pid of all()) process.kill(pid, which)
  }
  const kill = () => child.exitCode === null && child.signalCode === null && signal('SIGKILL')
  running.add(kill)
  while (!(await isAnswered(url))) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${written}`)
    await wait(50)
  }
  const readyMs = performance.now() - startedAt
  return {
    name,
    url,
    readyMs,
    /** Takes no processor time until it goes on: the one that is measured has the core for itself. */
    rest: () => signal('SIGSTOP'),
    goOn: () => signal('SIGCONT'),
    memoryMiB: () => all().reduce((sum, pid) => sum + proportionalMiB(pid), 0),
    end() {
      kill()
      running.delete(kill)
      return gone
    },
  }
}

/** Whether a question is answered with scores. */
async function isAnswered(/** @type {string} */ url) {
  const body = JSON.stringify({ model: 'bench', query: 'a gate', documents: ['a gate of the mill', 'bread'] })
  const headers = { 'content-type': 'application/json' }
  return fetch(url, { method: 'POST', headers, body }).then(
    ({ status }) => status === 200,
    () => false,
  )
}

/** @returns {Promise<number>} */
const freePort = () =>
  new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? address.port : 0))
    })
  })

function descendants(/** @type {number} */ pid) {
  const children = readdirSync('/proc').filter((entry) => {
    if (!/^\d+$/.test(entry)) return false
    try {
      return Number(readFileSync(`/proc/${entry}/stat`, 'utf8').split(') ')[1].split(' ')[1]) === pid
    } catch {
      return false // It ended meanwhile.
    }
  })
  return children.map(Number).flatMap((child) => [child, ...descendants(child)])
}

/** Memory of a process; what several share is divided among them. */
const proportionalMiB = (/** @type {number} */ pid) =>
  Number(/^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024
