/** The two tables of bench/quality.mjs. A difference carries the 95 % interval of its mean over the questions. */
import { table } from '../lib/report.mjs'
import { halfWidth95, mean } from '../lib/stats.mjs'

const three = (values) => mean(values).toFixed(3)

function difference(left, right) {
  const values = left.map((value, i) => value - right[i])
  return `${mean(values) < 0 ? '' : '+'}${three(values)} ± ${halfWidth95(values).toFixed(3)}`
}

/** What the model brings over BM25, alone and blended with `weight`. */
export function qualityTable(scorerId, measured, weight) {
  const rows = measured.map(({ set, questions, available, byQuestion: by }) => [
    set,
    questions === available ? questions : `${questions} of ${available}`,
    ...[by.bm25, by.int8, by['blend-int8']].map(three),
    difference(by['blend-int8'], by.bm25),
    three(by.ceiling),
  ])
  const average = (way) =>
    (measured.reduce((sum, one) => sum + mean(one.byQuestion[way]), 0) / measured.length).toFixed(3)
  rows.push(['mean of sets', '', ...['bm25', 'int8', 'blend-int8'].map(average), '', average('ceiling')])
  const heads = ['set', 'questions', 'BM25', 'model alone', `blend ${weight}`, 'blend - BM25', 'ceiling of the pool']
  return `nDCG@10 over BM25's top 100, ${scorerId}\n\n${table(heads, rows)}`
}

/** What int8 costs against the exact graph. */
export function keptTable(scorerId, measured) {
  const rows = measured
    .filter(({ taus }) => taus !== undefined)
    .map(({ set, questions, byQuestion: by, taus }) => [
      set,
      questions,
      ...[by.fp32, by.int8].map(three),
      difference(by.int8, by.fp32),
      ...[by['blend-fp32'], by['blend-int8']].map(three),
      difference(by['blend-int8'], by['blend-fp32']),
      three(taus),
    ])
  const heads = [
    'set',
    'questions',
    'fp32',
    'int8',
    'int8 - fp32',
    'blend fp32',
    'blend int8',
    'int8 - fp32',
    'Kendall tau',
  ]
  return `int8 against fp32 (${scorerId ?? 'not scored'})\n\n${table(heads, rows)}`
}
