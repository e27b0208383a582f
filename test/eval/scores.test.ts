import { describe, expect, it } from 'vitest'
import { type JudgedScore, minScoreFor } from '../../packages/core/src/eval/calibrate/scaling.ts'
import { expectedCalibrationError, fitProbability } from '../../packages/core/src/eval/calibrate/scaling.ts'
import { seededRandom } from '../../packages/core/src/eval/bootstrap.ts'

describe('minScoreFor', () => {
  const sample: JudgedScore[] = [
    { score: 0.9, relevant: true },
    { score: 0.8, relevant: true },
    { score: 0.6, relevant: false },
    { score: 0.6, relevant: true },
    { score: 0.1, relevant: false },
  ]

  it('is the lowest threshold with the precision, or the highest with the recall', () => {
    expect(minScoreFor(sample, { precision: 0.75 })).toMatchObject({
      minScore: 0.6,
      precision: 0.75,
      recall: 1,
      kept: 4,
    })
    expect(minScoreFor(sample, { precision: 0.8 })).toMatchObject({
      minScore: 0.8,
      precision: 1,
      recall: 2 / 3,
      kept: 2,
    })
    expect(minScoreFor(sample, { recall: 0.6 })).toMatchObject({ minScore: 0.8 })
    expect(minScoreFor(sample, { recall: 0.9 })).toMatchObject({ minScore: 0.6 })
  })

  it('says how far the numbers may be off', () => {
    const [from, to] = minScoreFor(sample, { precision: 0.8 }).precisionInterval
    // Wilson: 2 of 2 is 2 / (2 + z^2) at least.
    expect([from, to]).toEqual([expect.closeTo(2 / (2 + 1.959963984540054 ** 2), 10) as number, 1])
  })

  it('gives no threshold when none reaches the precision', () => {
    const bad = [
      { score: 1, relevant: false },
      { score: 0, relevant: true },
    ]
    expect(minScoreFor(bad, { precision: 0.9 })).not.toHaveProperty('minScore')
    expect(minScoreFor(bad, { precision: 0.9 }).precision).toBe(0.5)
  })

  it('refuses what it cannot answer', () => {
    expect(() => minScoreFor(sample, {})).toThrow('pass precision or recall')
    expect(() => minScoreFor(sample, { precision: 0.5, recall: 0.5 })).toThrow('pass precision or recall')
    expect(() => minScoreFor(sample, { recall: 95 })).toThrow('recall is 95')
    expect(() => minScoreFor([{ score: 1, relevant: false }], { recall: 0.5 })).toThrow('must be relevant')
    expect(() => minScoreFor([{ score: Number.NaN, relevant: true }], { recall: 0.5 })).toThrow('is NaN')
  })
})

describe('fitProbability', () => {
  /** Texts whose true probability is the logistic function of `slope * score + offset`. */
  const draw = (count: number, slope: number, offset: number): JudgedScore[] => {
    const random = seededRandom(11)
    return Array.from({ length: count }, () => {
      const score = (random() - 0.5) * 12
      return { score, relevant: random() < 1 / (1 + Math.exp(-(slope * score + offset))) }
    })
  }

  it('finds the slope and offset that made the data, and lowers the calibration error', () => {
    const scaling = fitProbability(draw(20_000, 0.5, -1))
    expect(scaling.slope).toBeCloseTo(0.5, 1)
    expect(scaling.offset).toBeCloseTo(-1, 1)
    expect(scaling.errorBefore).toBeGreaterThan(0.1)
    expect(scaling.errorAfter).toBeLessThan(0.02)
    expect(scaling.probability(2)).toBeCloseTo(0.5, 1)
  })

  it('finds a temperature', () => {
    const { slope, offset, errorAfter } = fitProbability(draw(20_000, 0.25, 0), { method: 'temperature' })
    expect([slope, offset]).toEqual([expect.closeTo(0.25, 1) as number, 0])
    expect(errorAfter).toBeLessThan(0.02)
  })

  it('stays finite when the scores tell all apart', () => {
    const sample = Array.from({ length: 40 }, (_, at) => ({ score: at < 20 ? -3 : 3, relevant: at >= 20 }))
    const { slope, probability } = fitProbability(sample)
    expect(slope).toBeLessThan(5)
    expect(probability(3)).toBeGreaterThan(0.8)
  })

  it('refuses scores that say the opposite, and halves without both kinds', () => {
    expect(() => fitProbability(draw(2000, -0.5, 0))).toThrow('higher scores must be relevant more often')
    expect(() =>
      fitProbability([
        { score: 1, relevant: true },
        { score: 0, relevant: true },
      ]),
    ).toThrow('each half must hold')
    expect(() => fitProbability(draw(100, 1, 0), { method: 'isotonic' as never })).toThrow('method is "isotonic"')
  })
})

describe('expectedCalibrationError', () => {
  it('is the distance in each bin, worked out by hand', () => {
    const sample = [
      { score: 0.95, relevant: true },
      { score: 0.93, relevant: false },
      { score: 0.2, relevant: false },
      { score: 1, relevant: true },
    ]
    expect(expectedCalibrationError(sample)).toBeCloseTo((Math.abs(0.95 + 0.93 + 1 - 2) + 0.2) / 4, 12)
    expect(() => expectedCalibrationError([{ score: 3, relevant: true }])).toThrow('pass a number from 0 to 1')
  })
})
