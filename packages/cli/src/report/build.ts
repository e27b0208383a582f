import type { ContextSavings, DepthAdvice, EndToEndSummary, SkipCalibrationResult } from '@secondpass/core/eval'
import { type Compared, beginningOf, chooseCases } from './cases.js'
import type { EvalReport, LatencyBin, LatencySummary, QueryCase, ReportAbout, SkipSummary } from './types.js'

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

/** The figures and the histogram of some durations in milliseconds; at least one. */
export function latencyOf(durationsMs: readonly number[]): LatencySummary {
  const sorted = [...durationsMs].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
  return {
    calls: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    histogram: histogramOf(sorted),
  }
}

/** More bins than this are noise. */
const MOST_BINS = 24

/** Bins of one round width (1, 2 or 5 times a power of ten) over the whole range; of a few calls, a few bins. */
function histogramOf(sorted: readonly number[]): LatencyBin[] {
  const [least, most] = [sorted[0] as number, sorted.at(-1) as number]
  const bins = Math.min(MOST_BINS, Math.ceil(2 * Math.sqrt(sorted.length)))
  const width = roundWidth((most - least) / Math.max(1, bins - 1))
  const first = Math.floor(least / width)
  const count = Math.max(1, Math.ceil(most / width) - first)
  const calls = new Array<number>(count).fill(0)
  for (const value of sorted) {
    const bin = Math.min(count - 1, Math.floor(value / width) - first)
    calls[bin] = (calls[bin] as number) + 1
  }
  // Multiples and not sums: 0.1 + 0.2 would show.
  const edge = (bin: number): number => Number(((first + bin) * width).toPrecision(12))
  return calls.map((number, bin) => ({ from: edge(bin), to: edge(bin + 1), calls: number }))
}

/** The smallest round number that is at least `width`; 1 when that is 0. */
function roundWidth(width: number): number {
  if (!(width > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(width))
  return ([1, 2, 5].find((factor) => factor * power >= width) ?? 10) * power
}
