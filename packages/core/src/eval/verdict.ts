import type { Tally } from './bootstrap.js'

/** One metric before and after. */
export interface MetricLift extends Tally {
  readonly firstStage: number
  readonly reranked: number
  /** The difference as a share of `firstStage`; missing when that is 0. */
  readonly relative?: number
}

/** What reranking did, in one word and in one sentence. */
export interface Verdict {
  /**
   * - `'helps'`: the whole interval is above 0 and the gain is worth it.
   * - `'hurts'`: the whole interval is below 0.
   * - `'no-measurable-help'`: a gain that would be worth it is ruled out, or the gain is there and too small.
   * - `'too-few-queries'`: the interval holds both nothing at all and a gain that would be worth it, or there are fewer
   *   than 10 queries.
   */
  readonly kind: 'helps' | 'no-measurable-help' | 'hurts' | 'too-few-queries'
  /** The metric that the verdict is by. */
  readonly metric: string
  /** For a person, with the numbers. */
  readonly sentence: string
  /**
   * About how many more queries would tell, if these are like them; two digits that count. Only with `'too-few-queries'`,
   * and missing there when these queries give nothing to reckon with.
   */
  readonly moreQueries?: number
}

/** What the verdict is held against. */
export interface VerdictLimits {
  /** A gain below this share of the first stage's value is not worth its cost. */
  readonly worthwhile: number
  readonly confidence: number
}

/** Fewer queries than this say nothing: a bootstrap of so few knows no outcome but those it has seen. */
const LEAST_QUERIES = 10

/** The verdict on one metric. */
export function verdictOn(metric: string, lift: MetricLift, limits: VerdictLimits): Verdict {
  const numbers = `${metric} ${lift.firstStage.toFixed(3)} to ${lift.reranked.toFixed(3)}, ${describe(lift, limits)} over ${queriesOf(lift)} queries`
  const counts = `${lift.wins} better, ${lift.ties} equal, ${lift.losses} worse`
  const decision = decide(lift, lift.firstStage * limits.worthwhile)
  return { ...decision, metric, sentence: `${wordsFor(decision, lift, limits)}: ${numbers}; ${counts}.` }
}

function wordsFor({ kind, moreQueries }: Decision, lift: Tally, { worthwhile }: VerdictLimits): string {
  if (kind === 'hurts') return 'Reranking hurts'
  if (kind === 'helps') return 'Reranking helps'
  if (kind === 'too-few-queries') return `Too few queries to tell${moreWords(moreQueries)}`
  const least = percent(worthwhile)
  if (lift.interval[0] > 0) return `No help to speak of, below ${least} and not worth its cost`
  return `No measurable help, a gain of ${least} is ruled out`
}

/** How many more would tell, to stand behind "too few to tell". */
export function moreWords(moreQueries: number | undefined): string {
  return moreQueries === undefined ? '' : `, about ${moreQueries} more would`
}

/** A verdict without its sentence. */
type Decision = Pick<Verdict, 'kind' | 'moreQueries'>

/** What differences say: by their interval, by their number, and by the least gain that is worth its cost. */
export function decide(lift: Tally, least: number): Decision {
  const { difference, interval } = lift
  const [from, to] = interval
  if (queriesOf(lift) < LEAST_QUERIES) return tooFew(lift, least)
  if (to < 0) return { kind: 'hurts' }
  if (from > 0) return { kind: difference >= least ? 'helps' : 'no-measurable-help' }
  return to > least ? tooFew(lift, least) : { kind: 'no-measurable-help' }
}

/**
 * The width of an interval shrinks with the square root of the number of queries. Enough are as many as make half of it
 * smaller than the difference that was seen, or than the least that is worth it.
 */
function tooFew(lift: Tally, least: number): Decision {
  const kind = 'too-few-queries'
  const queries = queriesOf(lift)
  const half = (lift.interval[1] - lift.interval[0]) / 2
  const size = Math.max(Math.abs(lift.difference), least)
  const enough = size > 0 ? queries * (half / size) ** 2 : 0
  const more = Math.max(enough, LEAST_QUERIES) - queries
  // With ten and more, an interval that only just holds 0 may ask for less than one.
  return Number.isFinite(more) ? { kind, moreQueries: roundUp(Math.max(1, more)) } : { kind }
}

/** Up to two digits that count: more would say more than is known. */
function roundUp(count: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(count)) - 1)
  return Math.ceil(count / unit) * unit
}

function queriesOf({ wins, ties, losses }: Tally): number {
  return wins + ties + losses
}

function describe({ difference, relative, interval: [from, to] }: MetricLift, { confidence }: VerdictLimits): string {
  const share = relative === undefined ? '' : ` or ${relative < 0 ? '' : '+'}${percent(relative)}`
  return `${signed(difference)}${share} (${percent(confidence)} interval ${signed(from)} to ${signed(to)})`
}

export function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`
}

export function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
