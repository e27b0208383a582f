/**
 * What a worker costs and brings, to decide which way is the default: memory, start to the first score, a short script to
 * its end, one call, 16 calls at once. Both ways take turns in one run; believe the ratios.
 *
 *   node bench/workers.mjs [--runs 7] [--turns 5] [--size 50] [--name workers]
 */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'
import { startServer } from './server/start.mjs'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '7' },
    turns: { type: 'string', default: '5' },
    size: { type: 'string', default: '50' },
    core: { type: 'string' },
    name: { type: 'string', default: 'workers' },
  },
})
const machine = describeMachine()
const core = options.core ?? requirePath(paths.core, 'run `pnpm build` first')
const ways = [0, 1]

/** A fresh process that asks one question; its own marks and the time until it has ended. */
async function runScript(/** @type {number} */ workers) {
  const startedAt = performance.now()
  const script = fileURLToPath(new URL('server/script.mjs', import.meta.url))
  const child = spawn(process.execPath, [script, core, String(workers)], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve(undefined)))
  return { ...JSON.parse(output), endedMs: performance.now() - startedAt }
}

const scripts = { 0: [], 1: [] }
for (let run = 0; run <= Number(options.runs); run++) {
  for (const workers of ways) {
    const one = await runScript(workers)
    // The first of each brings the files into memory.
    if (run > 0) scripts[workers].push(one)
  }
}

const servers = []
for (const workers of ways) servers.push(await startServer({ core, workers, size: Number(options.size) }))
const calls = { 0: [], 1: [] }
for (let turn = 0; turn < Number(options.turns); turn++) {
  for (const [workers, { ask }] of servers.entries()) {
    const { ms: aloneMs, rssMiB } = await ask('alone')
    calls[workers].push({ aloneMs, rssMiB, ...(await ask('together', { calls: 16 })) })
    console.error(`${workers} workers: ${JSON.stringify(calls[workers].at(-1))}`)
  }
}
for (const { close } of servers) close()

const row = (/** @type {string} */ what, /** @type {(workers: number) => number[]} */ of, unit = 'ms') => {
  const [inside, beside] = ways.map((workers) => median(of(workers)))
  return [what, ...[inside, beside].map((value) => `${value.toFixed(0)} ${unit}`), ratio(beside / inside)]
}
const tables = [
  table(
    ['', 'in process', '1 worker', 'ratio'],
    [
      row('process start to the first score', (workers) => scripts[workers].map(({ scoredMs }) => scoredMs)),
      row('a short script, to its end', (workers) => scripts[workers].map(({ endedMs }) => endedMs)),
      row('its memory at the highest', (workers) => scripts[workers].map(({ peakMiB }) => peakMiB), 'MiB'),
      row('memory of a server, after calls', (workers) => calls[workers].map(({ rssMiB }) => rssMiB), 'MiB'),
      row(`one call of ${options.size}`, (workers) => calls[workers].map(({ aloneMs }) => aloneMs)),
      row('16 calls at once, to the last', (workers) => calls[workers].map(({ allMs }) => allMs)),
      row('16 calls at once, to the first', (workers) => calls[workers].map(({ firstMs }) => firstMs)),
    ],
  ),
]
report(options.name, { machine, tables, options, scripts, calls })
