import type { Lift } from '@secondpass/core/eval'
import { percent, table } from '../output/table.js'

/** The lift as plain JSON. */
export function liftAsJson(lift: Lift): Readonly<Record<string, unknown>> {
  return { ...lift, perQuery: Object.fromEntries(lift.perQuery) }
}

/** The lift for a person: a table of the metrics, the verdict, and what else is worth knowing. */
export function printedLift(lift: Lift): string {
  const rows = Object.entries(lift.metrics).map(([name, metric]) => [
    name,
    metric.firstStage.toFixed(4),
    metric.reranked.toFixed(4),
    signed(metric.difference),
    metric.interval.map(signed).join(' to '),
    `${metric.wins}/${metric.ties}/${metric.losses}`,
  ])
  const head = ['', 'first stage', 'reranked', 'difference', 'interval', 'better/equal/worse']
  return `${table([head, ...rows])}\n\n${lift.verdict.sentence}\n${details(lift).join('\n')}\n`
}

function details({ firstRelevant, poolRecall, durationMs }: Lift): string[] {
  const { up, same, down, medianFrom, medianTo } = firstRelevant
  const middle = medianFrom === undefined || medianTo === undefined ? '' : `; middle rank ${medianFrom} to ${medianTo}`
  const lines = [
    `First relevant result: ${up} up, ${same} same, ${down} down${middle}.`,
    `Found at all by the first stage: ${percent(poolRecall, 1)} of what is relevant; no reranker brings back the rest.`,
  ]
  if (durationMs === undefined) return lines
  const { median, p95 } = durationMs
  return [...lines, `Time of a query: ${median.toFixed(0)} ms in the middle, ${p95.toFixed(0)} ms for 95 of 100.`]
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(4)}`
}
