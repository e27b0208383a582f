import {
  between,
  callable,
  inside,
  type OptionTable,
  readOptions,
  required,
  whole,
  withDefault,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { checkRanking } from './calibrate/query.js'
import type { Candidate, Milliseconds, Outcome, Ranking } from '../types.js'

/**
 * Rank-biased overlap of two orders, extrapolated: RBO_EXT, equation 32 of Webber, Moffat and Zobel (2010), "A similarity
 * measure for indefinite rankings". 1 for the same order, 0 for lists that share nothing.
 *
 * With X(d) the number of items that the first d places of both lists share, and lists of s and l ≥ s items:
 *
 *     RBO_EXT = (1 - p) / p * ( sum over d = 1..l of X(d) / d * p^d
 *                             + sum over d = s+1..l of X(s) * (d - s) / (s * d) * p^d )
 *               + ((X(l) - X(s)) / l + X(s) / s) * p^l
 *
 * It assumes that unseen places agree as much as the seen ones.
 *
 * @param p how much the top weighs, between 0 and 1: a reader goes on from each place with this chance. At 0.9, the first
 *   ten places carry 86 % of the weight. Default 0.9.
 * @throws RerankError `'invalid-argument'` for a `p` outside that range, and when an order holds an item twice.
 */
export function rankBiasedOverlap<T>(left: readonly T[], right: readonly T[], p: number = 0.9): number {
  inside(0, 1)('p', p)
  const [short, long] = left.length <= right.length ? [left, right] : [right, left]
  const [s, l] = [short.length, long.length]
  if (s === 0) return l === 0 ? 1 : 0
  const shared = sharedAtDepths(short, long)
  const [atShort, atLong] = [shared[s - 1] as number, shared[l - 1] as number]
  let sum = 0
  for (let depth = 1; depth <= l; depth++) {
    const beyond = depth > s ? (atShort * (depth - s)) / (s * depth) : 0
    sum += ((shared[depth - 1] as number) / depth + beyond) * p ** depth
  }
  return ((1 - p) / p) * sum + ((atLong - atShort) / l + atShort / s) * p ** l
}

/**
 * The share of the first `n` of `after` that was not among the first `n` of `before`: 0 for the same set in any order. As
 * many places as a shorter `after` has are compared.
 *
 * @param n how many places from the top, 1 or more.
 * @throws RerankError `'invalid-argument'` for any other `n`.
 */
export function churn<T>(before: readonly T[], after: readonly T[], n: number): number {
  whole(1)('n', n)
  const top = after.slice(0, n)
  const old = new Set(before.slice(0, top.length))
  return top.length === 0 ? 0 : top.filter((item) => !old.has(item)).length / top.length
}

/** How many items the first 1, 2, 3, … places of both lists share. */
function sharedAtDepths<T>(short: readonly T[], long: readonly T[]): number[] {
  const [seenShort, seenLong] = [new Set<T>(), new Set<T>()]
  let shared = 0
  return long.map((item, at) => {
    const other = short[at]
    if (seenLong.has(item))
      throw invalidArgument('an order', String(item), 'it stands there twice; list each item once')
    seenLong.add(item)
    if (seenShort.has(item)) shared++
    if (at < short.length) {
      if (seenShort.has(other as T))
        throw invalidArgument('an order', String(other), 'it stands there twice; list each item once')
      seenShort.add(other as T)
      if (seenLong.has(other as T)) shared++
    }
    return shared
  })
}

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

const SAMPLE_LIVE = {
  rate: required(between(0, 1)),
  topN: withDefault(whole(1), 5),
  onSample: callable<NonNullable<SampleLiveOptions['onSample']>>(),
  random: withDefault(callable<() => number>(), Math.random),
} satisfies OptionTable<SampleLiveOptions>

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
  const { rate, topN, onSample, random } = readOptions(SAMPLE_LIVE, options)
  const totals = { sampled: 0, ranked: 0, overlap: 0, churn: 0, unchanged: 0, durationMs: 0 }
  const watch = <C extends Candidate>(ranking: Ranking<C>): Ranking<C> => {
    if (random() >= rate) return ranking
    checkRanking('ranking', ranking)
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
