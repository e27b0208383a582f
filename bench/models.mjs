/**
 * What each way to use the two models of our own costs: processor time of one thread for the same 100 candidates, the
 * ways taking turns.
 *
 *   node bench/models.mjs [--profile mixed] [--turns 7] [--name models]
 *
 * The quality of the same ways stands in the cards of the models; `figures.mjs` puts both into one table.
 */
import { parseArgs } from 'node:util'
import { candidateSets } from './candidates.mjs'
import { paths, requirePath } from './lib/paths.mjs'
import { describeMachine, report, table } from './lib/report.mjs'
import { mean, median } from './lib/stats.mjs'

const { values: options } = parseArgs({
  options: {
    profile: { type: 'string', default: 'mixed' },
    turns: { type: 'string', default: '7' },
    name: { type: 'string', default: 'models' },
  },
})
const machine = describeMachine()
const { createReranker, crossEncoder } = await import(requirePath(paths.core, 'run `pnpm build`'))
// Every turn has the same candidates: they would be known after the first.
const mini = crossEncoder({ passageCacheMiB: 0 })
const tiny = crossEncoder({ model: 'bundled-tiny' })

/** The names of the systems in the model's card, and the stages that they are. */
const ways = {
  mini: [{ scorer: mini, depth: 100 }],
  tiny: [{ scorer: tiny, depth: 100 }],
  'mini over the best 20': [{ scorer: mini, depth: 20 }],
  'tiny → mini': [
    { scorer: tiny, depth: 100 },
    { scorer: mini, depth: 20 },
  ],
}
const rerankers = Object.entries(ways).map(([way, stages]) => ({ way, reranker: createReranker({ stages }) }))
const [{ query, texts, tokens }] = candidateSets(options.profile, { queries: 1, size: 100 })
const candidates = texts.map((text, at) => ({ text, score: texts.length - at }))

/** @type {Record<string, number[]>} */
const cpuMs = Object.fromEntries(Object.keys(ways).map((way) => [way, []]))
// The first turn loads the models and is left out.
for (let turn = 0; turn <= Number(options.turns); turn++) {
  for (const { way, reranker } of rerankers) {
    const before = process.cpuUsage()
    await reranker.rerank(query, candidates, { topN: 10 })
    const { user, system } = process.cpuUsage(before)
    if (turn > 0) cpuMs[way].push((user + system) / 1000)
  }
}
await mini.close()
await tiny.close()

const rows = Object.entries(cpuMs).map(([way, times]) => [
  way,
  median(times).toFixed(0),
  `${Math.min(...times).toFixed(0)} - ${Math.max(...times).toFixed(0)}`,
])
const heading = `100 candidates of ${Math.round(mean(tokens))} tokens on average, question included; one thread, medians of ${options.turns} turns`
report(options.name, {
  machine,
  tables: [`${heading}\n\n${table(['way', 'CPU ms', 'least - most'], rows)}`],
  scorers: { mini: mini.id, tiny: tiny.id },
  options,
  tokens: { mean: mean(tokens), least: Math.min(...tokens), most: Math.max(...tokens) },
  cpuMs,
})
