/** nDCG@10 of each way to order, from the card of the bundled model; what it costs, from bench/results/models.json. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { paths } from '../lib/paths.mjs'
import { median } from '../lib/stats.mjs'
import { pageTable, readTable } from './table.mjs'

const MEAN = 'mean of sets'

function readCard() {
  const card = readFileSync(join(paths.model, 'CARD.md'), 'utf8')
  const found = /^\| nDCG@10 [\s\S]*?(?=\n\n)/m.exec(card)
  if (found === null) throw new Error('packages/model-en-mini/CARD.md has no table that begins with "nDCG@10"')
  return readTable(found[0])
}

/** @returns {(system: string, column: string) => { value: string, interval: string }} cells such as `0.779 (+0.1 to +0.2)` */
function figuresOf({ columns, rows } = readCard()) {
  return (system, column) => {
    const cell = rows.get(system)?.[columns.indexOf(column)]
    if (cell === undefined) throw new Error(`packages/model-en-mini/CARD.md has no figure for "${system}", "${column}"`)
    const [, value, interval = ''] = /^(\S+)(?: \((.*)\))?$/.exec(cell) ?? []
    return { value, interval }
  }
}

function costs() {
  const { cpuMs, machine, tokens } = JSON.parse(readFileSync(join(paths.results, 'models.json'), 'utf8'))
  const ms = (/** @type {string} */ way) => `${Number(median(cpuMs[way]).toPrecision(2)).toLocaleString('en')} ms`
  return { ms, machine, tokens }
}

/** Where the times come from, in a few words. */
function timesLine({ machine: { cpu, instructions, loadAverage, date }, tokens }) {
  const pairs = `100 candidates of ${Math.round(tokens.mean)} tokens on average`
  const fastest = ['amx_int8', 'avx512_vnni', 'avx_vnni'].find((name) => instructions.includes(name)) ?? 'no VNNI'
  return `CPU time: one thread, ${pairs}; ${cpu} (${fastest}), load average ${loadAverage}, ${date.slice(0, 10)}.`
}

/** @param {(way: string) => string} ms */
const waysWith = (ms) => [
  ['BM25, as found', 'BM25', '-'],
  ['BM25 fused with a sentence encoder', 'bi-encoder + BM25', '-'],
  ['secondpass, the model alone', 'mini', ms('mini')],
  ['**secondpass as it comes: model and BM25 blended**', 'mini + BM25', ms('mini')],
  ['the small model, blended', 'tiny + BM25', ms('tiny')],
]

export function fiveWays() {
  const figure = figuresOf()
  const times = costs()
  const rows = waysWith(times.ms).map(([name, system, time]) => {
    const { value, interval } = figure(system, MEAN)
    return [name, value, interval || '-', time]
  })
  return [
    pageTable(['order of 100 candidates', 'nDCG@10', 'gain over BM25, 95 % interval', 'CPU time'], rows),
    timesLine(times),
  ].join('\n\n')
}

/** A row a collection. */
export function byCollection() {
  const card = readCard()
  const figure = figuresOf(card)
  const heads = [
    'collection (questions)',
    'BM25',
    'sentence encoder and BM25',
    'model alone',
    'blend, the default',
    'gain of the blend over BM25',
    'small model, blended',
    'best order possible',
  ]
  const systems = ['BM25', 'bi-encoder + BM25', 'mini', 'mini + BM25', '', 'tiny + BM25', 'best order of the pool']
  const rows = card.columns.map((column) => [
    column,
    ...systems.map((system) => (system === '' ? figure('mini + BM25', column).interval : figure(system, column).value)),
  ])
  return pageTable(heads, rows)
}

/** What a cascade keeps and costs. */
export function cascade() {
  const figure = figuresOf()
  const times = costs()
  const ways = [
    ['as BM25 found them', 'BM25', '-'],
    ['one stage, the bundled model over 100', 'mini + BM25', times.ms('mini')],
    ['one stage, the small model over 100', 'tiny + BM25', times.ms('tiny')],
    [
      'cascade: the small model over 100, the bundled model over the best 20',
      'tiny → mini, + BM25',
      times.ms('tiny → mini'),
    ],
    [
      'one stage, the bundled model over the best 20 of BM25',
      'mini over the best 20, + BM25',
      times.ms('mini over the best 20'),
    ],
  ]
  const rows = ways.map(([name, system, time]) => [name, figure(system, MEAN).value, time])
  return [pageTable(['way', 'nDCG@10', 'CPU time'], rows), timesLine(times)].join('\n\n')
}

/** The table of the small model's card. */
export function smallModel() {
  const card = readCard()
  const figure = figuresOf(card)
  const systems = ['BM25', 'tiny', 'tiny + BM25', 'tiny → mini, + BM25', 'mini + BM25']
  const heads = ['collection (questions)', 'BM25', 'alone', 'blend', 'cascade', 'the bundled model, blended']
  const rows = card.columns.map((column) => [column, ...systems.map((system) => figure(system, column).value)])
  const gain = (/** @type {string} */ system) => figure(system, MEAN).interval
  return [
    pageTable(heads, rows),
    `Gain over BM25 on the mean, 95 % bootstrap interval: alone ${gain('tiny')}, blend ${gain('tiny + BM25')}, cascade ${gain('tiny → mini, + BM25')}.`,
  ].join('\n\n')
}
