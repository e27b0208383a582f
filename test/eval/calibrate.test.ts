import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBelow, upperBound } from '../../packages/core/src/eval/calibrate/plan.ts'
import { type CalibrationQuery, calibrationQuery } from '../../packages/core/src/eval/calibrate/query.ts'
import { type CalibrateOptions, calibrateSkip } from '../../packages/core/src/eval/calibrate/skip.ts'
import { type Random, seededRandom } from '../../packages/core/src/eval/bootstrap.ts'
import { calibrated } from '../../packages/core/src/skip/calibrated.ts'
import {
  agreement,
  agreementSignal,
  marginSignal,
  shapeSignal,
  topScoreSignal,
} from '../../packages/core/src/skip/first-stage.ts'
import type { Signal } from '../../packages/core/src/skip/policy.ts'
import { queryLengthSignal } from '../../packages/core/src/skip/query.ts'
import type { Candidate, Pool, Ranking, SkipCalibration } from '../../packages/core/src/types.ts'
import { sized } from '../fixtures/size.ts'

const about = { scorerId: 'fake', retriever: 'BM25', corpus: 'invented', date: '2026-01-02' }
const options: CalibrateOptions = { ...about, maxLoss: 0.01, signals: [marginSignal()] }

let asked = 0

/** A query whose lead over the third is `margin`. Each is another one. */
const queryWith = (margin: number, loss: number): CalibrationQuery => ({
  query: `an invented question of eight words or so${asked++}`,
  candidates: [margin, 0, 0].map((score) => ({ text: '', score })),
  loss,
})
const sampleOf = (count: number, random: Random, lossAt: (margin: number) => number): CalibrationQuery[] =>
  Array.from({ length: count }, () => {
    const margin = 1 - random()
    return queryWith(margin, lossAt(margin))
  })

const DRAWS = sized(100, 500)

describe('calibrateSkip, on data with a known answer', () => {
  // A lead of m loses 0.5 with the chance 0.2 (1 - m), so skipping from t on loses 0.05 (1 - t)^2 in the mean.
  const trueLoss = (threshold: number): number => 0.05 * (1 - threshold) ** 2
  const draw = (seed: number, count: number): CalibrationQuery[] => {
    const random = seededRandom(seed)
    return sampleOf(count, random, (margin) => (random() < 0.2 * (1 - margin) ? 0.5 : 0))
  }

  it('breaks the promise in at most the promised share of draws, and skips a good part of what it may', () => {
    let [broken, promised, skipped] = [0, 0, 0]
    for (let seed = 1; seed <= DRAWS; seed++) {
      const { outcome, file } = calibrateSkip(draw(seed, 800), { ...options, seed })
      if (outcome !== 'promised') continue
      promised++
      skipped += 1 - (file.threshold as number)
      broken += trueLoss(file.threshold as number) > options.maxLoss ? 1 : 0
    }
    expect(broken / DRAWS).toBeLessThanOrEqual(0.1)
    expect(promised / DRAWS).toBeGreaterThan(0.8)
    // The threshold that loses exactly 0.01 skips 44.7 %.
    expect(skipped / promised).toBeGreaterThan(0.2)
  })

  it('breaks it no more often where every threshold loses a little too much', () => {
    let promised = 0
    for (let seed = 1; seed <= DRAWS; seed++) {
      const random = seededRandom(seed)
      const sample = Array.from({ length: 600 }, () => queryWith(random() < 0.5 ? 1 : -1, random() < 0.021 ? 1 : 0))
      promised += calibrateSkip(sample, { ...options, seed }).outcome === 'promised' ? 1 : 0
    }
    expect(promised / DRAWS).toBeLessThanOrEqual(0.1)
  })

  it('breaks it no more often when each query was asked five times', () => {
    let [broken, repeated] = [0, 0]
    for (let seed = 1; seed <= DRAWS; seed++) {
      const once = draw(seed, 400)
      const sample = once.flatMap((query) => Array.from({ length: 5 }, () => query))
      const { outcome, file } = calibrateSkip(sample, { ...options, seed })
      const { outcome: alone, file: aloneFile } = calibrateSkip(once, { ...options, seed })
      // Asking again brings nothing that was not known.
      expect([outcome, file.threshold, file.promise]).toEqual([alone, aloneFile.threshold, aloneFile.promise])
      if (outcome !== 'promised') continue
      repeated++
      broken += trueLoss(file.threshold as number) > options.maxLoss ? 1 : 0
    }
    expect(broken / DRAWS).toBeLessThanOrEqual(0.1)
    expect(repeated / DRAWS).toBeGreaterThan(0.3)
  })

  it('promises nothing on a few queries that were asked often, and says how many there are', () => {
    const few = draw(1, 80).flatMap((query) =>
      [query.query, ` ${query.query.toUpperCase()} `, query.query.replaceAll(' ', '  ')].map((text) => ({
        ...query,
        query: text,
      })),
    )
    const { outcome, sentence } = calibrateSkip(few, options)
    expect(outcome).toBe('too-few-queries')
    expect(sentence).toContain('and there are 80 different ones among 240.')
  })

  it('takes the signal that knows over the one that does not', () => {
    const random = seededRandom(7)
    const sample = draw(7, 2000).map((query, at) => ({
      ...query,
      query: `${'word '.repeat(Math.floor(random() * 9))}w${at}`,
    }))
    const signals = [queryLengthSignal(), marginSignal()]
    expect(calibrateSkip(sample, { ...options, signals }).file.signal).toBe('margin')
  })

  it('skips everything where reranking does harm', () => {
    const result = calibrateSkip(
      sampleOf(500, seededRandom(1), () => -0.2),
      options,
    )
    expect(result.file.promise?.skipRate).toBeGreaterThan(0.98)
    expect(result.file.promise?.bound).toBeLessThan(0)
  })

  it('says not to skip where skipping always loses', () => {
    const result = calibrateSkip(
      sampleOf(2000, seededRandom(1), () => 0.3),
      options,
    )
    expect(result).toMatchObject({ outcome: 'no-threshold', file: { skip: null } })
    expect(result.sentence).toMatch(/^Do not skip: no threshold of margin was shown/)
  })
})

describe('calibrateSkip', () => {
  const lossless = (count: number): CalibrationQuery[] => sampleOf(count, seededRandom(3), () => 0)

  it('refuses to promise on too few queries, and promises from the number it names on', () => {
    const few = calibrateSkip(lossless(100), options)
    const least = Number(/needs at least (\d+) queries/.exec(few.sentence)?.[1])
    expect(few).toMatchObject({ outcome: 'too-few-queries', file: { skip: null } })
    expect(few.sentence).toContain('and there are 100.')
    expect(calibrateSkip(lossless(least - 1), options).outcome).toBe('too-few-queries')
    expect(calibrateSkip(lossless(least), options).outcome).toBe('promised')
  })

  it('gives a file that calibrated() takes, and that skips as the curve says', () => {
    const sample = lossless(600)
    const { file, curves, sentence } = calibrateSkip(sample, options)
    const shape: SkipCalibration = file
    const policy = calibrated(JSON.stringify(shape))
    const skipped = sample.filter((query) => policy({ ...query, scorerId: 'fake' }) !== undefined)
    expect(skipped).toEqual(
      sample.filter((query) => (query.candidates[0]?.score as number) >= (file.threshold as number)),
    )
    expect(file).toMatchObject({
      ...about,
      version: 1,
      signal: 'margin',
      promise: { truth: 'labels', metric: 'nDCG@10' },
    })
    expect(file.promise?.queries).toEqual({ selection: 200, verification: 400 })
    expect(file.promise?.bound).toBeLessThan(0.01)
    expect(sentence).toMatch(/^Skip when margin is at least /)
    expect(curves[0]).toMatchObject({ signal: 'margin', measured: 1 })
    expect(curves[0]?.curve).toHaveLength(20)
    expect(
      calibrated(calibrateSkip(lossless(10), options).file)({ ...sample[0], scorerId: 'fake' } as Pool),
    ).toBeUndefined()
  })

  it('gives the same answer for the same seed', () => {
    expect(calibrateSkip(lossless(600), options)).toEqual(calibrateSkip(lossless(600), options))
  })

  it('keeps the threshold of a signal that no file can hold, and says so', () => {
    const { file, sentence } = calibrateSkip(lossless(600), {
      ...options,
      signals: [{ ...marginSignal(), policy: () => undefined }],
    })
    expect(file.skip).toBeNull()
    const bare: Signal = { name: 'mine', measure: marginSignal().measure }
    const mine = calibrateSkip(lossless(600), { ...options, signals: [bare] })
    expect(mine).toMatchObject({ outcome: 'promised', file: { skip: null, signal: 'mine' } })
    expect(mine.sentence).toContain('No file can hold this signal')
    expect(sentence).toContain('Do not skip')
  })

  it.each([
    [{ maxLoss: 0 }, 'maxLoss is 0: pass a number above 0 and below 1'],
    [{ confidence: 1 }, 'confidence is 1'],
    [{ corpus: undefined }, 'corpus is undefined: say in words what the sample is of'],
    [{ signals: [] }, 'signals is an array of 0'],
    [{ maxloss: 1 }, 'options.maxloss is 1: there is no such option'],
  ])('refuses %j', (more, message) => {
    expect(() => calibrateSkip([queryWith(1, 0)], { ...options, ...(more as object) })).toThrow(message)
  })

  it('refuses an empty sample and a loss out of range', () => {
    expect(() => calibrateSkip([], options)).toThrow('queries is an array of 0')
    expect(() => calibrateSkip([queryWith(1, Number.NaN)], options)).toThrow('queries[0].loss is NaN')
  })
})

describe('the bound', () => {
  it('is at or above the true mean in at least the promised share of draws', () => {
    let covered = 0
    for (let seed = 1; seed <= DRAWS; seed++) {
      const random = seededRandom(seed)
      const losses = Array.from({ length: 300 }, () => (random() < 0.1 ? 0.4 : random() < 0.1 ? -0.2 : 0))
      covered += upperBound(losses, { share: 0.3, confidence: 0.9 }) >= 0.1 * 0.4 - 0.9 * 0.1 * 0.2 ? 1 : 0
    }
    expect(covered / DRAWS).toBeGreaterThanOrEqual(0.9)
  })

  it('is the least limit that the test confirms', () => {
    const losses = Array.from({ length: 300 }, (_, at) => (at % 30 === 0 ? 0.5 : 0))
    const bet = { share: 0.5, confidence: 0.9 }
    const bound = upperBound(losses, bet)
    expect([isBelow(losses, bound, bet), isBelow(losses, bound - 1e-5, bet)]).toEqual([true, false])
  })
})

describe('the signals', () => {
  const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.double({ min: -50, max: 50, noNaN: true }))
  const candidates = fc.array(
    fc.record({ text: fc.constant('t'), score: fc.option(score, { freq: 20, nil: undefined }) }),
    { maxLength: 8 },
  )
  const query = fc.oneof(fc.string(), fc.constantFrom('TD-4130', 'two words', 'why so?', '', 'a b c d'))

  it.each([
    marginSignal(),
    marginSignal({ place: 2, relative: true }),
    marginSignal({ higherIsBetter: false }),
    topScoreSignal(),
    topScoreSignal({ higherIsBetter: false }),
    shapeSignal(),
    shapeSignal({ k: 4, higherIsBetter: false }),
    queryLengthSignal(),
  ])('skip exactly as the policy of the file does: $name', (signal) => {
    fc.assert(
      fc.property(query, candidates, score, (text, list, limit) => {
        const pool: Pool = { query: text, candidates: list, scorerId: 'fake' }
        const value = signal.measure(pool)
        for (const threshold of [value ?? limit, Math.round(limit)]) {
          const skip = signal.policy?.(signal.name === 'query-length' ? -Math.abs(Math.round(threshold)) : threshold)
          if (skip === undefined) continue
          const atLeast = signal.name === 'query-length' ? -Math.abs(Math.round(threshold)) : threshold
          const policy = calibrated({ version: 1, scorerId: 'fake', skip })
          expect(policy(pool) !== undefined).toBe(value !== undefined && value >= atLeast)
        }
      }),
    )
  })

  it('skip by agreement as the policy of the file does, given the second retriever', () => {
    const hit = fc.record({
      text: fc.constant('t'),
      score: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    })
    const other = (candidate: Candidate): number | undefined => candidate.score
    const signal = agreementSignal({ other, k: 3 })
    fc.assert(
      fc.property(fc.array(hit, { maxLength: 8 }), fc.double({ min: 0.01, max: 1, noNaN: true }), (list, limit) => {
        const pool: Pool = { query: 'q', candidates: list, scorerId: 'fake' }
        const value = signal.measure(pool)
        for (const atLeast of [limit, ...(value !== undefined && value > 0 ? [value] : [])]) {
          const skip = signal.policy?.(atLeast)
          const policy = calibrated({ version: 1, scorerId: 'fake', skip }, { other })
          expect(policy(pool) !== undefined).toBe(value !== undefined && value >= atLeast)
        }
      }),
    )
    expect(signal.policy?.(0)).toBeUndefined()
  })

  it('measure agreement as the policy does', () => {
    const hit = fc.record({
      text: fc.constant('t'),
      other: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
    })
    const other = (candidate: Candidate): number | undefined => (candidate as Candidate & { other?: number }).other
    fc.assert(
      fc.property(fc.array(hit, { maxLength: 8 }), fc.integer({ min: 1, max: 10 }), (list, k) => {
        const pool: Pool = { query: 'q', candidates: list, scorerId: 'fake' }
        const theirs = agreement({ other, atLeast: 1, k }).evidence?.(pool)?.['agreement']
        expect(agreementSignal({ other, k }).measure(pool)).toBe(theirs)
      }),
    )
  })

  it('measure how far the top stands out, on any scale', () => {
    const shape = (...scores: number[]): number | undefined =>
      shapeSignal().measure({ query: 'q', candidates: scores.map((value) => ({ text: '', score: value })) })
    expect(shape(5, 2, 0)).toBe(4)
    expect(shape(50, 20, 0)).toBe(4)
    expect([shape(5, 2), shape(5, 2, 2), shape()]).toEqual([undefined, undefined, undefined])
  })
})

describe('calibrationQuery', () => {
  const candidates = ['a', 'b', 'c'].map((id) => ({ id, text: id }))
  const ranked = (order: readonly number[], outcome = 'ranked'): Ranking =>
    ({
      results: order.map((index, at) => ({ candidate: candidates[index], index, rank: at + 1 })),
      report: { stages: [{ outcome }], candidates: 3 },
    }) as unknown as Ranking

  it('knows the loss by judgements, the ideal counting what was not found', () => {
    const judgements = new Map([
      ['c', 1],
      ['z', 1],
    ])
    const { loss, truth } = calibrationQuery({ query: 'q', candidates, ranking: ranked([2, 0, 1]), judgements })
    expect(loss).toBeCloseTo((1 - 0.5) / (1 + 1 / Math.log2(3)), 12)
    expect(truth).toBe('labels')
  })

  it('takes the own order of the reranker for right without judgements', () => {
    expect(calibrationQuery({ query: 'q', candidates, ranking: ranked([0, 1, 2]) })).toMatchObject({
      loss: 0,
      truth: 'reranker',
    })
    expect(calibrationQuery({ query: 'q', candidates, ranking: ranked([2, 0, 1]) }, 1).loss).toBe(1)
  })

  it('refuses calls that show no order of the reranker', () => {
    expect(() => calibrationQuery({ query: 'q', candidates, ranking: ranked([0, 1, 2], 'skipped') })).toThrow(
      'ranking is "skipped"',
    )
    expect(() => calibrationQuery({ query: 'q', candidates, ranking: ranked([0]) })).toThrow(
      'ranking is "1 results": 10 are needed',
    )
    const nameless = [{ text: 'a' }, { text: 'b' }, { text: 'c' }]
    expect(() =>
      calibrationQuery({ query: 'q', candidates: nameless, ranking: ranked([0, 1, 2]), judgements: new Map() }),
    ).toThrow('candidates[0].id is undefined')
  })
})
