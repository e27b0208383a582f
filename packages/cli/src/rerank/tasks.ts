import { CliError } from '../errors.js'
import { type Task, taskFault } from '../input/candidates.js'
import { badLine, parseLine } from '../input/json-lines.js'
import type { Line } from '../input/lines.js'
import { nameOf, readLines } from '../input/open.js'
import { type Io, tell } from '../io.js'
import { isOwn } from '../work/shard.js'
import type { LastLine, Numbered } from './sink.js'
import type { RerankFlags } from './flags.js'

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
