import type { Candidate } from '../../types.js'
import { onAbort } from '../../abort.js'
import { type EndToEndOptions, checkEndToEnd } from './options.js'
import { askQuestion } from './question.js'
import { summarise } from './summary.js'
import type { EndToEndQuery, EndToEndRecord, EndToEndSummary } from './types.js'

/** What {@link measureEndToEnd} found. */
export interface EndToEnd {
  /** Plain JSON, which a report takes as it is. */
  readonly summary: EndToEndSummary
  /** One for each question, in their order. */
  readonly records: readonly EndToEndRecord[]
}

/**
 * Are the answers better? Runs the application's own answer function on the same questions with the first stage's passages
 * and with the reranked ones, has a judge compare the answers, and counts what a shorter context saves.
 *
 * A question whose passages are the same either way is answered once and counts as a tie. Costs: one reranking, one or two
 * answers and two judgements for each question. When a function rejects, the run ends with its error; what was done is in
 * the hands of `onRecord`, and `done` goes on from there.
 *
 * @throws RerankError `'invalid-argument'` when an option is wrong; `'scorer'` when a function answers with nonsense.
 */
export async function measureEndToEnd<C extends Candidate>(options: EndToEndOptions<C>): Promise<EndToEnd> {
  checkEndToEnd(options)
  options.signal?.throwIfAborted()
  const known = new Map(options.done?.map((record) => [record.queryId, record]))
  const left = options.queries.filter(({ queryId }) => !known.has(queryId))
  for (const record of await askAll(left, options)) known.set(record.queryId, record)
  const records = options.queries.map(({ queryId }) => known.get(queryId) as EndToEndRecord)
  return { summary: summarise(records, options), records }
}

/** So many at a time. The first that fails ends the others, and its error is the error of the run. */
async function askAll<C extends Candidate>(
  queries: readonly EndToEndQuery<C>[],
  options: EndToEndOptions<C>,
): Promise<EndToEndRecord[]> {
  const records: EndToEndRecord[] = []
  const ending = new AbortController()
  const { signal } = options
  const stopListening = signal === undefined ? undefined : onAbort(signal, () => ending.abort(signal.reason))
  let [next, telling] = [0, Promise.resolve()]
  const tell = async (record: EndToEndRecord): Promise<void> => void (await options.onRecord?.(record))
  const work = async (): Promise<void> => {
    while (next < queries.length && !ending.signal.aborted) {
      const record = await askQuestion(queries[next++] as EndToEndQuery<C>, options, ending.signal)
      records.push(record)
      await (telling = telling.then(() => tell(record)))
    }
  }
  const endAll = (error: unknown): void => ending.abort(error)
  try {
    const workers = Array.from({ length: options.concurrency ?? 4 }, () => work().catch(endAll))
    await Promise.all(workers)
  } finally {
    stopListening?.()
  }
  if (ending.signal.aborted) throw ending.signal.reason
  return records
}
