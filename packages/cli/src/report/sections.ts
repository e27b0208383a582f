import { costSection } from './section-cost.js'
import { endToEndSection } from './section-end-to-end.js'
import { depthSection, skipSection } from './section-policy.js'
import * as format from './format.js'
import type { Section } from './section.js'
import type { EvalReport } from './types.js'

/** A figure worth seeing first. */
export interface Headline {
  readonly label: string
  readonly figure: string
  readonly detail: string
}

/** Everything of a report but its title, its verdict and its queries. */
export function sectionsOf(report: EvalReport): Section[] {
  const all = [liftSection, costSection, skipSection, depthSection, endToEndSection]
  return all.flatMap((section) => section(report) ?? [])
}

/** What stands in large type under the verdict. */
export function headlinesOf(report: EvalReport): Headline[] {
  const [first] = report.metrics
  const { latency, skip, context } = report
  const headlines: (Headline | undefined)[] = [
    first && {
      label: first.name,
      figure: `${format.value(first.firstStage)} → ${format.value(first.reranked)}`,
      detail: `${format.signed(first.difference)}, ${intervalName(report)} ${format.interval(first.interval)}`,
    },
    latency && {
      label: 'Reranking takes',
      figure: format.milliseconds(latency.median),
      detail: `in the middle; ${format.milliseconds(latency.p95)} or less for 95 of 100 queries`,
    },
    skip && {
      label: 'May be skipped',
      figure: skip.promised === undefined ? 'no promise' : format.percent(skip.promised.skipRate),
      detail: skip.promised === undefined ? 'see the reason below' : `of the queries, by ${skip.promised.signal}`,
    },
    context && {
      label: 'Prompt',
      figure: `${context.topN} → ${context.rerankedTopN} passages`,
      detail: `${format.count(context.tokens.saved)} tokens saved for each query`,
    },
  ]
  return headlines.filter((headline) => headline !== undefined)
}

/** What was measured, as pairs of name and value. */
export function aboutOf({ about, madeAt }: EvalReport): [string, string][] {
  const { scorerId, retriever, corpus, queries, candidates, machine } = about
  const pairs: [string, string | undefined][] = [
    ['Scorer', scorerId],
    ['First stage', retriever],
    ['Collection', corpus],
    ['Queries', `${format.count(queries)}, with ${format.count(candidates)} candidates each`],
    ['Machine', machine],
    ['Made', `${madeAt.slice(0, 16).replace('T', ' ')} UTC`],
  ]
  return pairs.filter((pair): pair is [string, string] => pair[1] !== undefined)
}

/** For example `'95 % interval'`. */
export function intervalName({ about }: EvalReport): string {
  return `${format.percent(about.confidence)} interval`
}

function liftSection(report: EvalReport): Section {
  const { metrics, firstRelevant, poolRecall } = report
  const { up, same, down, medianFrom, medianTo } = firstRelevant
  const ranks =
    medianFrom === undefined || medianTo === undefined
      ? ''
      : medianFrom === medianTo
        ? ` The middle place stayed at ${format.count(medianTo)}.`
        : ` The middle place went from ${format.count(medianFrom)} to ${format.count(medianTo)}.`
  return {
    id: 'lift',
    title: 'What reranking changed',
    paragraphs: [
      `Of the first relevant passages, ${format.count(up)} moved up, ${format.count(same)} stayed and ${format.count(down)} moved down.${ranks}`,
      `The first stage found ${format.percent(poolRecall)} of the relevant passages at all. What it did not find, no reranker brings back.`,
    ],
    chart: 'lift',
    table: {
      caption: 'Each metric before and after',
      heads: ['Metric', 'First stage', 'Reranked', 'Difference', intervalName(report), 'Better', 'Equal', 'Worse'],
      rows: metrics.map((one) => [
        one.name,
        format.value(one.firstStage),
        format.value(one.reranked),
        `${format.signed(one.difference)}${one.relative === undefined ? '' : ` (${format.percent(one.relative)})`}`,
        format.interval(one.interval),
        ...[one.wins, one.ties, one.losses].map(format.count),
      ]),
    },
  }
}
