/** The two tables of bench/calibration.mjs. */
import { table } from '../lib/report.mjs'

const three = (value) => value.toFixed(3)
const four = (value) => `${value < 0 ? '' : '+'}${value.toFixed(4)}`
const percent = (share) => `${(100 * share).toFixed(0)} %`

/** What there is to lose. */
export function gainTable(scorerId, measured, weight) {
  const rows = measured.map(({ set, questions, available, depth, before, after }) => [
    set,
    questions === available ? questions : `${questions} of ${available}`,
    depth,
    three(before),
    three(after),
    `${after < before ? '' : '+'}${three(after - before)}`,
  ])
  const heads = ['set', 'questions', 'depth', 'BM25', 'reranked', 'gain: lost when all is skipped']
  return `nDCG@10 of BM25 and of ${scorerId}, blended ${weight}\n\n${table(heads, rows)}`
}

/** What may be skipped. */
export function calibrationTable(measured, { repeats, confidence }) {
  const rows = measured.flatMap(({ set, rows: limits }) =>
    limits.map((row) => [
      set,
      row.maxLoss,
      answerOf(row),
      row.skipRate === undefined ? '-' : percent(row.skipRate),
      row.loss === undefined ? '-' : four(row.loss),
      row.worstLoss === undefined ? '-' : four(row.worstLoss),
      mostUsed(row.signals),
    ]),
  )
  const heads = ['set', 'maxLoss', 'answer', 'skipped', 'held-out loss', 'worst of the repeats', 'signal']
  const about = `Calibrated on four fifths, looked at on the fifth that was left out, ${repeats} times with other cuts; confidence ${confidence}. A draw without a promise skips nothing and loses nothing.`
  return `${about}\n\n${table(heads, rows)}`
}

function answerOf({ outcomes, draws, sentence }) {
  if (outcomes['too-few-queries'] > 0) return `too few: at least ${/at least (\d+)/.exec(sentence)?.[1]}`
  if (outcomes.promised === 0) return 'do not skip'
  return `promised in ${outcomes.promised} of ${draws}`
}

function mostUsed(signals = {}) {
  const [best] = Object.entries(signals).sort(([, a], [, b]) => b - a)
  return best === undefined ? '-' : best[0]
}
