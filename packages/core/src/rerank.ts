import { crossEncoder } from '#node/score/cross-encoder/cross-encoder'
import { settleAll } from './base/call.js'
import { isError, RerankError, warn } from './base/errors.js'
import { type RerankerOptions, resolveOptions, type Settings } from './options.js'
import {
  type CandidateOf,
  type Entry,
  readRequest,
  type Request,
  type RerankOptions,
  type StageResult,
} from './request.js'
import { select, toEdges } from './select/select.js'
import { runStage } from './stage.js'
import { type CallTrace, isTraced, startTrace } from './telemetry/trace.js'
import type { Candidate, Ranking, Report, StageReport } from './types.js'

/** Puts the candidates that answer a query best on top. Made by {@link createReranker}. */
export interface Reranker extends AsyncDisposable {
  /**
   * Reranks candidates: at most `topN`, best first unless `order` says otherwise. `results[i].candidate` is the very
   * object given (`{ text }` for a string); nothing of the caller's is copied or changed. Without candidates the answer
   * is empty and nothing loads.
   *
   * @param query what was asked; must not be blank.
   * @param candidates strings, or objects with a `text`, in the order of the first stage, best first.
   * @throws RerankError `'invalid-argument'` for a wrong argument, `'closed'` after `close()`, `'model-files'` or
   * `'runtime'` when the scorer cannot be loaded; the scorer's own error when it fails and `onError` is `'throw'`; the
   * reason of `options.signal` when that aborts. A passed deadline is not an error: see `report`.
   */
  rerank<T extends string | Candidate>(
    query: string,
    candidates: readonly T[],
    options?: RerankOptions,
  ): Promise<Ranking<CandidateOf<T>>>
  /**
   * Loads what the scorers need ahead of the first call, for example while the retriever works. Idempotent.
   *
   * @throws RerankError `'closed'` after `close()`; what `rerank` throws when a scorer cannot be loaded.
   */
  warmup(): Promise<void>
  /** Closes the scorers, also those that were passed in. Idempotent; later calls reject with code `'closed'`. */
  close(): Promise<void>
}

/**
 * Makes a reranker. Without options it uses the bundled cross-encoder: no key, no network. `model` names another.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option; without a `scorer`, `'model-files'` when the model
 * cannot be found and `'runtime'` in browsers and edge runtimes, which cannot run it.
 */
export function createReranker(options: RerankerOptions = {}): Reranker {
  const settings = resolveOptions(options, crossEncoder)
  const observe = observer(settings.onReport)
  const scorers = [...new Set(settings.stages.map((stage) => stage.scorer))]
  let closing: Promise<void> | undefined

  const refuseClosed = (): void => {
    if (closing !== undefined) throw new RerankError('closed', 'The reranker was closed: make a new one to go on.')
  }
  const close = (): Promise<void> => (closing ??= settleAll(scorers.map(async (scorer) => scorer.close?.())))

  return {
    async rerank(query, candidates, callOptions = {}) {
      refuseClosed()
      const request = readRequest(settings, { query, candidates, options: callOptions })
      const trace = isTraced(settings.telemetry) ? await startTrace(settings.telemetry) : undefined
      const tell = (report: Report): void => {
        trace?.end(report)
        observe(report)
      }
      const stages: StageReport[] = []
      try {
        const list = await runStages(settings, request, { stages, trace })
        const ranking = await choose(settings, request, { list, stages })
        tell(ranking.report)
        return ranking
      } catch (error) {
        tell({ ...reportOf(request, { stages }), error })
        throw error
      }
    },
    async warmup() {
      refuseClosed()
      await settleAll(scorers.map(async (scorer) => scorer.warmup?.()))
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

/** Each stage works on the list that the one before left. */
async function runStages<C extends Candidate>(
  settings: Settings,
  { entries, run }: Request<C>,
  { stages: reports, trace }: { stages: StageReport[]; trace: CallTrace | undefined },
): Promise<readonly Entry<C>[]> {
  run.signal?.throwIfAborted()
  if (entries.length === 0) return entries
  let list = entries
  for (const stage of settings.stages) {
    run.signal?.throwIfAborted()
    const before = list
    const work = (): Promise<StageResult<C>> => runStage(stage, before, run)
    const done = await (trace === undefined ? work() : trace.stage(stage.scorer.id, work))
    reports.push(done.report)
    if ('fatal' in done) throw done.fatal
    list = done.list
  }
  run.signal?.throwIfAborted()
  return list
}

/** Chooses what comes back, lays it out, and writes the report. */
async function choose<C extends Candidate>(
  settings: Settings,
  request: Request<C>,
  { list, stages }: { list: readonly Entry<C>[]; stages: readonly StageReport[] },
): Promise<Ranking<C>> {
  const judged = judgedBy(settings, stages)
  const scored = list.filter(({ scorerId }) => judged === undefined || settings.keepUnscored || scorerId === judged)
  const relevant = scored.filter((entry) => !isBelowMinScore(entry, settings, judged))
  const { clock, deadline } = request.run
  const isLate = (): boolean => clock.now() >= deadline
  const { kept, overBudget, nearDuplicates, notCompared } = await select(relevant, { ...request.selection, isLate })
  const ranked = kept.map(({ text: _, ...result }, at) => ({ ...result, rank: at + 1 }))
  const results = request.order === 'edges' ? toEdges(ranked) : ranked
  const belowMinScore = scored.length - relevant.length
  const unscored = list.length - scored.length
  const left = notCompared > 0 ? { notCompared } : {}
  const counts = { returned: results.length, belowMinScore, unscored, overBudget, nearDuplicates, ...left }
  return { results, report: { ...reportOf(request, { stages }), ...counts } }
}

/** The report of a call that returns nothing. */
function reportOf({ entries, run }: Request<Candidate>, { stages }: Pick<Report, 'stages'>): Report {
  return {
    stages,
    candidates: entries.length,
    returned: 0,
    belowMinScore: 0,
    unscored: 0,
    nearDuplicates: 0,
    overBudget: 0,
    durationMs: run.clock.now() - run.startedAt,
  }
}

/**
 * The id of the scorer whose scores are held against `minScore`: that of the last stage, for which the threshold was
 * chosen. Nothing when no threshold was set, and when that scorer gave no scores: the stage was skipped, failed or late,
 * or a fallback answered.
 */
function judgedBy({ minScore, stages }: Settings, reports: readonly StageReport[]): string | undefined {
  const last = stages.at(-1)?.scorer
  const id = (last?.primary ?? last)?.id
  const report = reports.length === stages.length ? reports.at(-1) : undefined
  return minScore !== undefined && report?.outcome === 'ranked' && report.scorerId === id ? id : undefined
}

function isBelowMinScore({ score, scorerId }: Entry, { minScore }: Settings, judged: string | undefined): boolean {
  return judged !== undefined && scorerId === judged && (score as number) < (minScore as number)
}

/** Wraps the caller's `onReport` so that nothing it does can change a result. Its first error becomes a warning. */
export function observer(onReport: ((report: Report) => unknown) | undefined): (report: Report) => void {
  let hasWarned = false
  const complain = (error: unknown): void => {
    if (hasWarned) return
    hasWarned = true
    warn(`onReport failed, which did not change the result: ${isError(error) ? error.message : String(error)}`)
  }
  return (report) => {
    try {
      Promise.resolve(onReport?.(report)).catch(complain)
    } catch (error) {
      complain(error)
    }
  }
}
