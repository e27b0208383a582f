import * as format from './format.js'
import type { Section } from './section.js'
import type { EvalReport } from './types.js'

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
