import { calibrated } from '@secondpass/core'
import type { Command } from 'commander'
import { type ExitCode, misuse } from '../errors.js'
import { type InputFile, type NamedFile, checkFiles } from '../files/identity.js'
import { isPlace } from '../files/target.js'
import { readSmallFile } from '../input/open.js'
import { type Io, tell } from '../io.js'
import { finiteNumber, oneOf, wholeFrom } from '../options/values.js'
import { type Ready, rerankBatch } from '../rerank/batch.js'
import { type RerankFlags, rerankPool } from '../rerank/pool.js'
import { type Extras, loadReranker, scorerFiles, withReranker } from '../scorer/load.js'
import { withScorer } from '../scorer/options.js'
import { readShard } from '../work/batch.js'

const EXAMPLES = `
Examples:
  echo '{"id":"a","text":"Open Settings, then Security."}' | secondpass rerank "change my password"
  secondpass rerank --input queries.jsonl --output ranked.jsonl --top-n 10
  secondpass rerank --input queries.jsonl --shard 0/4 --output part-0.jsonl

With a query, each line of the input is a candidate: a string, or an object with "text" and perhaps "id" and "score".
Without one, each line is {"id"?, "query", "candidates": […]}; the shards of a batch are joined by
  LC_ALL=C sort -t: -k2,2n part-*.jsonl`

/** Adds `secondpass rerank`. */
export function addRerank(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('rerank')
    .summary('put the candidates that answer a query best on top')
    .description('Puts the candidates that answer a query best on top: JSONL in, JSONL out.')
    .argument('[query]', 'what was asked; the candidates are then the lines of the input')
    .optionsGroup('Input and output:')
    .option('--input <file>', 'where to read; - is stdin (default: stdin when a query is given)')
    .option('--output <file>', 'where a batch is written, and continued when it was stopped (default: stdout)')
    .option('--overwrite', 'start the output over, whatever it holds')
    .option('--shard <i/n>', 'take only the i-th of n parts of the lines, counted from 0', readShard)
    .optionsGroup('What comes back:')
    .option('--top-n <count>', 'how many results come back for a query (default: all)', wholeFrom('--top-n', 1))
    .option('--depth <count>', 'how many candidates are scored (default: 100)', wholeFrom('--depth', 1))
    .option('--min-score <score>', 'leave out results below this', finiteNumber('--min-score'))
    .option('--skip <file>', 'a calibration.json that says when scoring is not worth it')
    .option(
      '--on-error <what>',
      'throw, or keep-order when the scorer fails',
      oneOf('--on-error', ['throw', 'keep-order']),
    )
    .optionsGroup('The batch:')
    .option(
      '--bad-lines <what>',
      'stop, or skip lines that cannot be read',
      oneOf('--bad-lines', ['stop', 'skip']),
      'stop',
    )
    .option(
      '--concurrency <count>',
      'queries under way at once, for scorers that wait',
      wholeFrom('--concurrency', 1),
      1,
    )
    .option('--ids-only', 'leave the candidates out of the results')
    .addHelpText('after', EXAMPLES)
  withScorer(command).action(async (query: string | undefined, flags: RerankFlags) => {
    checkFlags(query, flags)
    checkFiles([...scorerFiles(flags), ...inputsOf(flags)], outputsOf(flags), io)
    const calibration = flags.skip === undefined ? undefined : readSmallFile(flags.skip)
    const loaded = await loadReranker(flags, io, extrasOf(flags, { calibration, io }))
    ended(await withReranker(loaded, (ready) => run(query, flags, { io, ready: { ...ready, calibration } })))
  })
}

function inputsOf({ input = '-', skip }: RerankFlags): InputFile[] {
  const files: InputFile[] = [{ option: '--input', path: input }]
  if (skip !== undefined) files.push({ option: '--skip', path: skip })
  return files
}

/** The output and what stands beside it, unless it is a pipe or a device. */
function outputsOf({ output }: RerankFlags): NamedFile[] {
  if (output === undefined) return []
  const beside = output !== '' && isPlace(output) ? ['.part', '.state', '.part.state'] : []
  return ['', ...beside].map((suffix) => ({ option: '--output', path: `${output}${suffix}` }))
}

async function run(
  query: string | undefined,
  flags: RerankFlags,
  { io, ready }: { readonly io: Io; readonly ready: Ready },
): Promise<ExitCode> {
  return query === undefined ? rerankBatch(flags, ready, io) : rerankPool({ query, flags }, ready, io)
}

function extrasOf(flags: RerankFlags, { calibration, io }: Pick<Ready, 'calibration'> & { readonly io: Io }): Extras {
  const { topN, depth, minScore, onError } = flags
  if (calibration === undefined) return { topN, depth, minScore, onError }
  const warn = (message: string): void => tell(io, `secondpass: ${message}`)
  return { topN, depth, minScore, onError, skip: calibrated(calibration, { warn }) }
}

function checkFlags(query: string | undefined, flags: RerankFlags): void {
  if (query === undefined) {
    if (flags.input === undefined) {
      throw misuse('no query: write it behind the command, or name a file of queries with --input')
    }
    return
  }
  if (query.trim() === '') throw misuse('the query is blank: write what was asked')
  for (const name of ['shard', 'output', 'overwrite'] as const) {
    if (flags[name] !== undefined) throw misuse(`--${name} belongs to a batch: leave the query out, and name --input`)
  }
}
