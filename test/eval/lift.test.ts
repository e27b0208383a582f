import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adviseDepth } from '../../packages/core/src/eval/depth.ts'
import { evaluate } from '../../packages/core/src/eval/evaluate.ts'
import { bootstrapInterval } from '../../packages/core/src/eval/bootstrap.ts'
import { measureLift } from '../../packages/core/src/eval/lift.ts'
import type { MetricLift } from '../../packages/core/src/eval/verdict.ts'
import { type LiveSample, sampleLive } from '../../packages/core/src/eval/live.ts'
import { churn, rankBiasedOverlap } from '../../packages/core/src/eval/live.ts'
import { seededRandom } from '../../packages/core/src/eval/bootstrap.ts'
import { runFromLists } from '../../packages/core/src/eval/run.ts'
import type { Qrels, Run } from '../../packages/core/src/eval/run.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import type { Ranking } from '../../packages/core/src/types.ts'

const ids = Array.from({ length: 10 }, (_, at) => `d${at}`)
/** `d0` of each query is relevant and stands at the place given, from 0; nowhere when the place is negative. */
const runWith = (places: readonly number[]): Run =>
  runFromLists(
    places.map((place, query) => {
      const others = ids.slice(1)
      return [`q${query}`, place < 0 ? others : others.toSpliced(place, 0, 'd0')]
    }),
  )
const qrelsOf = (count: number): Qrels =>
  new Map(Array.from({ length: count }, (_, at) => [`q${at}`, new Map([['d0', 1]])]))
const repeat = (count: number, ...places: number[]): number[] =>
  Array.from({ length: count }, (_, at) => places[at % places.length] as number)
const lift = (from: readonly number[], to: readonly number[], more = {}): ReturnType<typeof measureLift> =>
  measureLift({ firstStage: runWith(from), reranked: runWith(to), qrels: qrelsOf(from.length), ...more })

describe('measureLift', () => {
  it('says that reranking helps, with where the first relevant result moved', () => {
    const result = lift(repeat(20, 4, 0), repeat(20, 0), { durationsMs: [10, 20, 30, 400], costs: [1, 3] })
    expect(result.verdict).toMatchObject({ kind: 'helps', metric: 'nDCG@10' })
    const half = 1 / Math.log2(6)
    expect(result.metrics['nDCG@10']).toMatchObject({ reranked: 1, wins: 10, ties: 10, losses: 0 })
    expect(result.metrics['nDCG@10']?.difference).toBeCloseTo((1 - half) / 2, 12)
    expect(result.verdict.sentence).toMatch(
      /^Reranking helps: nDCG@10 0\.693 to 1\.000, \+0\.307 or \+44\.2 % \(95 % interval \+0\.\d{3} to \+0\.\d{3}\) over 20 queries; 10 better, 10 equal, 0 worse\.$/,
    )
    expect(result.firstRelevant).toMatchObject({ up: 10, same: 10, down: 0, medianFrom: 3, medianTo: 1 })
    expect(result.firstRelevant.moves[0]).toEqual({ queryId: 'q0', from: 5, to: 1 })
    expect(result).toMatchObject({
      poolRecall: 1,
      durationMs: { mean: 115, median: 20, p95: 400 },
      cost: { mean: 2 },
      warnings: [],
    })
    expect(result.perQuery.get('q1')).toBe(0)
  })

  it('says that it hurts, that it may be chance, that it is too small, and that queries are too few', () => {
    expect(lift(repeat(20, 0), repeat(20, 4, 0)).verdict).toMatchObject({
      kind: 'hurts',
      sentence: expect.stringContaining('Reranking hurts: ') as string,
    })
    const nothing = lift(repeat(410, ...repeat(80, 0), 1, 0), repeat(410, ...repeat(80, 0), 0, 1)).verdict
    expect(nothing.kind).toBe('no-measurable-help')
    expect(nothing.sentence).toMatch(/^No measurable help, a gain of 2 % is ruled out: /)
    expect(lift(repeat(20, 0), repeat(20, 0)).verdict.kind).toBe('no-measurable-help')
    const small = lift(repeat(400, 1, ...repeat(99, 0)), repeat(400, 0), { worthwhile: 0.02 }).verdict
    expect(small.kind).toBe('no-measurable-help')
    expect(small.sentence).toMatch(/below 2 % and not worth its cost/)
    expect(lift(repeat(9, 4), repeat(9, 0)).verdict).toMatchObject({
      kind: 'too-few-queries',
      moreQueries: 1,
      sentence: expect.stringMatching(/^Too few queries to tell, about 1 more would: /) as string,
    })
  })

  it('says of a wide interval that the queries are too few, and about how many more would tell', () => {
    const { verdict, metrics } = lift(repeat(14, 2, 0, 0), repeat(14, 0, 0, 1))
    const { difference, interval } = metrics['nDCG@10'] as MetricLift
    expect(interval[0]).toBeLessThan(0)
    expect(verdict.kind).toBe('too-few-queries')
    // As many as make half of the interval as small as the difference: it shrinks with the square root of their number.
    const enough = 14 * ((interval[1] - interval[0]) / 2 / difference) ** 2
    expect(verdict.moreQueries).toBeGreaterThanOrEqual(enough - 14)
    expect(verdict.moreQueries).toBeLessThanOrEqual((enough - 14) * 1.1 + 1)
    expect(verdict.sentence).toContain(`Too few queries to tell, about ${verdict.moreQueries} more would: nDCG@10 `)
  })

  it('keeps its promise: with so many more of the same kind there is a verdict', () => {
    const [from, to] = [repeat(14, 2, 0, 0), repeat(14, 0, 0, 1)]
    const more = lift(from, to).verdict.moreQueries as number
    const count = 14 * Math.ceil((14 + more) / 14)
    expect(lift(repeat(count, ...from), repeat(count, ...to)).verdict.kind).toBe('helps')
  })

  it('never goes by how much is judged', () => {
    const good = { firstStage: runWith([0]), reranked: runWith([0]), qrels: qrelsOf(1) }
    expect(() => measureLift({ ...good, metrics: ['judged@10', 'nDCG@10'] })).toThrow(
      'metrics[0] is "judged@10": it says how much was judged, not how good an order is; name another first',
    )
  })

  it('warns of so few queries that intervals are too narrow', () => {
    expect(lift(repeat(12, 1, 0), repeat(12, 0)).warnings).toEqual([
      'Only 12 queries: each moves a mean by up to 0.083, and intervals from fewer than 20 are too narrow.',
    ])
  })

  it('knows what the pool cannot give, and counts what is missing as 0', () => {
    const result = lift(repeat(20, -1, 0), repeat(20, -1, 0))
    expect(result).toMatchObject({ poolRecall: 0.5, firstRelevant: { up: 0, same: 20, down: 0, medianFrom: 1 } })
    expect(result.firstRelevant.moves[0]).toEqual({ queryId: 'q0' })
  })

  it('is the same for the same seed', () => {
    const [from, to] = [repeat(30, 3, 0, 7), repeat(30, 0, 2, 1)]
    expect(lift(from, to)).toEqual(lift(from, to))
    expect(lift(from, to).metrics['nDCG@10']?.interval).not.toEqual(
      lift(from, to, { seed: 2 }).metrics['nDCG@10']?.interval,
    )
  })

  it('refuses what it cannot compare', () => {
    const good = { firstStage: runWith([0]), reranked: runWith([0]), qrels: qrelsOf(1) }
    expect(() => measureLift({ ...good, reranked: runFromLists([['x', ['d0']]]) })).toThrow(
      'reranked is "of 1 queries": 0 of 1 query ids',
    )
    expect(() => measureLift({ ...good, metrics: [] })).toThrow('metrics is an array of 0: name at least one')
    expect(() => measureLift({ ...good, baseline: 1 } as never)).toThrow('options.baseline is 1')
    expect(() => measureLift({ ...good, durationsMs: [Number.NaN] })).toThrow('a value of durationsMs is NaN')
    expect(() => measureLift({ ...good, confidence: 95 })).toThrow('confidence is 95')
  })
})

describe('bootstrapInterval', () => {
  it('holds the true mean in about 95 of 100 samples', () => {
    let covered = 0
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed)
      const sample = Array.from({ length: 60 }, () => random() - random() + 0.1)
      const [from, to] = bootstrapInterval(sample, { resamples: 500, seed })
      covered += from <= 0.1 && 0.1 <= to ? 1 : 0
    }
    expect(covered / 300).toBeGreaterThan(0.9)
    expect(covered / 300).toBeLessThan(0.99)
  })

  it('refuses to say anything of no query at all', () => {
    expect(() => bootstrapInterval([])).toThrow('differences is an array of 0: pass one number per query, at least one')
    expect(() => bootstrapInterval(undefined as never)).toThrow('differences is undefined: pass one number per query')
  })
})

describe('rankBiasedOverlap', () => {
  it('has the values of the formula, worked out by hand', () => {
    // Depths 1 to 3 share 0, 2 and 3: (1 - p) / p * (0 + p^2 + p^3) + p^3.
    const p = 0.8
    expect(rankBiasedOverlap(['a', 'b', 'c'], ['b', 'a', 'c'], p)).toBeCloseTo(
      (0.2 / p) * (p ** 2 + p ** 3) + p ** 3,
      12,
    )
    // Lists of 1 and 2: X is 1 and 1; the shorter is taken to go on agreeing.
    const uneven = (0.2 / p) * (p + p ** 2 / 2 + (1 / 2) * p ** 2) + ((1 - 1) / 2 + 1) * p ** 2
    expect(rankBiasedOverlap(['a'], ['a', 'b'], p)).toBeCloseTo(uneven, 12)
    expect(rankBiasedOverlap(['a', 'b'], ['c', 'd'])).toBe(0)
    expect([rankBiasedOverlap([], []), rankBiasedOverlap([], ['a'])]).toEqual([1, 0])
  })

  it('is symmetric, 1 for any order with itself, and within 0..1', () => {
    const order = fc.shuffledSubarray([1, 2, 3, 4, 5, 6, 7, 8], { minLength: 1 })
    fc.assert(
      fc.property(order, order, (left, right) => {
        const overlap = rankBiasedOverlap(left, right)
        expect(overlap).toBeCloseTo(rankBiasedOverlap(right, left), 12)
        expect(overlap).toBeGreaterThanOrEqual(0)
        expect(overlap).toBeLessThanOrEqual(1 + 1e-12)
        expect(rankBiasedOverlap(left, left)).toBeCloseTo(1, 12)
      }),
    )
  })

  it('refuses an order with an item twice', () => {
    expect(() => rankBiasedOverlap(['a', 'a'], ['a', 'b'])).toThrow('it stands there twice')
    expect(() => rankBiasedOverlap(['a', 'b', 'b'], ['a'])).toThrow('it stands there twice')
  })
})

describe('sampleLive', () => {
  const answer = (order: readonly number[], outcome = 'ranked'): Ranking =>
    ({
      results: order.map((index, at) => ({ candidate: { text: '' }, index, rank: at + 1 })),
      report: { stages: [{ outcome }], candidates: 4, durationMs: 8 },
    }) as unknown as Ranking

  it('hands every answer back, and looks at its share of them', () => {
    const seen: LiveSample[] = []
    const watch = sampleLive({ rate: 0.25, random: seededRandom(5), onSample: (sample) => seen.push(sample) })
    const ranking = answer([3, 0])
    for (let call = 0; call < 1000; call++) expect(watch(ranking)).toBe(ranking)
    expect(seen.length).toBeGreaterThan(200)
    expect(seen.length).toBeLessThan(300)
    expect(watch.summary().sampled).toBe(seen.length)
    expect(seen[0]).toMatchObject({ outcome: 'ranked', topCameFrom: 4, churn: 0.5, durationMs: 8 })
  })

  it('averages over the calls that were ranked', () => {
    const watch = sampleLive({ rate: 1, topN: 2 })
    for (const one of [answer([0, 1, 2, 3]), answer([2, 3, 0, 1]), answer([0, 1, 2, 3], 'skipped')]) watch(one)
    expect(watch.summary()).toMatchObject({
      sampled: 3,
      ranked: 2,
      meanChurn: 0.5,
      topUnchanged: 0.5,
      meanDurationMs: 8,
    })
    expect(sampleLive({ rate: 0 }).summary()).toMatchObject({ sampled: 0, ranked: 0, meanOverlap: 0 })
  })

  it('lets no observer change an answer', async () => {
    const ranking = answer([0])
    const fail = (): never => {
      throw new Error('observer')
    }
    expect(sampleLive({ rate: 1, onSample: fail })(ranking)).toBe(ranking)
    expect(sampleLive({ rate: 1, onSample: async () => fail() })(ranking)).toBe(ranking)
    await new Promise(setImmediate)
  })

  it('refuses wrong options', () => {
    expect(() => sampleLive({ rate: 2 })).toThrow('rate is 2: pass a number from 0 to 1')
    expect(() => sampleLive({ rate: 1, onSample: 'log' as never })).toThrow('onSample is "log": pass a function')
  })
})

describe('churn', () => {
  it('is the share of the top that is new', () => {
    expect([churn([1, 2, 3], [2, 1, 3], 2), churn([1, 2, 3], [3, 1, 2], 2), churn([], [], 5)]).toEqual([0, 0.5, 0])
  })
})

describe('adviseDepth', () => {
  const names = Array.from({ length: 30 }, (_, at) => `d${at}`)
  /** The relevant document stands at `place`, and the scorer knows it. */
  const query = (queryId: string, place: number): Parameters<typeof adviseDepth>[0][number] => ({
    queryId,
    ids: names.slice(1).toSpliced(place, 0, 'd0'),
    scores: names.map((_, at) => (at === place ? 1 : 0)),
  })

  it('names the smallest depth that reaches the share of the best', () => {
    const queries = [query('q0', 3), query('q1', 12)]
    const advice = adviseDepth(queries, qrelsOf(2), { depths: [5, 20, 100], costPerText: 2 })
    expect(advice.curve.map(({ depth, cost }) => [depth, cost])).toEqual([
      [0, 0],
      [5, 10],
      [20, 40],
      [100, 60],
    ])
    expect(advice.curve[1]?.value).toBe(0.5)
    expect(advice.curve[2]?.value).toBe(1)
    expect(advice).toMatchObject({
      depth: 20,
      sentence: 'Depth 20 reaches 1.000 of the best 1.000 in nDCG@10 at a cost of 40 for each query.',
    })
    const inTime = adviseDepth(queries, qrelsOf(2), { depths: [20], costPerText: 2, costUnit: 'ms' })
    expect(inTime.sentence).toMatch(/at a cost of 40 ms for each query/)
    expect(adviseDepth(queries, qrelsOf(2), { depths: [5, 20], share: 0.5 }).depth).toBe(5)
  })

  it('says when the first stage is enough', () => {
    expect(adviseDepth([query('q0', 0)], qrelsOf(1))).toMatchObject({
      depth: 0,
      sentence: 'The first stage alone reaches 1.000 of the best 1.000 in nDCG@10: do not rerank.',
    })
  })

  it('mixes at each depth as the reranker does there', async () => {
    const random = seededRandom(5)
    const queries = Array.from({ length: 20 }, (_, at) => ({
      queryId: `q${at}`,
      ids: names,
      scores: names.map(() => random()),
      firstStageScores: names.map((_one, place) => 9 - place + random()),
    }))
    const qrels: Qrels = new Map(
      queries.map(({ queryId }) => [queryId, new Map([[names[Math.floor(random() * 30)] as string, 1]])]),
    )
    const blend = { weight: 0.7 }
    const { curve } = adviseDepth(queries, qrels, { depths: [5, 20], blend })
    for (const { depth, value } of curve.slice(1)) {
      const lists = queries.map(
        async ({ queryId, ids: found, scores, firstStageScores }): Promise<[string, string[]]> => {
          const scorer = { id: 'known', scope: 'pair' as const, score: async () => scores.slice(0, depth) }
          const candidates = found.map((id, at) => ({ id, text: '', score: firstStageScores[at] as number }))
          const { results } = await createReranker({ scorer, depth, blend, telemetry: false }).rerank('q', candidates)
          return [queryId, results.map(({ candidate }) => candidate.id)]
        },
      )
      const run = runFromLists(await Promise.all(lists))
      expect(evaluate(run, qrels, { metrics: ['nDCG@10'] }).means['nDCG@10']).toBe(value)
    }
    expect(curve.map(({ value }) => value)).not.toEqual(
      adviseDepth(queries, qrels, { depths: [5, 20] }).curve.map(({ value }) => value),
    )
    expect(() => adviseDepth([{ ...(queries[0] as (typeof queries)[number]), firstStageScores: [1] }], qrels)).toThrow(
      'it has 30 ids; pass one for each',
    )
  })

  it('refuses ids without scores', () => {
    expect(() => adviseDepth([{ queryId: 'q0', ids: ['a'], scores: [] }], qrelsOf(1))).toThrow(
      'query q0 is "1 ids": it has 0 scores',
    )
    expect(() => adviseDepth([query('q0', 0)], qrelsOf(1), { depths: [0] })).toThrow('a depth of depths is 0')
  })
})
