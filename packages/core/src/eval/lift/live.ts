import type { Candidate, Milliseconds, Outcome, Ranking } from '../../types.js'
import { checkKeys, checkWhole, checkWithin } from '../checks.js'
import { invalidArgument } from '../../errors.js'
import { churn, rankBiasedOverlap } from './order-change.js'

/** What one sampled call changed. No query and no text is in it. */
export interface LiveSample {
  /** `'ranked'` when a stage ranked; else how the last stage ended. Missing when nothing was to be done. */
  readonly outcome?: Outcome
  /** Rank-biased overlap of the order found and the order given, p = 0.9: 1 when nothing changed. */
  readonly overlap: number
  /** Share of the first `topN` results that were not among the first `topN` found. */
  readonly churn: number
  /** Place of the new top result before, counted from 1. Missing when there is no result. */
  readonly topCameFrom?: number
  readonly durationMs: Milliseconds
}

/** Options of {@link sampleLive}. */
export interface SampleLiveOptions {
  /** Share of the calls that is looked at, 0 to 1. */
  readonly rate: number
  /** How many results the churn looks at, 1 or more. Default 5. */
  readonly topN?: number | undefined
  /** Told of each sampled call. What it throws is thrown away: an observer never changes an answer. Default: nothing. */
  readonly onSample?: ((sample: LiveSample) => unknown) | undefined
  /** Gives numbers from 0 up to 1. Default `Math.random`. */
  readonly random?: (() => number) | undefined
}

/** What the sampled calls of a {@link LiveSampler} say together, over the calls in which a stage ranked. */
export interface LiveSummary {
  /** How many calls were sampled. */
  readonly sampled: number
  /** How many of them were ranked by a stage; the means are over these, and 0 when there are none. */
  readonly ranked: number
  readonly meanOverlap: number
  readonly meanChurn: number
  /** Share whose top result was on top already: reranking changed nothing there for a reader of one result. */
  readonly topUnchanged: number
  readonly meanDurationMs: Milliseconds
}

/** Looks at a share of the answers, and hands each one back as it is. */
export interface LiveSampler {
  <C extends Candidate>(ranking: Ranking<C>): Ranking<C>
  summary(): LiveSummary
}

/**
 * Measures, without labels, how much reranking changes in production. Put it around the call:
 *
 *     const watch = sampleLive({ rate: 0.01, onSample })
 *     const { results } = watch(await reranker.rerank(query, candidates))
 *
 * It needs the answer and not only the report, because the report holds no order. A change is not an improvement: little
 * change says that reranking is not worth its cost here; much change says that labels are worth making.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function sampleLive(options: SampleLiveOptions): LiveSampler {
  checkKeys('options', options, ['rate', 'topN', 'onSample', 'random'])
  const { rate, topN = 5, onSample, random = Math.random } = options
  checkWithin('rate', rate, [0, 1])
  checkWhole('topN', topN, 1)
  if (onSample !== undefined && typeof onSample !== 'function')
    throw invalidArgument('onSample', onSample, 'pass a function')
  const totals = { sampled: 0, ranked: 0, overlap: 0, churn: 0, unchanged: 0, durationMs: 0 }
  const watch = <C extends Candidate>(ranking: Ranking<C>): Ranking<C> => {
    if (random() >= rate) return ranking
    const sample = sampleOf(ranking, topN)
    addTo(totals, sample)
    tell(onSample, sample)
    return ranking
  }
  return Object.assign(watch, { summary: () => summaryOf(totals) })
}

type Totals = Record<'sampled' | 'ranked' | 'overlap' | 'churn' | 'unchanged' | 'durationMs', number>

function sampleOf({ results, report }: Ranking, topN: number): LiveSample {
  const after = results.map(({ index }) => index)
  const before = Array.from({ length: report.candidates }, (_, index) => index)
  const { stages } = report
  const outcome = stages.some((stage) => stage.outcome === 'ranked') ? 'ranked' : stages.at(-1)?.outcome
  const top = after[0]
  return {
    ...(outcome !== undefined && { outcome }),
    overlap: rankBiasedOverlap(before, after),
    churn: churn(before, after, topN),
    ...(top !== undefined && { topCameFrom: top + 1 }),
    durationMs: report.durationMs,
  }
}

function addTo(totals: Totals, sample: LiveSample): void {
  totals.sampled++
  if (sample.outcome !== 'ranked') return
  totals.ranked++
  totals.overlap += sample.overlap
  totals.churn += sample.churn
  totals.unchanged += sample.topCameFrom === 1 ? 1 : 0
  totals.durationMs += sample.durationMs
}

function summaryOf({ sampled, ranked, ...sums }: Totals): LiveSummary {
  const mean = (sum: number): number => (ranked === 0 ? 0 : sum / ranked)
  return {
    sampled,
    ranked,
    meanOverlap: mean(sums.overlap),
    meanChurn: mean(sums.churn),
    topUnchanged: mean(sums.unchanged),
    meanDurationMs: mean(sums.durationMs),
  }
}

function tell(onSample: SampleLiveOptions['onSample'], sample: LiveSample): void {
  try {
    Promise.resolve(onSample?.(sample)).catch(() => {})
  } catch {
    // See onSample.
  }
}
