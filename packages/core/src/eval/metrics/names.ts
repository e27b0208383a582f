import type { Judgements } from '../types.js'
import { invalidArgument } from '../../errors.js'
import { judged } from './judged.js'
import { ndcg } from './ndcg.js'
import { averagePrecision, precision, recall, success } from './precision-recall.js'
import { reciprocalRank } from './reciprocal-rank.js'

/** Metrics that look at the whole list, or at its first k places when `@k` follows. */
type WholeListName = 'nDCG' | 'nDCG-exp' | 'MRR' | 'MAP' | 'recall'

/** Metrics that need a k. */
type CutName = 'precision' | 'success' | 'judged'

/** A metric by name, for example `'nDCG@10'`, `'nDCG-exp@10'` (exponential gain), `'MAP'`, `'recall@100'`. */
export type MetricName = WholeListName | `${WholeListName | CutName}@${number}`

/** The value of a metric for one query, given its documents best first. */
export type Metric = (ranked: readonly string[], judgements: Judgements) => number

const families: Readonly<Record<WholeListName | CutName, (k: number) => Metric>> = {
  nDCG: (k) => (ranked, judgements) => ndcg(ranked, judgements, { k }),
  'nDCG-exp': (k) => (ranked, judgements) => ndcg(ranked, judgements, { k, gain: 'exponential' }),
  MRR: (k) => (ranked, judgements) => reciprocalRank(ranked, judgements, k),
  MAP: (k) => (ranked, judgements) => averagePrecision(ranked, judgements, k),
  recall: (k) => (ranked, judgements) => recall(ranked, judgements, k),
  precision: (k) => (ranked, judgements) => precision(ranked, judgements, k),
  success: (k) => (ranked, judgements) => success(ranked, judgements, k),
  judged: (k) => (ranked, judgements) => judged(ranked, judgements, k),
}

const needsCut: readonly string[] = ['precision', 'success', 'judged'] satisfies CutName[]

/**
 * The metric of a name.
 *
 * @throws RerankError `'invalid-argument'` when there is no such metric.
 */
export function metricOf(name: MetricName): Metric {
  const [, family = '', cut] = /^([A-Za-z-]+)(?:@([1-9]\d*))?$/.exec(name) ?? []
  if (!Object.hasOwn(families, family)) {
    throw invalidArgument(
      'metric',
      name,
      `pass one of ${Object.keys(families).join(', ')}, followed by @ and a whole number`,
    )
  }
  if (cut === undefined && needsCut.includes(family)) {
    throw invalidArgument('metric', name, `say how many places count, for example ${family}@10`)
  }
  return families[family as keyof typeof families](cut === undefined ? Infinity : Number(cut))
}
