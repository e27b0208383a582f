import { describe, expect, it } from 'vitest'
import { evaluate } from '../../packages/core/src/eval/evaluate.ts'
import type { MetricName } from '../../packages/core/src/eval/metrics.ts'
import { rankByScore, runFromLists } from '../../packages/core/src/eval/run.ts'
import type { Qrels } from '../../packages/core/src/eval/run.ts'
import { type GoldenRun, goldenCase, goldenCases, goldenRandom } from './golden.ts'

const TOLERANCE = 1e-6
const meanOf = (golden: GoldenRun, metric: MetricName, options = {}): number | undefined =>
  evaluate(golden.run, golden.qrels, { metrics: [metric], ...options }).means[metric]

/** Everything that differs from the reference by more than the tolerance. */
function differences(golden: GoldenRun): string[] {
  const found: string[] = []
  const compare = (what: string, ours: number | undefined, theirs: number): void => {
    if (!(Math.abs((ours ?? Number.NaN) - theirs) <= TOLERANCE))
      found.push(`${golden.name}, ${what}: ${ours} for ${theirs}`)
  }
  const metrics = Object.keys(Object.values(golden.trec)[0] ?? {}) as MetricName[]
  const ours = evaluate(golden.run, golden.qrels, { metrics, float32: true, queries: 'intersection' })
  for (const [query, row] of Object.entries(golden.trec)) {
    for (const [name, value] of Object.entries(row))
      compare(`query ${query} ${name}`, ours.perQuery.get(query)?.[name], value)
  }
  if (ours.queries !== Object.keys(golden.trec).length) found.push(`${golden.name}: ${ours.queries} queries`)
  const means = Object.keys(golden.irMeasures) as MetricName[]
  const all = evaluate(golden.run, golden.qrels, { metrics: means, float32: true })
  for (const name of means) compare(`mean ${name}`, all.means[name], golden.irMeasures[name] as number)
  return found
}

describe('the metrics', () => {
  it.each(goldenCases.map((golden) => [golden.name, golden] as const))('equal the reference: %s', (_, golden) => {
    expect(differences(golden)).toEqual([])
  })

  it('equal the reference on 1,000 random runs', () => {
    expect(goldenRandom).toHaveLength(1000)
    expect(goldenRandom.flatMap(differences)).toEqual([])
  })

  it('differ from the reference in 32 bits, because scores are compared in 64 unless asked otherwise', () => {
    const golden = goldenCase('near tie in 32 bits')
    expect(golden.trec['1']?.['nDCG@10']).toBeCloseTo(0.63093, 5)
    expect(meanOf(golden, 'nDCG@10')).toBe(1)
    expect(meanOf(golden, 'nDCG@10', { float32: true })).toBeCloseTo(0.63093, 5)
  })

  it('differ from RR@10 of ir_measures on ties, which it breaks by ascending id', () => {
    const golden = goldenCase('all tied, the lowest id is relevant')
    expect(golden.rrAt10).toBe(1)
    expect(golden.irMeasures['MRR']).toBeCloseTo(1 / 3, 6)
    expect(meanOf(golden, 'MRR@10')).toBeCloseTo(1 / 3, 6)
  })

  it('have the values of the definitions, worked out by hand', () => {
    const run = new Map([
      [
        'q',
        new Map([
          ['x', 3],
          ['a', 2],
          ['b', 1],
        ]),
      ],
    ])
    const qrels: Qrels = new Map([
      [
        'q',
        new Map([
          ['a', 2],
          ['b', 1],
          ['c', 1],
        ]),
      ],
    ])
    const { means } = evaluate(run, qrels, {
      metrics: ['nDCG@2', 'nDCG-exp@2', 'MAP@2', 'MRR@1', 'MRR@2', 'recall@2', 'precision@2', 'success@1', 'judged@2'],
    })
    const ideal = 2 + 1 / Math.log2(3)
    expect(means['nDCG@2']).toBeCloseTo(2 / Math.log2(3) / ideal, 12)
    expect(means['nDCG-exp@2']).toBeCloseTo(3 / Math.log2(3) / (3 + 1 / Math.log2(3)), 12)
    expect(means).toMatchObject({
      'MAP@2': 1 / 2 / 3,
      'MRR@1': 0,
      'MRR@2': 0.5,
      'recall@2': 1 / 3,
      'precision@2': 0.5,
      'success@1': 0,
      'judged@2': 0.5,
    })
  })
})

describe('evaluate', () => {
  const qrels: Qrels = new Map([
    ['1', new Map([['a', 1]])],
    ['2', new Map([['a', 1]])],
  ])

  it('counts a query that the run lacks as 0, or leaves it out when asked, and says so', () => {
    const run = runFromLists([['1', ['a']]])
    expect(evaluate(run, qrels)).toMatchObject({
      queries: 2,
      means: { 'nDCG@10': 0.5 },
      warnings: ['1 of 2 query ids appear in the run.'],
    })
    expect(evaluate(run, qrels, { queries: 'intersection' })).toMatchObject({ queries: 1, means: { 'nDCG@10': 1 } })
  })

  it('says when ids match nothing', () => {
    expect(() => evaluate(runFromLists([['q1', ['a']]]), qrels)).toThrow(
      'run is "of 1 queries": 0 of 2 query ids appear in the run; the judgements name "1" where the run names "q1"',
    )
    expect(() => evaluate(new Map(), qrels)).toThrow('0 of 2 query ids appear in the run; the run is empty')
    expect(() => evaluate(runFromLists([['1', ['a']]]), new Map())).toThrow('qrels is "empty"')
    expect(
      evaluate(
        runFromLists([
          ['1', ['z']],
          ['2', ['y']],
        ]),
        qrels,
      ).warnings,
    ).toEqual(['None of the 2 documents in the run is judged: do the document ids match?'])
  })

  it.each([
    ['nDCG@0', 'metric is "nDCG@0": pass one of nDCG,'],
    ['ndcg@10', 'metric is "ndcg@10"'],
    ['toString', 'metric is "toString"'],
    ['precision', 'metric is "precision": say how many places count, for example precision@10'],
  ])('refuses the metric %s', (name, message) => {
    expect(() => evaluate(runFromLists([['1', ['a']]]), qrels, { metrics: [name as MetricName] })).toThrow(message)
  })

  it('refuses an option that does not exist, and a list with a document twice', () => {
    expect(() => evaluate(runFromLists([['1', ['a']]]), qrels, { metric: 'MAP' } as never)).toThrow(
      'options.metric is "MAP"',
    )
    expect(() => runFromLists([['1', ['a', 'b', 'a']]])).toThrow('it holds the document a twice')
  })
})

describe('rankByScore', () => {
  const tied = new Map([
    ['b', 1],
    ['c', 1],
    ['a', 1],
    ['z', 0],
    ['n', Number.NaN],
    ['m', -Infinity],
  ])

  it('breaks ties by the higher id, or by the order of the input', () => {
    expect(rankByScore(tied)).toEqual(['c', 'b', 'a', 'z', 'm', 'n'])
    expect(rankByScore(tied, { ties: 'input-order' })).toEqual(['b', 'c', 'a', 'z', 'm', 'n'])
    expect(() => rankByScore(tied, { ties: 'random' as never })).toThrow(
      "ties is \"random\": pass 'trec' or 'input-order'",
    )
  })
})
