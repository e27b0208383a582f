import { defaultMetrics } from '@secondpass/core/eval'
import type { Command } from 'commander'
import { type ExitCode, misuse } from '../errors.js'
import { evalFiles } from '../eval/files.js'
import type { EvalFlags } from '../eval/output.js'
import { evalPools } from '../eval/pools.js'
import type { Io } from '../io.js'
import { SAMPLE_LINE, withPools } from '../measure/options.js'
import { numberFrom, numberInside, readMetrics, wholeFrom } from '../options/values.js'
import { withScorer } from '../scorer/options.js'

const EXAMPLES = `

Examples:
  secondpass eval --qrels qrels.txt --run reranked.run --json
  secondpass eval --qrels qrels.txt --run reranked.run --baseline bm25.run --html report.html
  secondpass eval --beir ./scifact --limit 300 --html report.html --markdown report.md

With --qrels, files are compared and nothing is scored. With --beir or --input, the candidates of a first stage are
reranked and compared with the order they had; stopped and started again, it resumes.`

/** Adds `secondpass eval`. */
export function addEval(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('eval')
    .summary('does reranking help?')
    .description('Measures a run, or what reranking changes: metrics, their lift with an interval, and a verdict.')
    .optionsGroup('What to measure:')
    .option('--qrels <file>', 'judgements, TREC or BEIR: measure --run against them')
    .option('--baseline <file>', 'a TREC run to compare --run with')
    .option('--metrics <list>', 'what to measure; the verdict is by the first', readMetrics, defaultMetrics)
    .option('--confidence <share>', 'of the intervals', numberInside('--confidence', [0, 1]), 0.95)
    .optionsGroup('The report:')
    .option('--max-loss <loss>', 'loss that skipping may cost', numberInside('--max-loss', [0, 1]), 0.01)
    .option('--context-top-n <count>', 'passages in a prompt', wholeFrom('--context-top-n', 1), 10)
    .option('--price <money>', 'what a million prompt tokens cost', numberFrom('--price', [0, Infinity]))
    .option('--currency <unit>', 'the unit of --price')
    .optionsGroup('Output:')
    .option('--json', 'print JSON')
    .option('--html <file>', 'write the report as a page')
    .option('--markdown <file>', 'write the report as Markdown')
    .option('--title <words>', 'title of the report')
    .option('--save-run <file>', 'write the reranked order as a TREC run')
    .addHelpText('after', SAMPLE_LINE + EXAMPLES)
  withScorer(withPools(command)).action(async (flags: EvalFlags) => {
    ended(isOfFiles(flags) ? await evalFiles(flags, io) : await evalPools(flags, io))
  })
}

/** Whether files are compared. Options that would be without effect are refused. */
function isOfFiles(flags: EvalFlags): boolean {
  const { qrels, baseline, beir, input, run } = flags
  if (qrels === undefined && beir === undefined && input === undefined) {
    throw misuse('nothing to evaluate: name --qrels and --run, or a BEIR folder with --beir, or a file with --input')
  }
  if (qrels === undefined) {
    if (baseline !== undefined) throw misuse('--baseline goes with --qrels: here the first stage is the baseline')
    return false
  }
  const other = beir !== undefined ? '--beir' : input !== undefined ? '--input' : undefined
  if (other !== undefined) throw misuse(`--qrels and ${other} cannot be used together: ${other} has its own judgements`)
  if (run === undefined) throw misuse('--qrels without --run: name the TREC run to measure')
  const scoring = ['scorer', 'model', 'state', 'restart', 'saveRun', 'limit'] as const
  const useless = scoring.find((name) => flags[name] !== undefined)
  if (useless === undefined) return true
  const option = useless.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  throw misuse(`--${option} has no effect with --qrels, where nothing is scored: leave it out, or use --beir`)
}
