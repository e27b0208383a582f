import { createHash } from 'node:crypto'
import { rmSync, statSync } from 'node:fs'
import { basename } from 'node:path'
import { type ExitCode, exitCodes } from '../exit-codes.js'
import { nameOf } from '../input/open.js'
import { type Io, tell } from '../io.js'
import { byteSize, startProgress } from '../output/progress.js'
import type { Loaded } from '../scorer/load.js'
import { mapInOrder } from '../work/in-order.js'
import { claimOutput } from '../work/resume.js'
import { type Numbered, type Sink, openSink } from './sink.js'
import { readTasks } from './tasks.js'
import { printedOutcome, printedResult } from './result.js'
import type { RerankFlags } from './flags.js'

/** What a batch works with. */
export interface Ready extends Loaded {
  /** What the file of `--skip` held when it was read. */
  readonly calibration: string | undefined
}

/**
 * Reranks a query on each line, in the order of the input, in the memory of a few lines. With an output file the work can
 * be stopped at any time and goes on behind the last whole line.
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
    // A file that is written anew keeps its path, and would bring another policy into the same output.
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
