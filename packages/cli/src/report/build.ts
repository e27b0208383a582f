import type { ContextSavings, DepthAdvice, EndToEndSummary, SkipCalibrationResult } from '@secondpass/core/eval'
import { type Compared, beginningOf, chooseCases } from './cases.js'
import { latencyOf } from './latency.js'
import type { EvalReport, QueryCase, ReportAbout, SkipSummary } from './types.js'

/** What {@link buildReport} puts together. */
export interface ReportInput extends Compared {
  readonly about: Omit<ReportAbout, 'queries' | 'candidates'>
  /** Text by query id. */
  readonly queries: ReadonlyMap<string, string>
  /** Text by document id, of those that `documentsOf(chooseCases(…))` names. Default: passages are shown by id. */
  readonly textOf?: ((id: string) => string | undefined) | undefined
  /** Default: names the collection, when `about` does. */
  readonly title?: string | undefined
  /** How long reranking took, one number per query, in milliseconds. */
  readonly durationsMs?: readonly number[] | undefined
  readonly context?: ContextSavings | undefined
  readonly depth?: DepthAdvice | undefined
  readonly endToEnd?: EndToEndSummary | undefined
  /** The result of `calibrateSkip`, with the options it was called with. */
  readonly skip?:
    | {
        readonly result: SkipCalibrationResult
        readonly maxLoss: number
        readonly confidence: number
        readonly metric: string
      }
    | undefined
  /** Default: now. */
  readonly madeAt?: Date | undefined
}

/** Puts together what was measured, as plain JSON. */
export function buildReport(input: ReportInput): EvalReport {
  const { lift, about, context, depth, endToEnd, durationsMs, skip } = input
  const { moves: _each, ...firstRelevant } = lift.firstRelevant
  const { gained, lost } = chooseCases(input)
  const withTexts = (cases: readonly QueryCase[]): QueryCase[] => cases.map((one) => addTexts(one, input))
  return {
    version: 1,
    title:
      input.title ?? (about.corpus === undefined ? 'Does reranking help?' : `Does reranking help on ${about.corpus}?`),
    madeAt: (input.madeAt ?? new Date()).toISOString(),
    about: { ...about, queries: lift.perQuery.size, candidates: meanCandidates(input) },
    verdict: lift.verdict,
    metrics: Object.entries(lift.metrics).map(([name, metric]) => ({ name, ...metric })),
    firstRelevant,
    poolRecall: lift.poolRecall,
    ...(durationsMs?.length && { latency: latencyOf(durationsMs) }),
    ...(lift.cost && { rerankCost: lift.cost }),
    ...(context && { context }),
    ...(skip && { skip: skipSummary(skip) }),
    ...(depth && { depth }),
    ...(endToEnd && { endToEnd }),
    queries: { gained: withTexts(gained), lost: withTexts(lost) },
    warnings: lift.warnings,
  }
}

function addTexts(one: QueryCase, { queries, textOf }: ReportInput): QueryCase {
  const withText = (passages: QueryCase['before']): QueryCase['before'] =>
    passages.map((passage) => {
      const text = textOf?.(passage.id)
      return text === undefined ? passage : { ...passage, text: beginningOf(text) }
    })
  const { before, after } = one
  return { ...one, query: queries.get(one.queryId) ?? one.queryId, before: withText(before), after: withText(after) }
}

function meanCandidates({ firstStage, qrels }: Compared): number {
  const sizes = [...qrels.keys()].flatMap((queryId) => firstStage.get(queryId)?.size ?? [])
  return sizes.reduce((sum, size) => sum + size, 0) / Math.max(1, sizes.length)
}

function skipSummary({ result, maxLoss, confidence, metric }: NonNullable<ReportInput['skip']>): SkipSummary {
  const { outcome, sentence, curves, file } = result
  const { signal, threshold, promise } = file
  if (signal === undefined || threshold === undefined || promise === undefined)
    return { outcome, sentence, maxLoss, confidence, metric, curves }
  const { skipRate, loss, bound } = promise
  return {
    outcome,
    sentence,
    maxLoss,
    confidence,
    metric,
    curves,
    promised: { signal, threshold, skipRate, loss, bound },
  }
}
