import type { MetricLift } from './metric-lift.js'

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
  if (queries < LEAST_QUERIES) {
    return decide('no-measurable-help', `No verdict on ${queries} queries, at least ${LEAST_QUERIES} are needed`)
  }
  const kind = kindOf(lift, lift.firstStage * limits.worthwhile)
  if (kind === 'hurts') return decide(kind, 'Reranking hurts')
  if (kind === 'helps') return decide(kind, 'Reranking helps')
  if (lift.interval[0] <= 0) return decide(kind, 'No measurable help, the difference may be chance')
  return decide(kind, `No help to speak of, below ${percent(limits.worthwhile)} and not worth its cost`)
}

/** What differences say: by their interval, by their number, and by the least gain that is worth its cost. */
export function kindOf(
  { difference, interval: [from, to], wins, ties, losses }: Omit<MetricLift, 'firstStage' | 'reranked'>,
  least: number,
): Verdict['kind'] {
  if (wins + ties + losses < LEAST_QUERIES) return 'no-measurable-help'
  if (to < 0) return 'hurts'
  return from > 0 && difference >= least ? 'helps' : 'no-measurable-help'
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
