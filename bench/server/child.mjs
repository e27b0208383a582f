/**
 * The server that bench/server.mjs asks: reranks as it is told over IPC, and answers /health meanwhile. Started as
 *
 *   node --expose-gc bench/server/child.mjs CORE WORKERS CALL_SIZE
 */
import { createServer } from 'node:http'
import { candidateSets } from '../candidates.mjs'
import { median } from '../lib/stats.mjs'

const [core, workers, size] = [process.argv[2], Number(process.argv[3]), Number(process.argv[4])]
const { createReranker, crossEncoder } = await import(core)
const [{ query, texts }] = candidateSets('mixed', { queries: 1, size })
const reranker = createReranker({ scorer: crossEncoder({ workers, passageCacheMiB: 0 }), depth: size })
const mib = () => process.memoryUsage().rss / 2 ** 20

/** One call, told from its start: what came of it, and when. */
async function call(/** @type {number} */ at, options = {}) {
  const startedAt = performance.now()
  const ms = () => performance.now() - startedAt
  try {
    // Another question each time, so that nothing of it is known.
    const { report } = await reranker.rerank(`${query} ${at}`, texts, options)
    const [{ outcome, stats }] = report.stages
    return { outcome, ms: ms(), runs: stats.runs ?? 0 }
  } catch (error) {
    return { outcome: typeof error.code === 'string' ? error.code : error.name, ms: ms(), runs: 0 }
  }
}

const many = (/** @type {number} */ calls, options = {}) =>
  Promise.all(Array.from({ length: calls }, (_, at) => call(at, options)))

const tasks = {
  /** How long one call takes when nothing else is asked. */
  async alone() {
    const times = []
    for (let turn = 0; turn < 5; turn++) times.push((await call(turn)).ms)
    return { ms: median(times), rssMiB: mib() }
  },
  /** So many calls at once, without a deadline. */
  async together({ calls }) {
    const startedAt = performance.now()
    const done = await many(calls)
    const times = done.map(({ ms }) => ms)
    return { allMs: performance.now() - startedAt, medianMs: median(times), firstMs: Math.min(...times) }
  },
  async deadline({ calls, deadlineMs }) {
    const done = await many(calls, { deadlineMs })
    const late = done.filter(({ outcome }) => outcome === 'late')
    return {
      ranked: done.filter(({ outcome }) => outcome === 'ranked').length,
      late: late.length,
      lateWithoutARun: late.filter(({ runs }) => runs === 0).length,
      latestMs: Math.max(...done.map(({ ms }) => ms)),
    }
  },
  /** More calls than can be served; those that still wait when the first have been answered are aborted. */
  async flood({ calls, answers }) {
    globalThis.gc?.()
    const before = mib()
    const controller = new AbortController()
    const outcomes = {}
    let [ranked, firstMs, firstRefusedMs, mostMiB] = [0, Infinity, Infinity, before]
    const one = async (_, at) => {
      const { outcome, ms } = await call(at, { signal: controller.signal })
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1
      if (outcome === 'overloaded') firstRefusedMs = Math.min(firstRefusedMs, ms)
      if (outcome !== 'ranked') return
      firstMs = Math.min(firstMs, ms)
      mostMiB = Math.max(mostMiB, mib())
      if (++ranked === answers) controller.abort()
    }
    await Promise.all(Array.from({ length: calls }, one))
    return { outcomes, firstMs, firstRefusedMs, grewMiB: mostMiB - before }
  },
}

const server = createServer((_request, response) => response.end('ok')).listen(0, '127.0.0.1')
await new Promise((resolve) => server.once('listening', resolve))
await reranker.rerank('warm up', ['a first run allocates', 'what later runs use', 'in every worker'])
process.on('message', ({ task, ...options }) => {
  void tasks[task](options).then((result) => process.send({ task, result }))
})
process.on('disconnect', () => process.exit())
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
process.send({ task: 'ready', result: { port } })
