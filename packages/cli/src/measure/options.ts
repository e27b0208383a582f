import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Command, Option } from 'commander'
import { misuse, usageError } from '../errors.js'
import { type InputFile, type NamedFile, checkFiles } from '../files/identity.js'
import type { Io } from '../io.js'
import type { ScoreFlags } from './score-pools.js'
import { openBeir } from '../pools/beir.js'
import { openPoolFile } from '../pools/file.js'
import type { Pools } from '../pools/types.js'
import { wholeFrom } from '../options/values.js'
import { scorerFiles } from '../scorer/load.js'
import type { ScorerFlags } from '../scorer/options.js'

/** What every command takes that reranks a sample of queries. */
export interface PoolFlags extends ScoreFlags {
  readonly beir?: string
  readonly split: string
  readonly run?: string
  readonly input?: string
  readonly candidates: number
  readonly limit?: number
  readonly retriever?: string
  readonly corpus?: string
}

/** A line of `--input`, for the help of every command that takes a sample. */
export const SAMPLE_LINE = `
A line of --input:
  {"query": "How do I …?", "candidates": [{"id": "a", "text": "To …", "score": 12.3}, …], "judgements": {"a": 1}}`

/** Adds the options that name the sample. */
export function withPools(command: Command): Command {
  return command
    .optionsGroup('The sample:')
    .option('--beir <folder>', 'queries, judgements and corpus in the layout of BEIR')
    .option('--split <name>', 'which judgements of the BEIR folder: qrels/<name>.tsv', 'test')
    .option('--run <file>', 'what the first stage found, a TREC run (default: BM25 over the corpus)')
    .option('--input <file>', 'instead of --beir: JSONL with a query and its candidates on each line')
    .addOption(candidatesOption())
    .option('--limit <count>', 'take at most this many queries', wholeFrom('--limit', 1))
    .option(
      '--state <file>',
      'where scores are kept, so that a stopped run resumes (default: .secondpass/, a name by the settings)',
    )
    .option('--restart', 'score again what was scored before')
    .option(
      '--concurrency <count>',
      'queries under way at once, for scorers that wait',
      wholeFrom('--concurrency', 1),
      1,
    )
    .option('--retriever <words>', 'what the first stage is called in reports and files')
    .option('--corpus <words>', 'what the collection is called in reports and files')
}

function candidatesOption(): Option {
  return new Option('--candidates <count>', 'how many candidates of a query are looked at')
    .default(100)
    .argParser(wholeFrom('--candidates', 1))
}

/**
 * Opens what the options name, after a look at every file that is read and written.
 *
 * @param outputs what else is written, besides the state
 */
export async function openPools(flags: PoolFlags & ScorerFlags, outputs: readonly NamedFile[], io: Io): Promise<Pools> {
  const { beir, input } = flags
  if (beir !== undefined && input !== undefined) throw misuse('--beir and --input cannot be used together: name one')
  if (beir === undefined && input === undefined)
    throw misuse('no queries: name a BEIR folder with --beir, or a file with --input')
  if (input !== undefined && flags.run !== undefined)
    throw misuse('--run goes with --beir: the candidates of --input stand in the file')
  if (beir !== undefined) checkSplit(beir, flags.split)
  const state = flags.state === undefined ? [] : [flags.state, `${flags.state}.part`]
  const written = [...outputs, ...state.map((path) => ({ option: '--state', path }))]
  checkFiles([...scorerFiles(flags), ...sampleFiles(flags)], written, io)
  const pools =
    beir === undefined
      ? await openPoolFile({ ...flags, input: input as string }, io)
      : await openBeir({ ...flags, beir }, io)
  return { ...pools, retriever: flags.retriever ?? pools.retriever, corpus: flags.corpus ?? pools.corpus }
}

/** Names the judgements that are there when those that were asked for are not. */
function checkSplit(beir: string, split: string): void {
  const folder = join(beir, 'qrels')
  if (!existsSync(folder) || existsSync(join(folder, `${split}.tsv`))) return
  const found = readdirSync(folder).flatMap((name) => (name.endsWith('.tsv') ? [name.slice(0, -'.tsv'.length)] : []))
  const fix = found.length === 0 ? `there is no judgement file in ${folder}` : `${beir} has ${found.sort().join(', ')}`
  throw usageError('--split', split, fix)
}

/** The files of the sample; all of them are read more than once. */
function sampleFiles({ beir, split, run, input }: PoolFlags): InputFile[] {
  const files: InputFile[] = []
  if (input !== undefined) files.push({ option: '--input', path: input, again: true })
  if (run !== undefined) files.push({ option: '--run', path: run, again: true })
  if (beir === undefined) return files
  const places = [join(beir, 'queries.jsonl'), join(beir, 'qrels', `${split}.tsv`)]
  for (const path of places) files.push({ option: '--beir', path, again: true })
  files.push({ option: '--beir', path: join(beir, 'corpus.jsonl'), again: true, unpacked: true })
  return files
}
