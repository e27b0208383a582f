import { describe, expect, it, vi } from 'vitest'
import { createReranker } from '../../packages/core/src/rerank.ts'
import type { Report, Scorer } from '../../packages/core/src/types.ts'
import { FakeClock, settle } from '../contract/fake-clock.ts'
import { numberIn, readingNumbers, scorerOf } from '../contract/fake-scorer.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'

const abc = deepFreeze(['a 1', 'b 3', 'c 2'])
const indexes = (results: readonly { index: number }[]): number[] => results.map(({ index }) => index)

describe('candidates', () => {
  it('come back as the very same objects, untouched', async () => {
    const candidates = deepFreeze([
      { text: 'a 1', id: 'x', page: { number: 4 } },
      { text: 'b 2', score: 7, page: { number: 5 } },
    ])
    const { results } = await createReranker({ scorer: readingNumbers() }).rerank('q', candidates)
    expect(results[0]?.candidate).toBe(candidates[1])
    expect(results[1]?.candidate).toBe(candidates[0])
    expect(results[0]?.candidate.page.number).toBe(5)
    expect(results.map(({ firstStageScore }) => firstStageScore)).toEqual([7, undefined])
  })

  it('may be strings among objects, empty, or equal', async () => {
    const { results } = await createReranker({ scorer: readingNumbers() }).rerank('q', ['', { text: 'b 1' }, '', 'b 1'])
    expect(indexes(results)).toEqual([1, 3, 0, 2])
  })

  it('are read once: what the caller changes while the scorer works does no harm', async () => {
    const given = [
      { text: 'a 1', score: 5 },
      { text: 'b 2', score: 3 },
    ]
    const scorer = scorerOf((_query, texts) => {
      given[0] = { text: 'changed', score: 0 }
      given.length = 1
      return texts.map(numberIn)
    })
    const { results } = await createReranker({ scorer }).rerank('q', given)
    expect(results.map(({ index, firstStageScore }) => [index, firstStageScore])).toEqual([
      [1, 3],
      [0, 5],
    ])
  })

  it('none: an empty ranking, nothing scored or loaded, the arguments checked all the same', async () => {
    const reports: Report[] = []
    const scorer = scorerOf(() => Promise.reject(new Error('must not run')), {
      warmup: () => Promise.reject(new Error('nor this')),
    })
    const reranker = createReranker({ scorer, onReport: (report) => reports.push(report) })
    const { results, report } = await reranker.rerank('q', [])
    expect(results).toEqual([])
    expect(report).toMatchObject({ stages: [], candidates: 0, returned: 0 })
    expect(reports).toEqual([report])
    await expect(reranker.rerank('', [])).rejects.toThrow('query is ""')
    await expect(reranker.rerank('q', [], { signal: AbortSignal.abort('stop') })).rejects.toBe('stop')
  })
})

describe('topN and minScore', () => {
  it('cut the list, the call before the reranker', async () => {
    const reranker = createReranker({ scorer: readingNumbers(), topN: 2 })
    expect(indexes((await reranker.rerank('q', abc)).results)).toEqual([1, 2])
    const { results, report } = await reranker.rerank('q', abc, { topN: 1 })
    expect(indexes(results)).toEqual([1])
    expect(report).toMatchObject({ candidates: 3, returned: 1 })
    expect((await reranker.rerank('q', abc, { topN: Infinity })).results).toHaveLength(3)
  })

  it('minScore removes what is below it and keeps what is equal', async () => {
    const { results, report } = await createReranker({ scorer: readingNumbers(), minScore: 2 }).rerank('q', abc)
    expect(results.map(({ index, rank }) => [index, rank])).toEqual([
      [1, 1],
      [2, 2],
    ])
    expect(report).toMatchObject({ belowMinScore: 1, returned: 2 })
  })

  it('minScore is held against the probability where the scorer has one', async () => {
    const scorer = readingNumbers({ toProbability: (score) => score / 4 })
    const { results } = await createReranker({ scorer, minScore: 0.5 }).rerank('q', abc)
    expect(results.map(({ score }) => score)).toEqual([0.75, 0.5])
  })

  it('minScore removes what its scorer did not read, so that an irrelevant head leaves nothing', async () => {
    const { results, report } = await createReranker({ scorer: readingNumbers(), depth: 2, minScore: 99 }).rerank(
      'q',
      abc,
    )
    expect(results).toEqual([])
    expect(report).toMatchObject({ belowMinScore: 2, unscored: 1, returned: 0 })
  })

  it('keepUnscored keeps what was not read, below what was kept', async () => {
    const options = { scorer: readingNumbers(), depth: 2, minScore: 2, keepUnscored: true }
    const { results, report } = await createReranker(options).rerank('q', abc)
    expect(indexes(results)).toEqual([1, 2])
    expect(results[1]).not.toHaveProperty('score')
    expect(report).toMatchObject({ belowMinScore: 1, unscored: 0 })
  })

  it('minScore removes what only an earlier stage read, whose scores are on another scale', async () => {
    const stages = [{ scorer: readingNumbers({ id: 'first' }) }, { scorer: readingNumbers({ id: 'second' }), depth: 1 }]
    const { results, report } = await createReranker({ stages, minScore: 1 }).rerank('q', abc)
    expect(indexes(results)).toEqual([1])
    expect(report.unscored).toBe(2)
  })

  it('without minScore the tail stays, whatever keepUnscored says', async () => {
    const options = { scorer: readingNumbers(), depth: 2, keepUnscored: false }
    const { results, report } = await createReranker(options).rerank('q', abc)
    expect(results).toHaveLength(3)
    expect(report.unscored).toBe(0)
  })

  it('minScore is not held against an earlier stage when the last one did not rank', async () => {
    const stages = [
      { scorer: readingNumbers({ id: 'first' }) },
      { scorer: scorerOf(() => Promise.reject(new Error('down')), { id: 'second' }), onError: 'keep-order' as const },
    ]
    const { results } = await createReranker({ stages, minScore: 99 }).rerank('q', abc)
    expect(indexes(results)).toEqual([1, 2, 0])
  })

  it('a blended order keeps minScore on the score', async () => {
    const candidates = [
      { text: 'a 1', score: 9 },
      { text: 'b 3', score: 0 },
    ]
    const { results } = await createReranker({ scorer: readingNumbers(), blend: { weight: 0.1 }, minScore: 2 }).rerank(
      'q',
      candidates,
    )
    expect(indexes(results)).toEqual([1])
  })
})

describe('stages', () => {
  it('each works on the head of the list that the one before left', async () => {
    const seen: (readonly string[])[] = []
    const reversing = scorerOf((_query, texts) => (seen.push([...texts]), texts.map((_, at) => at)), { id: 'second' })
    const stages = [
      { scorer: readingNumbers({ id: 'first' }), depth: 4 },
      { scorer: reversing, depth: 2 },
    ]
    const { results, report } = await createReranker({ stages }).rerank('q', ['a 1', 'b 2', 'c 3', 'd 4', 'e 9'])
    expect(seen).toEqual([['d 4', 'c 3']])
    expect(results.map(({ index, scorerId, score }) => [index, scorerId, score])).toEqual([
      [2, 'second', 1],
      [3, 'second', 0],
      [1, 'first', 2],
      [0, 'first', 1],
      [4, undefined, undefined],
    ])
    expect(report.stages.map(({ scorerId, outcome, candidates }) => [scorerId, outcome, candidates])).toEqual([
      ['first', 'ranked', 4],
      ['second', 'ranked', 2],
    ])
  })

  it('a later stage starts from the order that a skipped one left', async () => {
    const stages = [
      { scorer: readingNumbers({ id: 'first' }), skip: () => ({ policy: 'test', evidence: {} }) },
      { scorer: readingNumbers({ id: 'second' }), depth: 2 },
    ]
    const { results, report } = await createReranker({ stages }).rerank('q', abc)
    expect(indexes(results)).toEqual([1, 0, 2])
    expect(report.stages.map(({ outcome }) => outcome)).toEqual(['skipped', 'ranked'])
  })

  it('a stage has its own deadline within that of the call', async () => {
    const clock = new FakeClock()
    const deadlines: number[] = []
    const hanging = (id: string): Scorer =>
      scorerOf((_query, _texts, call) => (deadlines.push(call.deadline), new Promise<never>(() => {})), { id })
    const stages = [
      { scorer: hanging('a'), deadlineMs: 30 },
      { scorer: hanging('b'), deadlineMs: 500 },
      { scorer: hanging('c') },
    ]
    const outcome = await clock.runUntilSettled(createReranker({ stages, clock, deadlineMs: 100 }).rerank('q', abc))
    expect(deadlines).toEqual([30, 100])
    expect(outcome).toMatchObject({
      value: { report: { durationMs: 100, stages: [{ outcome: 'late' }, { outcome: 'late' }, { outcome: 'late' }] } },
    })
    expect(clock.pending).toBe(0)
  })

  it('onError of the reranker holds for stages that say nothing', async () => {
    const failing = scorerOf(() => Promise.reject(new Error('down')))
    const kept = createReranker({ stages: [{ scorer: failing, onError: undefined }], onError: 'keep-order' })
    expect((await kept.rerank('q', abc)).report.stages[0]?.outcome).toBe('failed')
    const thrown = createReranker({ stages: [{ scorer: failing, onError: 'throw' }], onError: 'keep-order' })
    await expect(thrown.rerank('q', abc)).rejects.toThrow('down')
  })
})

describe('abort', () => {
  const abortable = (controller: AbortController, reason: unknown): Scorer =>
    scorerOf((_query, texts) => (controller.abort(reason), texts.map(() => 0)))

  it('before: rejects with the reason, scores nothing', async () => {
    let calls = 0
    const scorer = scorerOf((_query, texts) => (calls++, texts.map(() => 0)))
    const reason = new Error('changed my mind')
    await expect(createReranker({ scorer }).rerank('q', abc, { signal: AbortSignal.abort(reason) })).rejects.toBe(
      reason,
    )
    expect(calls).toBe(0)
  })

  it('during: rejects at once although the scorer hangs, and tells the scorer', async () => {
    const clock = new FakeClock()
    const controller = new AbortController()
    let inner: AbortSignal | undefined
    const scorer = scorerOf((_query, _texts, call) => ((inner = call.signal), new Promise<never>(() => {})))
    const call = createReranker({ scorer, clock, deadlineMs: 50 }).rerank('q', abc, { signal: controller.signal })
    await settle()
    controller.abort('enough')
    await expect(call).rejects.toBe('enough')
    expect(inner?.reason).toBe('enough')
    expect(clock.pending).toBe(0)
  })

  it('outranks keep-order and the error that the scorer made of it', async () => {
    const controller = new AbortController()
    const scorer = scorerOf(() => {
      controller.abort('enough')
      throw new Error('the connection was closed')
    })
    await expect(
      createReranker({ scorer, onError: 'keep-order' }).rerank('q', abc, { signal: controller.signal }),
    ).rejects.toBe('enough')
  })

  it('between stages and after the last', async () => {
    for (const more of [[{ scorer: readingNumbers() }], []]) {
      const controller = new AbortController()
      const reranker = createReranker({ stages: [{ scorer: abortable(controller, 'between') }, ...more] })
      await expect(reranker.rerank('q', abc, { signal: controller.signal })).rejects.toBe('between')
    }
  })

  it('by a policy', async () => {
    const controller = new AbortController()
    const reranker = createReranker({ scorer: readingNumbers(), skip: () => void controller.abort('policy') })
    await expect(reranker.rerank('q', abc, { signal: controller.signal })).rejects.toBe('policy')
  })

  it('reaches every call that shares the signal, and those that start later on the same signal', async () => {
    const controller = new AbortController()
    const reranker = createReranker({ scorer: scorerOf(() => new Promise<never>(() => {})) })
    await createReranker({ scorer: readingNumbers() }).rerank('q', abc, { signal: controller.signal })
    const calls = Array.from({ length: 12 }, () => reranker.rerank('q', abc, { signal: controller.signal }))
    await settle()
    controller.abort('all of you')
    expect(await Promise.allSettled(calls)).toEqual(calls.map(() => ({ status: 'rejected', reason: 'all of you' })))
  })

  it('leaves no listener behind, and many calls on one signal bring no warning', async () => {
    const warnings: unknown[] = []
    const record = (warning: unknown): void => void warnings.push(warning)
    process.on('warning', record)
    const controller = new AbortController()
    const add = vi.spyOn(controller.signal, 'addEventListener')
    const remove = vi.spyOn(controller.signal, 'removeEventListener')
    const reranker = createReranker({ scorer: readingNumbers() })
    await Promise.all(Array.from({ length: 30 }, () => reranker.rerank('q', abc, { signal: controller.signal })))
    await settle()
    process.off('warning', record)
    expect(add).toHaveBeenCalledTimes(1)
    expect(remove).toHaveBeenCalledTimes(1)
    expect(warnings).toEqual([])
  })
})

describe('onReport', () => {
  it('is called once with the report that is returned', async () => {
    const reports: Report[] = []
    const { report } = await createReranker({
      scorer: readingNumbers(),
      onReport: (given) => reports.push(given),
    }).rerank('q', abc)
    expect(reports).toEqual([report])
    expect(reports[0]).not.toHaveProperty('error')
  })

  it('is called once when the call rejects, with the error and the stages so far', async () => {
    const reports: Report[] = []
    const error = new Error('down')
    const stages = [
      { scorer: readingNumbers({ id: 'first' }) },
      { scorer: scorerOf(() => Promise.reject(error), { id: 'second' }) },
    ]
    await expect(createReranker({ stages, onReport: (given) => reports.push(given) }).rerank('q', abc)).rejects.toBe(
      error,
    )
    expect(reports).toMatchObject([
      { error, returned: 0, candidates: 3, stages: [{ outcome: 'ranked' }, { outcome: 'failed', error }] },
    ])
  })

  it('is called on an abort, and not for wrong arguments', async () => {
    const reports: Report[] = []
    const reranker = createReranker({ scorer: readingNumbers(), onReport: (given) => reports.push(given) })
    await expect(reranker.rerank('q', abc, { signal: AbortSignal.abort('stop') })).rejects.toBe('stop')
    await expect(reranker.rerank('', abc)).rejects.toThrow()
    expect(reports).toMatchObject([{ error: 'stop', stages: [] }])
  })

  it('changes nothing by failing, and warns once', async () => {
    const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => {})
    try {
      for (const onReport of [
        () => {
          throw new Error('bug')
        },
        () => Promise.reject(new Error('bug')),
      ]) {
        warned.mockClear()
        const reranker = createReranker({ scorer: readingNumbers(), onReport })
        expect(indexes((await reranker.rerank('q', abc)).results)).toEqual([1, 2, 0])
        await reranker.rerank('q', abc)
        await settle()
        expect(warned.mock.calls).toEqual([
          ['onReport failed, which did not change the result: bug', 'SecondpassWarning'],
        ])
      }
    } finally {
      warned.mockRestore()
    }
  })
})

describe('warmup and close', () => {
  const counting = (): { scorer: Scorer; warmups: () => number; closes: () => number } => {
    let [warmups, closes] = [0, 0]
    const scorer = readingNumbers({ warmup: async () => void warmups++, close: async () => void closes++ })
    return { scorer, warmups: () => warmups, closes: () => closes }
  }

  it('reach every scorer once, also one that serves two stages or has neither', async () => {
    const { scorer, warmups, closes } = counting()
    const reranker = createReranker({ stages: [{ scorer }, { scorer }, { scorer: readingNumbers() }] })
    await reranker.warmup()
    expect(warmups()).toBe(1)
    await reranker.close()
    await reranker.close()
    expect(closes()).toBe(1)
  })

  it('after close, calls reject and say what to do', async () => {
    const reranker = createReranker({ scorer: readingNumbers() })
    await reranker.close()
    const closed = expect.objectContaining({ code: 'closed', message: expect.stringContaining('make a new one') })
    await expect(reranker.rerank('q', abc)).rejects.toEqual(closed)
    await expect(reranker.warmup()).rejects.toEqual(closed)
  })

  it('close closes all, then tells of the one that failed', async () => {
    const { scorer, closes } = counting()
    const broken = readingNumbers({ close: () => Promise.reject(new Error('stuck')) })
    const sync = readingNumbers({
      close: () => {
        throw new Error('sync')
      },
    })
    await expect(
      createReranker({ stages: [{ scorer: broken }, { scorer: sync }, { scorer }] }).close(),
    ).rejects.toThrow('stuck')
    expect(closes()).toBe(1)
  })

  it('await using closes', async () => {
    const { scorer, closes } = counting()
    await createReranker({ scorer })[Symbol.asyncDispose]()
    expect(closes()).toBe(1)
  })
})
