import type { Command } from 'commander'
import type { ExitCode } from '../errors.js'
import { checkFiles } from '../files/identity.js'
import type { Io } from '../io.js'
import { finiteNumber, wholeFrom } from '../options/values.js'
import { type WorkFlags, readQueueName, work } from '../queue/jobs.js'
import { loadReranker, scorerFiles, withReranker } from '../scorer/load.js'
import { withScorer } from '../scorer/options.js'

const EXAMPLES = `
Example:
  secondpass work --queue rerank --redis redis://127.0.0.1:6379 --top-n 10 --ids-only

Takes jobs from a queue of BullMQ, as many processes on as many machines as you like. The data of a job is what stands on a
line of a batch, {"id"?, "query", "candidates": […]}; its result is the line of the output. How often a job is tried, and
how long it waits in between, is set where it is added. SIGTERM and Ctrl-C: what is under way is finished.`

/** Adds `secondpass work`. */
export function addWork(program: Command, io: Io, ended: (code: ExitCode) => void): void {
  const command = program
    .command('work')
    .summary('rerank the jobs of a queue in Redis')
    .description('Takes queries with their candidates from a queue of BullMQ, and leaves the rankings as results.')
    .requiredOption('--queue <name>', 'the queue', readQueueName)
    .requiredOption('--redis <url>', 'where it is, for example redis://127.0.0.1:6379')
    .option('--concurrency <count>', 'jobs under way at once, for scorers that wait', wholeFrom('--concurrency', 1), 1)
    .option('--top-n <count>', 'how many results a job has (default: all)', wholeFrom('--top-n', 1))
    .option('--depth <count>', 'how many candidates are scored (default: 100)', wholeFrom('--depth', 1))
    .option('--min-score <score>', 'leave out results below this', finiteNumber('--min-score'))
    .option('--ids-only', 'leave the candidates out of the results')
    .option(
      '--stalled-ms <ms>',
      'time after which a job of a worker that is gone is taken over',
      wholeFrom('--stalled-ms', 1000),
      30_000,
    )
    .addHelpText('after', EXAMPLES)
  withScorer(command).action(async (flags: WorkFlags) => {
    checkFiles(scorerFiles(flags), [], io)
    const { topN, depth, minScore } = flags
    const loaded = await loadReranker(flags, io, { topN, depth, minScore })
    ended(await withReranker(loaded, (ready) => work(flags, ready, io)))
  })
}
