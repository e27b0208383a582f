import type { MetricName } from '@secondpass/core/eval'
import type { Command } from 'commander'
import { type ExitCode, exitCodes, usageError } from '../errors.js'
import { type Io, write } from '../io.js'
import { blendOf, depthOf, refuseUnjudged } from '../measure/findings.js'
import { type PoolFlags, SAMPLE_LINE, openPools, withPools } from '../measure/options.js'
import { scorePools } from '../measure/score-pools.js'
import { numberFrom, readMetric } from '../options/values.js'
import { table } from '../output/terminal.js'
import { loadReranker, withReranker } from '../scorer/load.js'
import { type ScorerFlags, withScorer } from '../scorer/options.js'

interface DepthFlags extends PoolFlags, ScorerFlags {
  readonly depths: readonly number[]
  readonly metric: MetricName
  readonly share: number
  readonly json?: boolean
}

const EXAMPLE = `

Example:
  secondpass depth --beir ./scifact --limit 100`

/** Adds `secondpass depth`. */
export function addDepth(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('depth')
    .summary('how many candidates are worth reranking')
    .description('Prints quality and cost by depth, and the smallest depth that is deep enough.')
    .optionsGroup('What to try:')
    .option('--depths <list>', 'depths to try', readDepths, [10, 20, 50, 100, 200])
    .option('--metric <name>', 'what to measure', readMetric('--metric'), 'nDCG@10')
    .option('--share <share>', 'share of the best that is enough', numberFrom('--share', [0, 1]), 0.99)
    .optionsGroup('Output:')
    .option('--json', 'print JSON')
    .addHelpText('after', SAMPLE_LINE + EXAMPLE)
  withScorer(withPools(command)).action(async (flags: DepthFlags) => {
    const pools = await openPools(flags, [], io)
    refuseUnjudged(pools.qrels)
    const loaded = await loadReranker(flags, io, { depth: Infinity })
    ended(
      await withReranker(loaded, async () => {
        const scored = await scorePools(pools, { loaded, flags, io })
        const advice = depthOf(scored, pools.qrels, { ...flags, blend: blendOf(loaded, scored) })
        await write(io, flags.json === true ? `${JSON.stringify(advice)}\n` : `${printed(advice, flags)}\n`)
        return exitCodes.ok
      }),
    )
  })
}

function printed({ curve, sentence }: ReturnType<typeof depthOf>, { metric }: DepthFlags): string {
  const rows = curve.map(({ depth, value, cost }) => [
    depth === 0 ? 'first stage' : String(depth),
    value.toFixed(4),
    `${cost.toFixed(0)} ms`,
  ])
  return `${table([['depth', metric, 'per query'], ...rows])}\n\n${sentence}`
}

function readDepths(text: string): readonly number[] {
  const depths = text.split(',').map(Number)
  if (depths.every((depth) => Number.isSafeInteger(depth) && depth >= 1)) return depths
  throw usageError('--depths', text, 'pass whole numbers from 1 with commas between them, for example 10,50,100')
}
