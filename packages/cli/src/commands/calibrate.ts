import type { SkipCalibrationResult } from '@secondpass/core/eval'
import type { Command } from 'commander'
import { type ExitCode, exitCodes } from '../errors.js'
import { replaceFile } from '../files/replace.js'
import { type Io, tell, write } from '../io.js'
import { type SkipOptions, scorerIdOf, skipOf } from '../measure/findings.js'
import { type PoolFlags, SAMPLE_LINE, openPools, withPools } from '../measure/options.js'
import { scorePools } from '../measure/score-pools.js'
import { numberInside } from '../options/values.js'
import { percent, table } from '../output/terminal.js'
import { signalMeaning } from '../report/glossary.js'
import { loadReranker, withReranker } from '../scorer/load.js'
import { type ScorerFlags, withScorer } from '../scorer/options.js'

interface CalibrateFlags extends PoolFlags, ScorerFlags {
  readonly maxLoss: number
  readonly confidence: number
  readonly unlabelled?: boolean
  readonly curves?: boolean
  readonly output: string
  readonly json?: boolean
}

const EXAMPLE = `

Examples:
  secondpass calibrate --beir ./scifact --max-loss 0.01
  secondpass calibrate --input sample.jsonl --unlabelled --retriever "our vector store" --corpus manuals

The file is for \`calibrated\` of @secondpass/core, and for \`secondpass rerank --skip\`. With too few queries nothing is
promised, and the file says never to skip.`

/** Adds `secondpass calibrate`. */
export function addCalibrate(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('calibrate')
    .summary('when reranking may be skipped')
    .description('Finds when reranking may be skipped, prints what that would cost, and writes calibration.json.')
    .optionsGroup('The promise:')
    .option('--max-loss <loss>', 'mean loss in nDCG@10 that is acceptable', numberInside('--max-loss', [0, 1]), 0.01)
    .option('--confidence <share>', 'how sure the promise must be', numberInside('--confidence', [0, 1]), 0.9)
    .option('--unlabelled', "take the reranker's own order for right, and read no judgements")
    .optionsGroup('Output:')
    .option('--curves', 'print what each signal would skip and lose')
    .option('--output <file>', 'where the calibration is written', 'calibration.json')
    .option('--json', 'print JSON')
    .addHelpText('after', SAMPLE_LINE + EXAMPLE)
  withScorer(withPools(command)).action(async (flags: CalibrateFlags) => {
    const pools = await openPools(flags, [{ option: '--output', path: flags.output }], io)
    const loaded = await loadReranker(flags, io, { depth: Infinity })
    ended(
      await withReranker(loaded, async () => {
        const scored = await scorePools(pools, { loaded, flags, io })
        const { retriever, corpus } = pools
        const options: SkipOptions = { ...pick(flags), scorerId: scorerIdOf(scored) ?? loaded.id, retriever, corpus }
        const labelled = flags.unlabelled !== true && pools.qrels.size > 0
        const result = skipOf(scored, labelled ? pools.qrels : undefined, options)
        replaceFile(flags.output, `${JSON.stringify(result.file, undefined, 2)}\n`)
        const truth = labelled ? 'judgements' : "the reranker's own order"
        tell(io, `secondpass: ${scored.length} queries, by ${truth}; written to ${flags.output}`)
        await write(io, flags.json === true ? `${JSON.stringify(result)}\n` : `${printed(result, flags)}\n`)
        return exitCodes.ok
      }),
    )
  })
}

function pick({ maxLoss, confidence }: CalibrateFlags): Pick<SkipOptions, 'maxLoss' | 'confidence'> {
  return { maxLoss, confidence }
}

/** The promise or why there is none, how to use it, and the coverage–loss curve of each signal when it is asked for. */
function printed(
  { outcome, curves, sentence }: SkipCalibrationResult,
  { output, curves: wanted }: CalibrateFlags,
): string {
  const next =
    outcome === 'promised'
      ? `Use it: \`secondpass rerank --skip ${output}\`, or \`createReranker({ skip: calibrated(text of the file) })\`.`
      : 'The file says never to skip, and is safe to use as it is.'
  if (wanted !== true) return `${sentence}\n${next}\nWhat each signal would skip and lose: --curves`
  const blocks = curves.map(({ signal, measured, curve }) => {
    const known = measured < 1 ? ` (${percent(measured)} of the queries have it)` : ''
    const meaning = signalMeaning(signal)
    const head = `${signal}${known}${meaning === undefined ? '' : `: ${meaning}`}`
    const rows = curve.map(({ threshold, skipRate, loss }) => [
      threshold.toPrecision(4),
      percent(skipRate),
      loss.toFixed(4),
    ])
    if (rows.length === 0) return `${head}\nno threshold to try`
    return `${head}\n${table([['skip from', 'skipped', 'loss'], ...rows])}`
  })
  return [`${sentence}\n${next}`, 'The curves describe these queries and promise nothing.', ...blocks].join('\n\n')
}
