/**
 * Writes the measured tables of the README, the docs and the models' cards between the marks
 * `<!-- figures: NAME -->` and `<!-- /figures -->`: from bench/results/*.json, from
 * training/runs and from the card of the bundled model. A figure is typed nowhere, so that two pages cannot disagree.
 *
 *   node bench/figures.mjs            writes
 *   node bench/figures.mjs --check    changes nothing; ends with 1 and names the pages that are out of date
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { paths } from './lib/paths.mjs'
import {
  aWorker,
  calibration,
  languages,
  longTexts,
  peers,
  runtime,
  serve,
  servePeers,
  serverUnderLoad,
  tokenizers,
} from './figures/from-results.mjs'
import { byCollection, cascade, fiveWays, smallModel } from './figures/quality.mjs'
import { reading } from './figures/reading.mjs'

const makers = {
  'five ways': fiveWays,
  'by collection': byCollection,
  cascade,
  'small model': smallModel,
  peers,
  runtime,
  serve,
  'serve peers': servePeers,
  'server under load': serverUnderLoad,
  'a worker': aWorker,
  languages,
  'long texts': longTexts,
  calibration,
  tokenizers,
  ...reading,
}
const pages = [
  'README.md',
  'docs/measurements.md',
  'docs/models.md',
  'docs/workers-and-servers.md',
  'docs/serve.md',
  'docs/cascades.md',
  'docs/deciding.md',
  'docs/evaluation.md',
  'docs/long-texts.md',
  'packages/model-en-mini/CARD.md',
  'packages/model-en-tiny/CARD.md',
]
const marked = /(<!-- figures: ([\w ]+) -->\n)[\s\S]*?(<!-- \/figures -->)/g

const { values: options } = parseArgs({ options: { check: { type: 'boolean', default: false } } })
const outdated = []
for (const page of pages) {
  const path = join(paths.root, page)
  const text = readFileSync(path, 'utf8')
  const filled = text.replace(marked, (_whole, open, name, close) => {
    if (!Object.hasOwn(makers, name)) throw new Error(`${page}: there are no figures "${name}"`)
    return `${open}\n${makers[name]()}\n\n${close}`
  })
  if (filled === text) continue
  outdated.push(page)
  if (!options.check) writeFileSync(path, filled)
}
if (options.check && outdated.length > 0) {
  console.error(`Out of date: ${outdated.join(', ')}. Run \`node bench/figures.mjs\`.`)
  process.exitCode = 1
}
