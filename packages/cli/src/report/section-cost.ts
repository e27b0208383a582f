import * as format from './format.js'
import type { Section, Table } from './section.js'
import type { EvalReport, LatencySummary } from './types.js'

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

function latencySentence({ calls, mean, median, p95, max }: LatencySummary): string {
  const [middle, most, average, longest] = [median, p95, mean, max].map(format.milliseconds)
  return `Reranking took ${middle} in the middle, ${average} on average, at most ${most} for 95 of 100 queries, and ${longest} at the longest, over ${format.count(calls)} calls.`
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
