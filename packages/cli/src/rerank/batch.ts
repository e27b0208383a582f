import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import { RerankError } from '@secondpass/core'
import type { Line } from '@secondpass/core/eval'
import { CliError, type ExitCode, exitCodes, oneLine } from '../errors.js'
import { isStdin } from '../files/identity.js'
import { lookAt } from '../files/target.js'
import { type Task, objectOf, readTask } from '../input/json-lines.js'
import { nameOf, readLines } from '../input/open.js'
import { type Io, tell } from '../io.js'
import { byteSize, startProgress } from '../output/terminal.js'
import type { Loaded } from '../scorer/load.js'
import { type Settings, isOwn, mapInOrder } from '../work/batch.js'
import { type SeenLine, type Sink, changedInput, openSink, seen } from './output.js'
import { type RerankFlags, printedOutcome, printedResult, tellLeftOut } from './pool.js'

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
  const sink = openSink(flags.output, { overwrite: flags.overwrite === true, settings: settingsOf(flags, loaded) }, io)
  const counts = { done: 0, leftOut: 0 }
  const total = sizeOf(input)
  const progress = startProgress(io, { label: 'reranking', total, format: byteSize })
  try {
    const tasks = readTasks(flags, { io, sink, leaveOut: () => (counts.leftOut += 1) })
    for await (const { text, end, read } of mapInOrder(tasks, flags.concurrency, (task) =>
      rerankOne(task, flags, { loaded, io }),
    )) {
      await sink.add(text, read)
      counts.done += 1
      progress.update(end)
    }
    sink.finish()
    // The last line may be another shard's, and line breaks count too.
    if (total !== undefined) progress.update(total)
  } catch (error) {
    progress.stop()
    if (sink.unfinished !== undefined) tell(io, `secondpass: ${sink.unfinished}`)
    throw error
  } finally {
    progress.stop()
    sink.close()
  }
  report(counts, { sink, input, io })
  return counts.leftOut > 0 ? exitCodes.incomplete : exitCodes.ok
}

interface Answer extends Pick<Numbered, 'end' | 'read'> {
  readonly text: string
}

async function rerankOne(
  { line, task, end, read }: Numbered,
  flags: RerankFlags,
  { loaded, io }: { readonly loaded: Loaded; readonly io: Io },
): Promise<Answer> {
  io.signal.throwIfAborted()
  const { idSource, query, candidates } = task
  const values = candidates.map(({ value }) => value)
  const ranking = await loaded.reranker.rerank(query, values, { signal: io.signal })
  const results = ranking.results.map((result) => printedResult(result, candidates, flags.idsOnly === true))
  const outcome = Object.entries(printedOutcome(ranking) ?? {}).map(([key, value]) => [key, JSON.stringify(value)])
  // `line` stands first: it is what the outputs of several shards are sorted by.
  const text = objectOf([
    ['line', String(line)],
    ['id', idSource],
    ['query', JSON.stringify(query)],
    ...(outcome as [string, string][]),
    ['results', `[${results.join(',')}]`],
  ])
  return { text, end, read }
}

/** What must not change between the parts of one output: by the names of the options, since a message will show them. */
function settingsOf(flags: RerankFlags, { id, calibration }: Ready): Settings {
  const { shard = { index: 0, count: 1 } } = flags
  return {
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
  }
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

function sizeOf(input: string): number | undefined {
  const stats = isStdin(input) ? undefined : lookAt(input)
  return stats?.isFile() === true ? Number(stats.size) : undefined
}

function report(
  { done, leftOut }: { readonly done: number; readonly leftOut: number },
  { sink, input, io }: { readonly sink: Sink; readonly input: string; readonly io: Io },
): void {
  tellLeftOut(leftOut, input, io)
  if (!sink.isFile) return
  const before = sink.last === undefined ? '' : `; continued behind line ${sink.last}`
  tell(io, `secondpass: ${done} queries of ${nameOf(input)} reranked${before}`)
}

/** What the reading of tasks needs besides the flags. */
interface TaskContext {
  readonly io: Io
  /** What was done before: those lines are passed over. */
  readonly sink: Pick<Sink, 'last' | 'earlier' | 'remember'>
  /** Told of each line that is left out. */
  readonly leaveOut: () => void
}

/**
 * The lines of this shard that are still to be done. Lines of other shards are counted and not looked at, and those done
 * before are held to what they were.
 *
 * @throws CliError with file and line for a bad line, unless those are to be skipped; and when a line done before is not
 *   what it was, or not there.
 */
export async function* readTasks(flags: RerankFlags, { io, sink, leaveOut }: TaskContext): AsyncGenerator<Numbered> {
  const { input = '-', shard = { index: 0, count: 1 }, badLines } = flags
  const { last = 0 } = sink
  const earlier = sink.earlier()
  let [reached, read] = [0, [] as SeenLine[]]
  for await (const line of readLines(input, io)) {
    if (!isOwn(shard, line.number)) continue
    if (line.number > last && reached < last) throw missingLine(input, last)
    reached = line.number
    if (line.number <= last) {
      await checkSame(line, earlier, sink)
      continue
    }
    read.push(seen(line))
    const task = taskOf(line)
    if (task instanceof Error) {
      if (badLines === 'stop') throw task
      tell(io, `secondpass: left out: ${oneLine(task)}`)
      leaveOut()
      continue
    }
    yield { line: line.number, task, end: line.offset + line.length, read }
    read = []
  }
  if (reached < last) throw missingLine(input, last)
}

/** What stands on a line, or what is wrong with it. */
function taskOf(line: Line): Task | Error {
  try {
    return readTask(line)
  } catch (error) {
    if (error instanceof CliError || RerankError.is(error)) return error as Error
    throw error
  }
}

/** An input that was changed in the meantime would be continued in the wrong place, or mixed of two. */
async function checkSame(line: Line, earlier: AsyncIterator<SeenLine>, sink: Pick<Sink, 'remember'>): Promise<void> {
  const next = await earlier.next()
  // What was remembered of the last lines may be lost with the power.
  if (next.done === true) return sink.remember(seen(line))
  const { number, digest } = next.value
  if (number === line.number && digest === seen(line).digest) return
  const at = Math.min(number, line.number)
  const what = number < line.number ? 'blank or not there now' : 'another line than the one that was read before'
  throw changedInput(`${line.file}, line ${at}`, what)
}

/** Blank lines are not read, so a line may be missing in the middle too. */
function missingLine(input: string, number: number): CliError {
  return changedInput(
    `${nameOf(input)}, line ${number}`,
    'blank or not there, but the output has an answer for this line',
  )
}

/** A line of the input that is to be reranked. */
export interface Numbered {
  /** Its number in the input, from 1. */
  readonly line: number
  readonly task: Task
  /** Where the line ends in the input, in bytes: how far the work has come. */
  readonly end: number
  /** The lines that were read for it: those left out since the one before, and its own. */
  readonly read: readonly SeenLine[]
}
