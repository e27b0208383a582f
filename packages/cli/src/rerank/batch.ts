import { createHash } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { CliError, type ExitCode, exitCodes, misuse } from '../errors.js'
import { type Task, badLine, isObject, parseLine, taskFault } from '../input/json-lines.js'
import type { Line } from '../input/lines.js'
import { nameOf, readLines } from '../input/open.js'
import { type Io, tell, write } from '../io.js'
import { AppendFile } from '../output/append-file.js'
import { byteSize, startProgress } from '../output/terminal.js'
import type { Loaded } from '../scorer/load.js'
import { claimOutput, isOwn, mapInOrder } from '../work/batch.js'
import { type RerankFlags, printedOutcome, printedResult } from './pool.js'

/** What a batch works with. */
export interface Ready extends Loaded {
  /** What the file of `--skip` held when it was read. */
  readonly calibration: string | undefined
}

/**
 * Reranks a query on each line, in the order of the input, in the memory of a few lines. With an output file the work can
 * be stopped at any time and resumes after the last whole line.
 */
export async function rerankBatch(flags: RerankFlags, loaded: Ready, io: Io): Promise<ExitCode> {
  const input = flags.input as string
  prepareOutput(flags, loaded)
  const sink = openSink(flags.output, io)
  const counts = { done: 0, leftOut: 0 }
  const last = sink.last()
  const total = sizeOf(input)
  const progress = startProgress(io, { label: 'reranking', total, format: byteSize })
  try {
    const tasks = readTasks(flags, { io, last, leaveOut: () => (counts.leftOut += 1) })
    for await (const { text, end } of mapInOrder(tasks, flags.concurrency, (task) =>
      rerankOne(task, flags, { loaded, io }),
    )) {
      await sink.add(text)
      counts.done += 1
      progress.update(end)
    }
    // The last line may be another shard's, and line breaks count too.
    if (total !== undefined) progress.update(total)
  } finally {
    progress.stop()
    sink.close()
  }
  report(counts, { sink, input, io, resumedAt: last?.line })
  return counts.leftOut > 0 ? exitCodes.incomplete : exitCodes.ok
}

async function rerankOne(
  { line, task, end }: Numbered,
  flags: RerankFlags,
  { loaded, io }: { readonly loaded: Loaded; readonly io: Io },
): Promise<{ readonly text: string; readonly end: number }> {
  io.signal.throwIfAborted()
  const { id, query, candidates } = task
  const ranking = await loaded.reranker.rerank(query, candidates, { signal: io.signal })
  const results = ranking.results.map((result) => printedResult(result, flags.idsOnly === true))
  // `line` stands first: it is what the outputs of several shards are sorted by.
  const answer = { line, ...(id !== undefined && { id }), query, ...printedOutcome(ranking), results }
  return { text: JSON.stringify(answer), end }
}

/** What must not change between the parts of one output. */
function prepareOutput(flags: RerankFlags, { id, calibration }: Ready): void {
  const { output, overwrite, shard = { index: 0, count: 1 } } = flags
  if (output === undefined) return
  if (overwrite === true) for (const path of [output, `${output}.state.json`]) rmSync(path, { force: true })
  // By the names of the options, since a message will show them.
  claimOutput(output, {
    scorer: id,
    shard: `${shard.index}/${shard.count}`,
    input: basename(flags.input ?? '-'),
    'top-n': flags.topN ?? null,
    depth: flags.depth ?? null,
    'min-score': flags.minScore ?? null,
    skip: flags.skip ?? null,
    // A file that is rewritten keeps its path, and would bring another policy into the same output.
    ...(calibration !== undefined && { 'sha256 of skip': sha256(calibration) }),
    'on-error': flags.onError ?? null,
    'ids-only': flags.idsOnly ?? false,
  })
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function sizeOf(input: string): number | undefined {
  if (input === '-') return undefined
  return statSync(input, { throwIfNoEntry: false })?.size
}

function report(
  { done, leftOut }: { readonly done: number; readonly leftOut: number },
  { sink, input, io, resumedAt }: { sink: Sink; input: string; io: Io; resumedAt: number | undefined },
): void {
  if (!sink.isFile) return
  const before = resumedAt === undefined ? '' : `; continued behind line ${resumedAt}`
  const left = leftOut === 0 ? '' : `; ${leftOut} lines left out`
  tell(io, `secondpass: ${done} queries of ${nameOf(input)} reranked${before}${left}`)
}

/** What the reading of tasks needs besides the flags. */
export interface TaskContext {
  readonly io: Io
  /** The last line that was done before; those up to it are passed over. */
  readonly last: LastLine | undefined
  /** Told of each line that is left out. */
  readonly leaveOut: () => void
}

/**
 * The lines of this shard that are still to be done. Lines of other shards, and those done before, are counted and not
 * parsed.
 *
 * @throws CliError with file and line for a bad line, unless those are to be skipped; and when the last line done before
 * has another query in the input, or is not in it.
 */
export async function* readTasks(flags: RerankFlags, { io, last, leaveOut }: TaskContext): AsyncGenerator<Numbered> {
  const { input = '-', shard = { index: 0, count: 1 }, badLines } = flags
  const name = nameOf(input)
  let wanted = last
  for await (const line of readLines(input, io)) {
    if (!isOwn(shard, line.number) || line.number < (wanted?.line ?? 0)) continue
    if (line.number === wanted?.line) {
      checkSame(name, line, wanted)
      wanted = undefined
      continue
    }
    if (wanted !== undefined) throw missingLine(name, wanted)
    try {
      yield { line: line.number, task: readTask(name, line), end: line.offset + line.length }
    } catch (error) {
      if (badLines === 'stop' || !(error instanceof CliError)) throw error
      tell(io, `secondpass: left out: ${error.message}`)
      leaveOut()
    }
  }
  if (wanted !== undefined) throw missingLine(name, wanted)
}

function readTask(name: string, line: Line): Task {
  const value = parseLine(name, line)
  const fault = taskFault(value)
  if (fault !== undefined) throw badLine(name, line, fault)
  return value as Task
}

const FIX = 'is it the same input? Else add --overwrite'

/** An input that was changed in the meantime would be continued in the wrong place. */
function checkSame(name: string, line: Line, last: LastLine): void {
  const { query } = readTask(name, line)
  if (query === last.query) return
  throw badLine(name, line, `the output has another query for this line: ${FIX}`)
}

/** Blank lines are not read, so a line may be missing in the middle too. */
function missingLine(name: string, { line }: LastLine): CliError {
  return new CliError(`${name}, line ${line}: blank or not there, but the output has an answer for this line: ${FIX}`)
}

/** A line of the input that is to be reranked. */
export interface Numbered {
  /** Its number in the input, from 1. */
  readonly line: number
  readonly task: Task
  /** Where the line ends in the input, in bytes: how far the work has come. */
  readonly end: number
}

/** The last line that an earlier run wrote. */
export interface LastLine {
  readonly line: number
  readonly query: string
}

/** Where answers go. */
export interface Sink {
  readonly isFile: boolean
  add(text: string): Promise<void>
  /** What an earlier run wrote last; nothing when this is the first. */
  last(): LastLine | undefined
  close(): void
}

/** Stdout, or a file that grows by whole lines. */
export function openSink(path: string | undefined, io: Io): Sink {
  if (path === undefined) {
    return { isFile: false, add: (text) => write(io.stdout, `${text}\n`), last: () => undefined, close: () => {} }
  }
  const file = new AppendFile(path)
  return {
    isFile: true,
    add: async (text) => file.add(text),
    last: () => readLast(path, file.lastLine()),
    close: () => file.close(),
  }
}

function readLast(path: string, text: string | undefined): LastLine | undefined {
  if (text === undefined) return undefined
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  if (isObject(value) && typeof value['line'] === 'number' && typeof value['query'] === 'string') {
    return { line: value['line'], query: value['query'] }
  }
  throw misuse(`--output ${path}: its last line was not written by this command; name another file, or add --overwrite`)
}
