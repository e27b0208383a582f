import type { Lift, MetricName } from '@secondpass/core/eval'
import type { NamedFile } from '../files/identity.js'
import { replaceFile } from '../files/replace.js'
import { type Io, tell } from '../io.js'
import type { PoolFlags } from '../measure/options.js'
import { percent, table } from '../output/terminal.js'
import { milliseconds } from '../report/format.js'
import { isQuality, slowOf } from '../report/sections.js'
import type { EvalReport, LatencySummary } from '../report/types.js'
import type { ScorerFlags } from '../scorer/options.js'

/** The options of `secondpass eval`. */
export interface EvalFlags extends PoolFlags, ScorerFlags {
  readonly qrels?: string
  readonly baseline?: string
  readonly metrics: readonly MetricName[]
  readonly confidence: number
  readonly maxLoss: number
  readonly contextTopN: number
  readonly price?: number
  readonly currency?: string
  readonly json?: boolean
  readonly html?: string
  readonly markdown?: string
  readonly saveRun?: string
  readonly title?: string
}

/** The lift as plain JSON. */
export function liftAsJson(lift: Lift): Readonly<Record<string, unknown>> {
  return { ...lift, perQuery: Object.fromEntries(lift.perQuery) }
}

/** The lift for a person: a table of the metrics, the verdict, and what else is worth knowing. */
export function printedLift(lift: Lift, latency?: LatencySummary): string {
  const rows = Object.entries(lift.metrics).map(([name, metric]) => {
    const values = [name, metric.firstStage.toFixed(4), metric.reranked.toFixed(4)]
    if (!isQuality(name)) return [...values, 'no gain: how much is judged']
    const { difference, interval, wins, ties, losses } = metric
    return [...values, signed(difference), interval.map(signed).join(' to '), `${wins}/${ties}/${losses}`]
  })
  const head = ['', 'first stage', 'reranked', 'difference', 'interval', 'better/equal/worse']
  return `${table([head, ...rows])}\n\n${lift.verdict.sentence}\n${details(lift, latency).join('\n')}\n`
}

function details({ firstRelevant, poolRecall }: Lift, latency: LatencySummary | undefined): string[] {
  const { up, same, down, medianFrom, medianTo } = firstRelevant
  const middle = medianFrom === undefined || medianTo === undefined ? '' : `; middle rank ${medianFrom} to ${medianTo}`
  return [
    `First relevant result: ${up} up, ${same} same, ${down} down${middle}.`,
    `Found at all by the first stage: ${percent(poolRecall, 1)} of what is relevant; no reranker brings back the rest.`,
    ...(latency ? [`Time of a query: ${milliseconds(latency.median)} at the median, ${slowOf(latency)}.`] : []),
  ]
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(4)}`
}

/** Queries by name only, where no text is at hand. */
export const documentsUnknown: ReadonlyMap<string, string> = new Map()

/** The files that are written at the end. */
export function reportsOf({ html, markdown, saveRun }: EvalFlags): NamedFile[] {
  const files = { '--html': html, '--markdown': markdown, '--save-run': saveRun }
  return Object.entries(files).flatMap(([option, path]) => (path === undefined ? [] : [{ option, path }]))
}

/** Writes the report in the formats that were asked for. */
export async function writeReports(
  report: EvalReport,
  { html, markdown }: { readonly html?: string; readonly markdown?: string },
  io: Io,
): Promise<void> {
  if (html !== undefined) {
    const { renderHtml } = await import('../report/html.js')
    replaceFile(html, await renderHtml(report))
    tell(io, `secondpass: the report is in ${html}`)
  }
  if (markdown !== undefined) {
    const { renderMarkdown } = await import('../report/markdown.js')
    replaceFile(markdown, renderMarkdown(report))
    tell(io, `secondpass: the report is in ${markdown}`)
  }
}
