import type { Teacher } from '@secondpass/core/eval'
import type { Command } from 'commander'
import { type ExitCode, exitCodes, oneLine, usageError } from '../errors.js'
import { checkFiles } from '../files/identity.js'
import { type Io, tell, write } from '../io.js'
import { type LabelSummary, labelFile } from '../label/run.js'
import { aboveZero, oneOf, wholeFrom } from '../options/values.js'
import { startProgress } from '../output/terminal.js'
import { loadReranker, scorerFiles, withReranker } from '../scorer/load.js'
import { type ScorerFlags, withScorer } from '../scorer/options.js'

interface LabelFlags extends ScorerFlags {
  readonly input: string
  readonly output: string
  readonly concurrency: number
  readonly perMinute?: number
  readonly spendLimit?: Readonly<Record<string, number>>
  readonly onError: 'stop' | 'skip'
  readonly json?: boolean
}

const EXAMPLE = `
Example:
  secondpass label --scorer ./teacher.mjs --input queries.jsonl --output labelled.jsonl \\
    --per-minute 60 --spend-limit cost=5

Each line of the input is {"id", "query", "candidates": [{"id", "text"}]}; each line of the output the same with the
scores of the teacher, by the id of its scorer. Started again, it resumes after the last line.`

/** Adds `secondpass label`. */
export function addLabel(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('label')
    .summary('score a file of queries, to train a smaller model on')
    .description('Writes the scores of a teacher, any scorer or reranker, beside the candidates of each query.')
    .optionsGroup('The batch:')
    .requiredOption('--input <file>', 'queries with their candidates, JSONL')
    .requiredOption('--output <file>', 'where the labelled queries go; one that was begun is continued')
    .option('--concurrency <count>', 'queries under way at once', wholeFrom('--concurrency', 1), 1)
    .option('--per-minute <count>', 'queries begun in a minute at most', aboveZero('--per-minute'))
    .option('--spend-limit <limits>', 'what may be spent, as the teacher counts: cost=5,requests=1000', readLimits)
    .option(
      '--on-error <what>',
      'stop, or skip a query that the teacher fails on',
      oneOf('--on-error', ['stop', 'skip']),
      'stop',
    )
    .option('--json', 'print the summary as JSON')
    .addHelpText('after', EXAMPLE)
  withScorer(command).action(async (flags: LabelFlags) => {
    const { input, output } = flags
    const read = [...scorerFiles(flags), { option: '--input', path: input, again: true }]
    checkFiles(read, [{ option: '--output', path: output }], io)
    const loaded = await loadReranker(flags, io, { depth: Infinity })
    ended(await withReranker(loaded, async ({ reranker }) => print(await run(reranker, flags, io), flags, io)))
  })
}

async function run(teacher: Teacher, flags: LabelFlags, io: Io): Promise<LabelSummary> {
  const { input, output, concurrency, perMinute: queriesPerMinute, spendLimit, onError } = flags
  const progress = startProgress(io, { label: 'labelling' })
  const job = { input, output, teacher, concurrency, queriesPerMinute, spendLimit, onError }
  try {
    return await labelFile(
      {
        ...job,
        onProgress: ({ done, total }) => progress.update(done, total),
        onFailure: ({ id, line, error }) => {
          progress.stop()
          tell(io, `secondpass: ${input}, line ${line}: query "${id}" is left out: ${oneLine(error)}`)
        },
      },
      io,
    )
  } finally {
    progress.stop()
  }
}

async function print(summary: LabelSummary, { json, output }: LabelFlags, io: Io): Promise<ExitCode> {
  if (json === true) await write(io, `${JSON.stringify(summary)}\n`)
  const { done, total, written, resumed, failed, spent, stoppedBy } = summary
  const before = resumed === 0 ? '' : `, ${resumed} before`
  const left = failed === 0 ? '' : `, ${failed} left out`
  const cost = Object.entries(spent).map(([name, amount]) => `${name} ${Number(amount.toPrecision(6))}`)
  const price = cost.length === 0 ? '' : `; ${cost.join(', ')}`
  tell(io, `secondpass: ${written} queries labelled into ${output}${before}${left}${price}`)
  if (stoppedBy !== undefined) {
    tell(io, `secondpass: the spend limit is reached; ${total - done} queries are left: start again to continue`)
  }
  return failed > 0 || stoppedBy !== undefined ? exitCodes.incomplete : exitCodes.ok
}

function readLimits(text: string): Readonly<Record<string, number>> {
  const pairs = text.split(',').map((part) => /^\s*(\w+)=(\S+)\s*$/.exec(part))
  const limits = pairs.map((pair): [string, number] => [pair?.[1] ?? '', Number(pair?.[2])])
  if (limits.every(([name, most]) => name !== '' && most > 0)) return Object.fromEntries(limits)
  throw usageError(
    '--spend-limit',
    text,
    'write name=amount with commas between them, for example cost=5,requests=1000',
  )
}
