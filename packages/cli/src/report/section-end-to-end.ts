import type { EndToEndSummary } from '@secondpass/core/eval'
import * as format from './format.js'
import type { Section } from './section.js'
import type { EvalReport } from './types.js'

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
      'Time to answer, middle',
      ...[durationMs.firstStage, durationMs.reranked].map(({ median }) => format.milliseconds(median)),
      '',
    ],
    ['Time to rerank, middle', '', format.milliseconds(durationMs.reranking.median), ''],
  ]
}
