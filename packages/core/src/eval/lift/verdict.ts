import type { MetricLift } from './lift.js'

/** What reranking did, in one word and in one sentence. */
export interface Verdict {
  /**
   * - `'helps'`: the whole interval is above 0 and the gain is worth it.
   * - `'hurts'`: the whole interval is below 0.
   * - `'no-measurable-help'`: neither; the gain may be chance, or it is too small to be worth its cost.
   */
  readonly kind: 'helps' | 'no-measurable-help' | 'hurts'
  /** The metric that the verdict is by. */
  readonly metric: string
  /** For a person, with the numbers. */
  readonly sentence: string
}

/** Fewer queries than this say nothing: a bootstrap of so few knows no outcome but those it has seen. */
const LEAST_QUERIES = 10

/** What the verdict is held against. */
export interface VerdictLimits {
  /** A gain below this share of the first stage's value is not worth its cost. */
  readonly worthwhile: number
  readonly confidence: number
}

/** The verdict on one metric. */
export function verdictOn(metric: string, lift: MetricLift, limits: VerdictLimits): Verdict {
  const queries = lift.wins + lift.ties + lift.losses
  const numbers = `${metric} ${lift.firstStage.toFixed(3)} to ${lift.reranked.toFixed(3)}, ${describe(lift, limits)} over ${queries} queries`
  const tally = `${lift.wins} better, ${lift.ties} equal, ${lift.losses} worse`
  const decide = (kind: Verdict['kind'], words: string): Verdict => ({
    kind,
    metric,
    sentence: `${words}: ${numbers}; ${tally}.`,
  })
  const [from, to] = lift.interval
  if (queries < LEAST_QUERIES) {
    return decide('no-measurable-help', `No verdict on ${queries} queries, at least ${LEAST_QUERIES} are needed`)
  }
  if (to < 0) return decide('hurts', 'Reranking hurts')
  if (from <= 0) return decide('no-measurable-help', 'No measurable help, the difference may be chance')
  const least = lift.firstStage * limits.worthwhile
  if (lift.difference >= least) return decide('helps', 'Reranking helps')
  return decide('no-measurable-help', `No help to speak of, below ${percent(limits.worthwhile)} and not worth its cost`)
}

function describe({ difference, relative, interval: [from, to] }: MetricLift, { confidence }: VerdictLimits): string {
  const share = relative === undefined ? '' : ` or ${relative < 0 ? '' : '+'}${percent(relative)}`
  return `${signed(difference)}${share} (${percent(confidence)} interval ${signed(from)} to ${signed(to)})`
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(3)}`
}

function percent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
