import { describe, expect, it, vi } from 'vitest'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { RerankError } from '../../packages/core/src/base/errors.ts'
import type { Candidate, Pool, Scorer } from '../../packages/core/src/types.ts'
import { FakeClock } from '../contract/fake-clock.ts'
import { readingNumbers, scorerOf } from '../contract/fake-scorer.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'

const abc = deepFreeze(['a 1', 'b 3', 'c 2'])
const texts = (results: readonly { candidate: Candidate }[]): string[] => results.map(({ candidate }) => candidate.text)
const hanging = (): Scorer<'pair'> => scorerOf(() => new Promise<never>(() => {}), { id: 'hanging' })

describe('a stage that ranks', () => {
  it('orders by the number of the scorer and says what it did', async () => {
    const clock = new FakeClock()
    const scorer = scorerOf((_query, given, call) => {
      clock.block(7)
      call.stats['texts'] = given.length
      return [1, 3, 2]
    })
    const { results, report } = await createReranker({ scorer, clock }).rerank('q', abc)
    expect(results).toEqual([
      { candidate: { text: 'b 3' }, index: 1, rank: 1, score: 3, scorerId: 'fake' },
      { candidate: { text: 'c 2' }, index: 2, rank: 2, score: 2, scorerId: 'fake' },
      { candidate: { text: 'a 1' }, index: 0, rank: 3, score: 1, scorerId: 'fake' },
    ])
    expect(report).toEqual({
      stages: [
        { scorerId: 'fake', outcome: 'ranked', candidates: 3, blended: false, durationMs: 7, stats: { texts: 3 } },
      ],
      candidates: 3,
      returned: 3,
      belowMinScore: 0,
      unscored: 0,
      nearDuplicates: 0,
      overBudget: 0,
      durationMs: 7,
    })
  })

  it('hands the scorer the query, the texts in their order and a call', async () => {
    let seen: unknown[] = []
    const clock = new FakeClock()
    clock.block(1000)
    const scorer = scorerOf((query, given, call) => {
      seen = [query, [...given], call.deadline, call.now(), call.signal.aborted]
      return given.map(() => 0)
    })
    await createReranker({ scorer, clock, deadlineMs: 50 }).rerank(' what? ', [{ text: 'x' }, 'y'])
    expect(seen).toEqual([' what? ', ['x', 'y'], 1050, 1000, false])
  })

  it('reads the head only and leaves the tail below it, unscored and in order', async () => {
    const { results, report } = await createReranker({ scorer: readingNumbers(), depth: 2 }).rerank('q', [
      'a 1',
      'b 2',
      'd 9',
      'c 5',
    ])
    expect(texts(results)).toEqual(['b 2', 'a 1', 'd 9', 'c 5'])
    expect(results.map(({ score }) => score)).toEqual([2, 1, undefined, undefined])
    expect(results[2]).toEqual({ candidate: { text: 'd 9' }, index: 2, rank: 3 })
    expect(report.stages[0]?.candidates).toBe(2)
  })

  it('looks at the first 100 unless told otherwise', async () => {
    const many = Array.from({ length: 150 }, (_, at) => `t ${at}`)
    const { results } = await createReranker({ scorer: readingNumbers() }).rerank('q', many)
    expect([results[0]?.index, results[99]?.index, results[100]?.index]).toEqual([99, 0, 100])
    const whole = await createReranker({ scorer: readingNumbers(), depth: Infinity }).rerank('q', many)
    expect(whole.results[0]?.index).toBe(149)
  })

  it('gives the probability as score and the number beside it, and orders by the number where the probability saturates', async () => {
    const scorer = readingNumbers({ toProbability: (score) => (score > 2 ? 1 : 0.25) })
    const { results } = await createReranker({ scorer }).rerank('q', ['a 3', 'b 4', 'c 1'])
    expect(results.map(({ candidate, score, logit }) => [candidate.text, score, logit])).toEqual([
      ['b 4', 1, 4],
      ['a 3', 1, 3],
      ['c 1', 0.25, 1],
    ])
  })

  it('passes on what the scorer notes about a text', async () => {
    const scorer = scorerOf((_query, given, call) => {
      call.note(1, { truncated: true })
      call.note(1, { bestSpan: { start: 2, end: 4 } })
      return given.map((_, at) => at)
    })
    const { results } = await createReranker({ scorer }).rerank('q', ['a', 'b'])
    expect(results[0]).toMatchObject({ index: 1, truncated: true, bestSpan: { start: 2, end: 4 } })
    expect(results[1]).not.toHaveProperty('truncated')
  })

  it('does not let a scorer that goes on counting change a report that was given out', async () => {
    let stats: Record<string, number> = {}
    const scorer = scorerOf((_query, given, call) => ((stats = call.stats), given.map(() => 0)))
    const { report } = await createReranker({ scorer }).rerank('q', abc)
    stats['late'] = 1
    expect(report.stages[0]?.stats).toEqual({})
  })

  it('names the scorer that answered in its place, and uses its probabilities', async () => {
    const other = readingNumbers({ id: 'other', toProbability: () => 0.1 })
    const scorer = scorerOf((_query, given, call) => (call.answeredBy?.(other), given.map(() => 5)), {
      toProbability: () => 0.9,
    })
    const { results, report } = await createReranker({ scorer, minScore: 0.5 }).rerank('q', ['a', 'b'])
    expect(results.map(({ score, scorerId }) => [score, scorerId])).toEqual([
      [0.1, 'other'],
      [0.1, 'other'],
    ])
    expect(report).toMatchObject({ belowMinScore: 0, stages: [{ scorerId: 'other' }] })
  })
})

describe('a stage that blends', () => {
  const pool = deepFreeze([
    { text: 'a 0', score: 10 },
    { text: 'b 4', score: 6 },
    { text: 'c 3', score: 2 },
  ])

  it("orders by the mix, keeps the scorer's own number as score, and shows both", async () => {
    const { results, report } = await createReranker({ scorer: readingNumbers(), blend: { weight: 0.5 } }).rerank(
      'q',
      pool,
    )
    expect(
      results.map(({ index, score, blendedScore, firstStageScore }) => [index, score, blendedScore, firstStageScore]),
    ).toEqual([
      [1, 4, 0.75, 6],
      [0, 0, 0.5, 10],
      [2, 3, 0.375, 2],
    ])
    expect(report.stages[0]?.blended).toBe(true)
  })

  it("is off for a scorer of the caller's own, and with false", async () => {
    for (const blend of [undefined, false] as const) {
      const { results, report } = await createReranker({ scorer: readingNumbers(), blend }).rerank('q', pool)
      expect(results.map(({ index }) => index)).toEqual([1, 2, 0])
      expect(results[0]).not.toHaveProperty('blendedScore')
      expect(report.stages[0]?.blended).toBe(false)
    }
  })

  it('is off when a score of the head is missing, though not when one of the tail is', async () => {
    const blend = { weight: 0 }
    const missing = [...pool.slice(0, 2), { text: 'c 3' }]
    const off = await createReranker({ scorer: readingNumbers(), blend }).rerank('q', missing)
    expect([off.results[0]?.index, off.report.stages[0]?.blended]).toEqual([1, false])
    const on = await createReranker({ scorer: readingNumbers(), blend, depth: 2 }).rerank('q', missing)
    expect([on.results[0]?.index, on.report.stages[0]?.blended]).toEqual([0, true])
  })

  it('takes scores that only rise for distances: not blended until the caller says which way is better', async () => {
    const rising = [
      { text: 'a 1', score: 0.1 },
      { text: 'b 3', score: 0.2 },
      { text: 'c 2', score: 0.7 },
    ]
    const order = async (blend: { weight: number; higherIsBetter?: boolean }): Promise<unknown[]> => {
      const { results, report } = await createReranker({ scorer: readingNumbers(), blend }).rerank('q', rising)
      return [results.map(({ index }) => index).join(), report.stages[0]?.blended]
    }
    expect(await order({ weight: 0.1 })).toEqual(['1,2,0', false])
    expect(await order({ weight: 0.1, higherIsBetter: false })).toEqual(['0,1,2', true])
    expect(await order({ weight: 0.1, higherIsBetter: true })).toEqual(['2,1,0', true])
  })
})

describe('what a scorer recommends for itself', () => {
  const candidates = [
    { text: 'a 1', score: 9 },
    { text: 'b 3', score: 1 },
    { text: 'c 2', score: 8 },
  ]
  const recommending = readingNumbers({ defaults: { blend: { weight: 0.25 }, scripts: ['Latin'] } })
  const russian = 'как сменить пароль'

  it('blends and leaves queries in other scripts alone', async () => {
    const reranker = createReranker({ scorer: recommending })
    const blended = await reranker.rerank('q', candidates)
    expect(texts(blended.results)).toEqual(['c 2', 'a 1', 'b 3'])
    expect(blended.report.stages[0]).toMatchObject({ outcome: 'ranked', blended: true, blendWeight: 0.25 })
    const { results, report } = await reranker.rerank(russian, candidates)
    expect(texts(results)).toEqual(['a 1', 'b 3', 'c 2'])
    expect(report.stages[0]).toMatchObject({
      outcome: 'skipped',
      skipReason: { policy: 'other-script', evidence: { scripts: 'Latin', found: 'Cyrillic' } },
    })
  })

  it('holds in a stage of a cascade as well', async () => {
    const { report } = await createReranker({ stages: [{ scorer: recommending }] }).rerank('q', candidates)
    expect(report.stages[0]?.blended).toBe(true)
  })

  it('leaves passages in other languages alone, and warns where a policy lets them pass', async () => {
    const german =
      'Die Pumpe ist mit dem Motor verbunden und wird einmal im Jahr auf Dichtigkeit geprüft, weil sich das Öl sonst '
    const pool = [1, 2].map((number) => ({ text: `${german.repeat(3)} ${number}`, score: 1 / number }))
    const reading = readingNumbers({ defaults: { languages: ['en'] } })
    const { results, report } = await createReranker({ scorer: reading }).rerank('pump', pool)
    expect(results.map(({ index }) => index)).toEqual([0, 1])
    expect(report.stages[0]).toMatchObject({ outcome: 'skipped', skipReason: { policy: 'other-language' } })
    const read = createReranker({ scorer: readingNumbers({ defaults: { languages: ['en', 'de'] } }) })
    expect((await read.rerank('насос', pool)).report.stages[0]?.outcome).toBe('ranked')
  })

  it('gives way to the blend and the policy of the stage, and to false', async () => {
    const own = createReranker({ scorer: recommending, blend: { weight: 1 }, skip: () => undefined })
    expect(texts((await own.rerank(russian, candidates)).results)).toEqual(['b 3', 'c 2', 'a 1'])
    const off = await createReranker({ scorer: recommending, blend: false, skip: false }).rerank(russian, candidates)
    expect(texts(off.results)).toEqual(['b 3', 'c 2', 'a 1'])
    expect(off.report.stages[0]).toMatchObject({ outcome: 'ranked', blended: false })
  })

  it('warns once when the policy of the stage lets a script pass that the scorer does not read', async () => {
    const said: string[] = []
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation((text) => void said.push(String(text)))
    vi.resetModules()
    const { createReranker: fresh } = await import('../../packages/core/src/rerank.ts')
    try {
      const silent = fresh({ scorer: recommending, skip: false })
      await silent.rerank(russian, candidates)
      expect(said).toEqual([])
      const reranker = fresh({ scorer: recommending, skip: () => undefined })
      for (const query of ['a password', russian, russian]) await reranker.rerank(query, candidates)
      expect(said).toEqual([expect.stringMatching(/skip: anyOf\(otherScript\(/)])
      expect(said[0]).not.toContain('пароль')
    } finally {
      emitWarning.mockRestore()
    }
  })

  it('is that of the scorer that answered', async () => {
    const deputy = readingNumbers({ id: 'deputy', defaults: { blend: { weight: 0.25 } } })
    const scorer = scorerOf((_query, given, call) => {
      call.answeredBy?.(deputy)
      return given.map((text) => Number(text.split(' ')[1]))
    })
    const { report } = await createReranker({ scorer }).rerank('q', candidates)
    expect(report.stages[0]).toMatchObject({ scorerId: 'deputy', blended: true })
  })

  it('says why a blend had no effect', async () => {
    const { report } = await createReranker({ scorer: recommending }).rerank('q', ['a 1', 'b 2'])
    expect(report.stages[0]).toMatchObject({ blended: false, blendOmitted: 'missing-score' })
  })
})

describe('a stage that does not rank', () => {
  it('skipped: does not call the scorer, keeps the order, and gives the reason', async () => {
    const scorer = scorerOf(() => {
      throw new Error('must not run')
    })
    const skipReason = { policy: 'mine', evidence: { why: 'test' } }
    const { results, report } = await createReranker({ scorer, skip: () => skipReason }).rerank('q', abc)
    expect(texts(results)).toEqual([...abc])
    expect(results[0]).toEqual({ candidate: { text: 'a 1' }, index: 0, rank: 1 })
    expect(report.stages[0]).toMatchObject({ outcome: 'skipped', skipReason, candidates: 3, stats: {} })
  })

  it('shows the policy the head, the query and the scorer', async () => {
    const seen: Pool[] = []
    const candidates = [{ text: 'a', score: 2, mine: 1 }, { text: 'b' }, { text: 'c' }]
    const skip = (pool: Pool): undefined => void seen.push(pool)
    await createReranker({ scorer: readingNumbers(), skip, depth: 2 }).rerank('q', candidates)
    expect(seen[0]).toEqual({ query: 'q', candidates: candidates.slice(0, 2), scorerId: 'fake' })
    expect(seen[0]?.candidates[0]).toBe(candidates[0])
  })

  it('rejects with what a broken policy throws, and refuses an answer that is none', async () => {
    const broken = createReranker({
      scorer: readingNumbers(),
      onError: 'keep-order',
      skip: () => {
        throw new TypeError('bug')
      },
    })
    await expect(broken.rerank('q', abc)).rejects.toThrow('bug')
    for (const answer of [true, 'yes', Promise.resolve(undefined), null, { policy: 'x' }]) {
      const reranker = createReranker({ scorer: readingNumbers(), skip: (() => answer) as never })
      await expect(reranker.rerank('q', abc)).rejects.toThrow(
        /^skip is .* a policy answers with \{ policy, evidence \}/,
      )
    }
  })

  it("failed: rejects with the scorer's own error by default", async () => {
    const error = new Error('HTTP 503')
    const scorer = scorerOf(() => Promise.reject(error))
    await expect(createReranker({ scorer }).rerank('q', abc)).rejects.toBe(error)
  })

  it('failed: keeps the order when that was chosen, and the report has the error', async () => {
    const error = new Error('HTTP 503')
    const scorer = scorerOf(() => Promise.reject(error))
    const { results, report } = await createReranker({ scorer, onError: 'keep-order', minScore: 99 }).rerank('q', abc)
    expect(texts(results)).toEqual([...abc])
    expect(report.stages[0]).toMatchObject({ outcome: 'failed', error })
    expect(report.belowMinScore).toBe(0)
  })

  it.each([
    [
      'a synchronous throw',
      () => {
        throw new Error('sync')
      },
      'sync',
    ],
    [
      'something thrown that is no error',
      () => Promise.reject({ status: 500 }),
      'rejected with an object with keys ["status"]',
    ],
    ['a short answer', async () => [1], 'gave 1 scores for 3 texts'],
    ['NaN', async () => [1, Number.NaN, 2], 'gave NaN'],
    ['an answer that is no promise and no array', () => undefined, 'answered with undefined'],
  ])('failed: %s obeys onError', async (_, score, message) => {
    const scorer = { id: 'fake', scope: 'pair', score } as unknown as Scorer
    await expect(createReranker({ scorer }).rerank('q', abc)).rejects.toThrow(message)
    const { results, report } = await createReranker({ scorer, onError: 'keep-order' }).rerank('q', abc)
    expect(texts(results)).toEqual([...abc])
    expect(report.stages[0]?.error?.message).toContain(message)
  })

  it.each(['invalid-argument', 'model-files', 'runtime', 'closed'] as const)('always rejects on %s', async (code) => {
    const error = new RerankError(code, 'set up wrongly')
    const scorer = scorerOf(() => Promise.reject(error))
    await expect(createReranker({ scorer, onError: 'keep-order' }).rerank('q', abc)).rejects.toBe(error)
  })

  it('late: stops waiting for a scorer that hangs, whatever onError says, and leaves no timer', async () => {
    const clock = new FakeClock()
    const call = createReranker({ scorer: hanging(), clock, deadlineMs: 80 }).rerank('q', abc)
    const outcome = await clock.runUntilSettled(call)
    expect(outcome).toMatchObject({
      status: 'fulfilled',
      value: {
        results: [{ index: 0 }, { index: 1 }, { index: 2 }],
        report: { durationMs: 80, stages: [{ outcome: 'late', error: { code: 'deadline' }, durationMs: 80 }] },
      },
    })
    expect(clock.pending).toBe(0)
  })

  it('late: when the scorer itself gives up', async () => {
    const scorer = scorerOf(() => Promise.reject(new RerankError('deadline', 'between two runs')))
    const reranker = createReranker({ scorer, clock: new FakeClock(), deadlineMs: 80 })
    const { report } = await reranker.rerank('q', abc)
    expect(report.stages[0]).toMatchObject({ outcome: 'late', error: { message: 'between two runs' } })
  })

  it('late: without scoring when the deadline has passed before', async () => {
    let calls = 0
    const scorer = scorerOf((_query, given) => (calls++, given.map(() => 0)))
    for (const deadlineMs of [0, -5, -Infinity]) {
      const { results, report } = await createReranker({ scorer }).rerank('q', abc, { deadlineMs })
      expect(texts(results)).toEqual([...abc])
      expect(report.stages[0]?.outcome).toBe('late')
    }
    expect(calls).toBe(0)
  })

  it('uses an answer that was there when the deadline fired, since it was paid for', async () => {
    const clock = new FakeClock()
    const scorer = scorerOf((_query, given) => (clock.block(200), given.map((_, at) => at)))
    const { report } = await createReranker({ scorer, clock, deadlineMs: 80 }).rerank('q', abc)
    expect(report.stages[0]?.outcome).toBe('ranked')
  })
})
