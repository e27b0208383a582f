/**
 * From process start to the first score, and the memory it takes: ours with the bundled model next to the transformers.js
 * snippet with a stock BERT of 6 layers, fresh processes turn by turn, one core, files in the page cache.
 *
 *   node bench/cold-start.mjs [--runs 9] [--core 1] [--name cold-start]
 */
import { execFileSync, spawn } from 'node:child_process'
import { parseArgs } from 'node:util'
import { preparePeers } from './lib/install-peers.mjs'
import { paths } from './lib/paths.mjs'
import { pinned } from './lib/peer-process.mjs'
import { describeMachine, ratio, report, table } from './lib/report.mjs'
import { median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '9' },
    core: { type: 'string', default: '1' },
    name: { type: 'string', default: 'cold-start' },
  },
})
const machine = describeMachine()
preparePeers({ all: false })
// What users install; tsc alone writes the small modules.
execFileSync(process.execPath, ['packages/core/bundle.mjs'], { cwd: paths.root, stdio: 'inherit' })

const contestants = [
  { name: 'node, nothing loaded', args: ['bench/cold/empty.mjs'] },
  { name: 'secondpass', args: ['bench/cold/ours.mjs', 'node/index.js'] },
  { name: 'secondpass, as tsc writes it', args: ['bench/cold/ours.mjs', 'index.js'] },
  { name: 'transformers.js snippet q8', args: ['bench/peers/cold-snippet.mjs', paths.stock, 'q8'] },
  { name: 'transformers.js snippet fp32', args: ['bench/peers/cold-snippet.mjs', paths.stock, 'fp32'] },
]

/** One fresh process; the times of its points since just before it was spawned, in milliseconds. */
async function startOnce({ name, args }) {
  const [command, all] = pinned(Number(options.core), process.execPath, args)
  const started = performance.timeOrigin + performance.now()
  const child = spawn(command, all, {
    cwd: paths.root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ORT_DISABLE_TELEMETRY: '1' },
  })
  let output = ''
  for await (const chunk of child.stdout) output += chunk
  if (output === '') throw new Error(`${name} printed nothing`)
  const { points, ...rest } = JSON.parse(output.trim().split('\n').at(-1))
  return { ...rest, ms: Object.fromEntries(Object.entries(points).map(([point, at]) => [point, at - started])) }
}

const runs = new Map(contestants.map(({ name }) => [name, []]))
for (const contestant of contestants) await startOnce(contestant)
for (let turn = 0; turn < Number(options.runs); turn++) {
  for (const contestant of contestants) runs.get(contestant.name).push(await startOnce(contestant))
}

const middle = (name, choose) => median(runs.get(name).map(choose))
const total = (name) => middle(name, (run) => run.ms.scored)
const cpu = (name) => middle(name, (run) => run.cpuMs)
const rows = contestants.map(({ name }) => {
  const times = runs.get(name).map((run) => run.ms.scored)
  const point = (key) => (runs.get(name)[0].ms[key] === undefined ? '-' : middle(name, (run) => run.ms[key]).toFixed(0))
  const memory = ['rssMiB', 'peakMiB'].map((key) => middle(name, (run) => run[key]).toFixed(0))
  return [
    name,
    point('boot'),
    point('imported'),
    total(name).toFixed(0),
    `${Math.min(...times).toFixed(0)} - ${Math.max(...times).toFixed(0)}`,
    ratio(total(name) / total('secondpass')),
    cpu(name).toFixed(0),
    ratio(cpu(name) / cpu('secondpass')),
    ...memory,
  ]
})
const heads = [
  '',
  'first line ms',
  'imported ms',
  'first score ms',
  'least - most',
  'against ours',
  'CPU ms',
  'against ours',
  'RSS MiB',
  'peak MiB',
]
const tables = [`medians of ${options.runs} fresh processes each, turn by turn\n\n${table(heads, rows)}`]
report(options.name, { machine, tables, options, runs: Object.fromEntries(runs) })
