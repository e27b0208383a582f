import type { EndToEndSummary } from '@secondpass/core/eval'
import * as format from './format.js'
import type { EvalReport, LatencySummary, ReportMetric } from './types.js'

/** A table behind a chart, or of its own. The first cell of a row names it. */
export interface Table {
  readonly caption: string
  readonly heads: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** A chart that the page draws; the Markdown text has its table. */
export type ChartName = 'lift' | 'latency' | 'skip' | 'depth'

/** One part of the report. Both renderers walk these, so that both carry the same figures. */
export interface Section {
  readonly id: string
  readonly title: string
  /** Sentences, each a paragraph. */
  readonly paragraphs: readonly string[]
  readonly chart?: ChartName
  /** The table that says what the chart draws. */
  readonly table?: Table
  /** Tables that are shown as they are. */
  readonly tables?: readonly Table[]
}

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
      detail: `median; ${slowOf(latency)}`,
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
  const { scorerId, retriever, corpus, queries, candidates, blend, machine } = about
  const pairs: [string, string | undefined][] = [
    ['Scorer', scorerId],
    ['First stage', retriever],
    ['Order', blend],
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
      ...metrics.filter(({ name }) => !isQuality(name)).map(judgedSentence),
      `Of the first relevant passages, ${format.count(up)} moved up, ${format.count(same)} stayed and ${format.count(down)} moved down.${ranks}`,
      `The first stage found ${format.percent(poolRecall)} of the relevant passages at all. What it did not find, no reranker brings back.`,
    ],
    chart: 'lift',
    table: {
      caption: 'Each metric before and after',
      heads: ['Metric', 'First stage', 'Reranked', 'Difference', intervalName(report), 'Better', 'Equal', 'Worse'],
      rows: metrics
        .filter(({ name }) => isQuality(name))
        .map((one) => [
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

/** Whether more of a metric is better: not so of judged@k, which says how far the others can be trusted. */
export function isQuality(metric: string): boolean {
  return !metric.startsWith('judged@')
}

function judgedSentence({ name, firstStage, reranked }: ReportMetric): string {
  const [before, after] = [firstStage, reranked].map(format.percent)
  const places = format.count(Number(name.slice('judged@'.length)))
  return `Of the first ${places} passages, ${before} were judged as found and ${after} as reranked (${name}). That is no gain: what nobody judged counts as not relevant, so below about 80 % the figures above may be unfair to either order.`
}

/** What reranking costs in time and money, and what a shorter prompt saves. */
export function costSection(report: EvalReport): Section | undefined {
  const { latency, rerankCost, context, about } = report
  if (latency === undefined && rerankCost === undefined && context === undefined) return undefined
  const paragraphs = [
    ...(latency === undefined ? [] : [latencySentence(latency)]),
    ...(rerankCost === undefined
      ? []
      : [`Reranking one query costs ${format.money(rerankCost.mean, about.currency)} on average.`]),
    ...(context === undefined ? [] : [context.sentence]),
  ]
  return {
    id: 'cost',
    title: 'What it costs, and what it saves',
    paragraphs,
    ...(latency && { chart: 'latency' as const, table: latencyTable(latency) }),
    ...(context && { tables: [contextTable(report)] }),
  }
}

/** Of fewer calls than this, the 95th percentile is the longest one and no percentile at all. */
const FEWEST_CALLS = 20

/** Whether the calls are too few for a 95th percentile. */
export function isFew({ calls }: LatencySummary): boolean {
  return calls < FEWEST_CALLS
}

/** What the slow calls take: the 95th percentile, or the longest of a few. */
export function slowOf(latency: LatencySummary): string {
  return isFew(latency)
    ? `${format.milliseconds(latency.max)} at the longest of ${format.count(latency.calls)} calls`
    : `${format.milliseconds(latency.p95)} at the 95th percentile (p95)`
}

function latencySentence(latency: LatencySummary): string {
  const { calls, mean, median, max } = latency
  const [middle, average, longest] = [median, mean, max].map(format.milliseconds)
  const tail = isFew(latency)
    ? `and ${longest} at the longest, over ${format.count(calls)} calls: too few for a 95th percentile`
    : `${slowOf(latency)}, and ${longest} at the longest, over ${format.count(calls)} calls`
  return `Reranking took ${middle} at the median, ${average} on average, ${tail}.`
}

function latencyTable({ histogram }: LatencySummary): Table {
  return {
    caption: 'How long reranking took',
    heads: ['Milliseconds', 'Calls'],
    rows: histogram.map(({ from, to, calls }) => [`${format.count(from)} to ${format.count(to)}`, format.count(calls)]),
  }
}

function contextTable({ context, about }: EvalReport): Table {
  const { topN, rerankedTopN, recall, tokens, money } = context as NonNullable<EvalReport['context']>
  const price = (amount: number): string => format.money(amount, about.currency)
  const counted = about.tokensCountedBy === undefined ? [] : [`tokens ${about.tokensCountedBy}`]
  return {
    caption: ['A prompt of as many passages as it takes, mean of the queries', ...counted].join('; '),
    heads: ['', 'First stage', 'Reranked', 'Saved'],
    rows: [
      ['Passages', format.count(topN), format.count(rerankedTopN), format.count(topN - rerankedTopN)],
      ['Share of the relevant passages in it', format.percent(recall.firstStage), format.percent(recall.reranked), ''],
      ['Tokens', ...[tokens.firstStage, tokens.reranked, tokens.saved].map(format.count)],
      ...(money === undefined
        ? []
        : [
            [
              'Cost of those tokens',
              price(money.firstStage),
              price(money.reranked),
              price(money.firstStage - money.reranked),
            ],
            ['Cost of reranking', '', price(money.reranking), price(-money.reranking)],
            ['Together', price(money.firstStage), price(money.reranked + money.reranking), price(money.saved)],
          ]),
    ],
  }
}

/** When reranking may be skipped. */
export function skipSection({ skip }: EvalReport): Section | undefined {
  if (skip === undefined) return undefined
  const { sentence, maxLoss, confidence, metric, curves, promised } = skip
  const asked = `Asked for: a mean loss of at most ${format.value(maxLoss)} in ${metric}, with ${format.percent(confidence)} confidence.`
  const seen =
    promised === undefined
      ? []
      : [
          `On the queries that verified it, the loss was ${format.value(promised.loss)}; the bound is ${format.value(promised.bound)}.`,
        ]
  return {
    id: 'skip',
    title: 'When it may be skipped',
    paragraphs: [
      sentence,
      asked,
      ...seen,
      'The curves describe these queries and promise nothing: each point skips the queries whose signal is at least the threshold.',
    ],
    chart: 'skip',
    table: {
      caption: `Share of the queries skipped against the mean loss in ${metric}`,
      heads: ['Signal', 'Threshold', 'Skipped', 'Mean loss'],
      rows: curves.flatMap(({ signal, curve }) =>
        curve.map(({ threshold, skipRate, loss }) => [
          signal,
          format.threshold(threshold),
          format.percent(skipRate),
          format.signed(loss),
        ]),
      ),
    },
  }
}

/** How deep to rerank. */
export function depthSection({ depth, metrics }: EvalReport): Section | undefined {
  if (depth === undefined) return undefined
  return {
    id: 'depth',
    title: 'How deep to rerank',
    paragraphs: [depth.sentence],
    chart: 'depth',
    table: {
      caption: `${metrics[0]?.name ?? 'The metric'} and cost by the number of candidates that are scored`,
      heads: ['Depth', 'Value', 'Cost of a query', ''],
      rows: depth.curve.map((point) => [
        point.depth === 0 ? '0 (first stage alone)' : format.count(point.depth),
        format.value(point.value),
        format.count(point.cost),
        point.depth === depth.depth ? 'enough' : '',
      ]),
    },
  }
}

/** The user's own answers, without and with the reranker. */
export function endToEndSection(report: EvalReport): Section | undefined {
  const { endToEnd, about } = report
  if (endToEnd === undefined) return undefined
  const { verdict, queries, sameContext, positionDecided } = endToEnd
  const same = `${format.count(sameContext)} of ${format.count(queries)} questions had the same passages in the same order either way; they count as equal.`
  const position =
    positionDecided === undefined
      ? []
      : [
          `Each pair of answers was judged twice with the answers swapped. Position alone decided ${format.percent(positionDecided)} of the pairs; those count as equal.`,
        ]
  return {
    id: 'end-to-end',
    title: 'Are the answers better?',
    paragraphs: [verdict.sentence, same, ...position],
    tables: [
      {
        caption: 'Answers without and with the reranker, mean of the questions',
        heads: ['', 'First stage', 'Reranked', 'Difference'],
        rows: rowsOf(endToEnd, about.currency),
      },
    ],
  }
}

function rowsOf(summary: EndToEndSummary, currency: string | undefined): string[][] {
  const { topN, grades, tokens, money, durationMs } = summary
  const price = (amount: number): string => format.money(amount, currency)
  const change = (amount: number): string => `${amount < 0 ? '−' : '+'}${format.count(Math.abs(amount))}`
  return [
    [
      'Passages in the prompt',
      format.count(topN.firstStage),
      format.count(topN.reranked),
      change(topN.reranked - topN.firstStage),
    ],
    ...(grades === undefined
      ? [['Preferred', format.count(summary.losses), format.count(summary.wins), format.signed(summary.difference)]]
      : [['Grade', format.value(grades.firstStage), format.value(grades.reranked), format.signed(summary.difference)]]),
    ...(tokens === undefined
      ? []
      : [['Prompt tokens', format.count(tokens.firstStage), format.count(tokens.reranked), change(-tokens.saved)]]),
    ...(money === undefined
      ? []
      : [
          [
            'Cost of the answers',
            price(money.firstStage),
            price(money.reranked),
            price(money.reranked - money.firstStage),
          ],
          ['Cost of reranking', '', price(money.reranking), price(money.reranking)],
          ['Together', price(money.firstStage), price(money.reranked + money.reranking), price(-money.saved)],
        ]),
    [
      'Time to answer, median',
      ...[durationMs.firstStage, durationMs.reranked].map(({ median }) => format.milliseconds(median)),
      '',
    ],
    ['Time to rerank, median', '', format.milliseconds(durationMs.reranking.median), ''],
  ]
}
