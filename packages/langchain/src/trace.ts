import { CallbackManager, type Callbacks } from '@langchain/core/callbacks/manager'
import type { DocumentInterface } from '@langchain/core/documents'
import type { Ranking, Report } from '@secondpass/core'

/** A retriever run to open: LangSmith and other tracers show its documents. */
export interface RetrieverRun {
  readonly name: string
  readonly query: string
  readonly tags: string[]
  readonly metadata: Record<string, unknown>
}

/**
 * Runs `work` inside a retriever run of its own, a child of the run that `callbacks` came from. Compressors get no run
 * from LangChain, so without this a trace shows nothing of them.
 */
export async function traceRetriever<D extends DocumentInterface>(
  callbacks: Callbacks | undefined,
  { name, query, tags, metadata }: RetrieverRun,
  work: (children: CallbackManager | undefined) => Promise<D[]>,
): Promise<D[]> {
  // Through configure() the tracer that the LANGSMITH environment variables ask for is found as well.
  const manager = CallbackManager.configure(callbacks, undefined, undefined, tags, undefined, metadata)
  const run = await manager?.handleRetrieverStart(
    notSerialized(name),
    query,
    undefined,
    undefined,
    undefined,
    undefined,
    name,
  )
  try {
    const documents = await work(run?.getChild())
    await run?.handleRetrieverEnd(documents)
    return documents
  } catch (error) {
    await run?.handleRetrieverError(error)
    throw error
  }
}

/**
 * Runs `rank` inside a chain run whose output is the report. A retriever run has room for documents only; this child
 * is where a trace says that the ranking was skipped, failed or came late.
 */
export async function traceRanking<R extends Ranking>(
  callbacks: CallbackManager | undefined,
  inputs: Record<string, unknown>,
  rank: () => Promise<R>,
): Promise<R> {
  const name = 'secondpass.rerank'
  const run = await callbacks?.handleChainStart(
    notSerialized(name),
    inputs,
    undefined,
    undefined,
    undefined,
    undefined,
    name,
  )
  try {
    const ranking = await rank()
    await run?.handleChainEnd({ outcome: outcomeOf(ranking.report), report: plain(ranking.report) })
    return ranking
  } catch (error) {
    await run?.handleChainError(error)
    throw error
  }
}

function notSerialized(name: string): { lc: number; type: 'not_implemented'; id: string[] } {
  return { lc: 1, type: 'not_implemented', id: ['@secondpass/langchain', name] }
}

/** One word for a trace's list view: what the last stage did. */
function outcomeOf(report: Report): string {
  return report.stages.at(-1)?.outcome ?? 'empty'
}

/** The report as JSON can carry it: errors become their messages. */
function plain(report: Report): Record<string, unknown> {
  return {
    ...report,
    stages: report.stages.map(({ error, ...stage }) =>
      error === undefined ? stage : { ...stage, error: error.message },
    ),
  }
}
