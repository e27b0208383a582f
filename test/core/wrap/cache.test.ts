import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, it } from 'vitest'
import type { Call, Scorer } from '../../../packages/core/src/types.ts'
import { RerankError } from '../../../packages/core/src/base/errors.ts'
import { createReranker } from '../../../packages/core/src/rerank.ts'
import { withCache } from '../../../packages/core/src/wrap/cache.ts'
import type { CachedScore, ScoreCache } from '../../../packages/core/src/wrap/cache.ts'
import { FakeClock, settle } from '../../contract/fake-clock.ts'
import { callOf, numberIn, readingNumbers, scorerOf } from '../../contract/fake-scorer.ts'
import { isFull } from '../../fixtures/size.ts'

/** A scorer that remembers which texts it was asked to score. */
function watched(more: Partial<Scorer<'pair'>> = {}): { scorer: Scorer<'pair'>; asked: string[] } {
  const asked: string[] = []
  const scorer = scorerOf((_query, texts) => (asked.push(...texts), texts.map(numberIn)), more)
  return { scorer, asked }
}

const gate = (): { opened: Promise<void>; open: () => void } => {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

describe('withCache', () => {
  it('scores a pair once, and puts the numbers in the order asked', async () => {
    const { scorer, asked } = watched()
    const cached = withCache(scorer, new Map())
    const stats: Call['stats'] = {}
    expect(await cached.score('q', ['a 1', 'b 2'], callOf({ stats }))).toEqual([1, 2])
    expect(await cached.score('q', ['c 3', 'b 2', 'c 3', 'a 1'], callOf({ stats }))).toEqual([3, 2, 3, 1])
    expect(asked).toEqual(['a 1', 'b 2', 'c 3'])
    expect(stats).toEqual({ cacheHits: 2, cacheMisses: 4 })
  })

  it('tells queries, scorers and every other difference apart', async () => {
    const cache = new Map<string, CachedScore>()
    for (const id of ['s', 's2', 's2:']) {
      for (const [query, text] of [
        ['q', 'x'],
        ['qx', ''],
        ['', 'qx'],
        ['q', '\ud800'],
        ['q', '\ud801'],
        ['q', '\ufffd'],
        ['q', 'X'],
      ] as const) {
        await withCache(
          scorerOf(() => [1], { id }),
          cache,
        ).score(query, [text], callOf())
      }
    }
    expect(cache.size).toBe(21)
    for (const key of cache.keys()) expect(key).toMatch(/^[\w-]{43}$/)
  })

  it('is shared by scorers of one id', async () => {
    const cache = new Map()
    await withCache(watched().scorer, cache).score('q', ['a 1'], callOf())
    const { scorer, asked } = watched()
    expect(await withCache(scorer, cache).score('q', ['a 1'], callOf())).toEqual([1])
    expect(asked).toEqual([])
  })

  it('keeps what the scorer noted about a text', async () => {
    const scorer = scorerOf((_query, texts, call) => {
      call.note(1, { truncated: true })
      call.note(1, { bestSpan: { start: 0, end: 2 } })
      return texts.map(() => 5)
    })
    const cache = new Map<string, CachedScore>()
    const reranker = createReranker({ scorer: withCache(scorer, cache) })
    const first = await reranker.rerank('q', ['a', 'b'])
    const again = await reranker.rerank('q', ['a', 'b'])
    expect(first.results[1]).toMatchObject({ truncated: true, bestSpan: { start: 0, end: 2 } })
    expect(again.results).toEqual(first.results)
    const overTheWire = [...cache].map(([key, entry]) => [key, JSON.parse(JSON.stringify(entry))] as const)
    const restored = createReranker({ scorer: withCache(watched().scorer, new Map(overTheWire)) })
    expect((await restored.rerank('q', ['a', 'b'])).results).toEqual(first.results)
  })

  it.each([
    ['text', '0.5'],
    ['NaN', Number.NaN],
    ['infinity', Infinity],
    ['null', null],
    ['an object', {}],
    ['a bad score', { score: 'x' }],
    ['a bad flag', { score: 1, truncated: 'yes' }],
    ['a bad span', { score: 1, bestSpan: { start: 4, end: 2 } }],
  ])('takes %s in the cache for a miss, and mends it', async (_, corrupt) => {
    const cache = new Map<string, unknown>()
    const { scorer, asked } = watched()
    const cached = withCache(scorer, cache)
    await cached.score('q', ['a 1'], callOf())
    const [key] = cache.keys()
    cache.set(key as string, corrupt)
    const stats: Call['stats'] = {}
    expect(await cached.score('q', ['a 1'], callOf({ stats }))).toEqual([1])
    expect([asked.length, cache.get(key as string), stats['cacheMisses']]).toEqual([2, 1, 1])
  })

  it('works with a store over a network', async () => {
    const store = new Map<string, string>()
    const cache: ScoreCache = {
      get: async (key) => (await settle(), JSON.parse(store.get(key) ?? 'null')),
      set: async (key, entry) => (await settle(), void store.set(key, JSON.stringify(entry))),
    }
    const { scorer, asked } = watched()
    const cached = withCache(scorer, cache)
    expect(await cached.score('q', ['a 1', 'b 2'], callOf())).toEqual([1, 2])
    await settle()
    await settle()
    expect(await cached.score('q', ['b 2', 'a 1'], callOf())).toEqual([2, 1])
    expect(asked).toEqual(['a 1', 'b 2'])
  })

  it('works on when the cache is down, and counts', async () => {
    const fail = (): never => {
      throw new Error('down')
    }
    const unhandled: unknown[] = []
    const record = (reason: unknown): void => void unhandled.push(reason)
    process.on('unhandledRejection', record)
    for (const broken of [fail, () => Promise.reject(new Error('down'))]) {
      const stats: Call['stats'] = {}
      const cached = withCache(watched().scorer, { get: broken, set: broken })
      expect(await cached.score('q', ['a 1', 'b 2'], callOf({ stats }))).toEqual([1, 2])
      await settle()
      expect(stats).toEqual({ cacheHits: 0, cacheMisses: 2, cacheErrors: 4 })
    }
    await settle()
    process.off('unhandledRejection', record)
    expect(unhandled).toEqual([])
  })

  it('keeps nothing of a failed or broken answer, nor the numbers of a scorer that stood in', async () => {
    const cache = new Map()
    const answers: (() => readonly number[])[] = [
      () => {
        throw new Error('down')
      },
      () => [1],
      () => [1, Number.NaN],
    ]
    for (const answer of answers) {
      await expect(withCache(scorerOf(answer), cache).score('q', ['a', 'b'], callOf())).rejects.toThrow()
    }
    const other = scorerOf(() => [], { id: 'other' })
    const standIn = scorerOf((_query, texts, call) => (call.answeredBy?.(other), texts.map(() => 9)))
    const answered: string[] = []
    await withCache(standIn, cache).score('q', ['a'], callOf({ answeredBy: ({ id }) => void answered.push(id) }))
    expect([cache.size, answered]).toEqual([0, ['other']])
  })

  it('refuses scorers and caches that do not fit', () => {
    expect(() =>
      withCache(
        scorerOf(() => [], { scope: 'pool' as 'pair' }),
        new Map(),
      ),
    ).toThrow("pass a scorer of scope 'pair'")
    expect(() => withCache(undefined as never, new Map())).toThrow('scorer is undefined')
    expect(() => withCache(watched().scorer, {} as never)).toThrow('cache is an object with keys []: pass a Map')
  })

  it('passes on id, probability, warmup and close', async () => {
    const events: string[] = []
    const inner = watched({
      id: 'inner',
      toProbability: () => 0.25,
      countTokens: (text) => text.length,
      warmup: async () => void events.push('warmup'),
      close: async () => void events.push('close'),
    })
    const cached = withCache(inner.scorer, new Map())
    await cached.warmup?.()
    await cached.close?.()
    await cached.close?.()
    expect([cached.id, cached.scope, cached.toProbability?.(3), cached.countTokens?.('four'), events]).toEqual([
      'inner',
      'pair',
      0.25,
      4,
      ['warmup', 'close'],
    ])
    expect(withCache(watched().scorer, new Map()).toProbability).toBeUndefined()
  })
})

describe('calls at the same time', () => {
  it('score a pair once, also when the store is slow', async () => {
    const { opened, open } = gate()
    const asked: string[] = []
    const scorer = scorerOf(async (_query, texts) => (await opened, asked.push(...texts), texts.map(numberIn)))
    const slow = new Map<string, CachedScore>()
    const cache: ScoreCache = {
      get: async (key) => (await settle(), slow.get(key)),
      set: (key, entry) => slow.set(key, entry),
    }
    const cached = withCache(scorer, cache)
    const calls = [
      ['a 1', 'b 2'],
      ['b 2', 'c 3'],
      ['c 3', 'a 1'],
    ].map((texts) => cached.score('q', texts, callOf()))
    await settle()
    open()
    expect(await Promise.all(calls)).toEqual([
      [1, 2],
      [2, 3],
      [3, 1],
    ])
    expect(asked.toSorted()).toEqual(['a 1', 'b 2', 'c 3'])
  })

  it('share a failure', async () => {
    const { opened, open } = gate()
    let calls = 0
    const scorer = scorerOf(async () => (calls++, await opened, Promise.reject(new Error('down'))))
    const cached = withCache(scorer, new Map())
    const both = [cached.score('q', ['a'], callOf()), cached.score('q', ['a'], callOf())]
    await settle()
    open()
    expect(await Promise.allSettled(both)).toMatchObject([
      { reason: { message: 'down' } },
      { reason: { message: 'down' } },
    ])
    expect(calls).toBe(1)
  })

  it('do not share an abort or a deadline: whoever waited scores for itself', async () => {
    const controller = new AbortController()
    let calls = 0
    const hangsOnce = scorerOf((_query, texts) => (calls++ === 0 ? new Promise<never>(() => {}) : texts.map(numberIn)))
    const cached = withCache(hangsOnce, new Map())
    const first = cached.score('q', ['a 1'], callOf({ signal: controller.signal }))
    const second = cached.score('q', ['a 1'], callOf())
    await settle()
    controller.abort('first gave up')
    await expect(first).rejects.toBe('first gave up')
    expect(await second).toEqual([1])

    const late = new RerankError('deadline', 'late')
    let runs = 0
    const { opened, open } = gate()
    const lateOnce = scorerOf(
      async (_query, texts) => (await opened, runs++ === 0 ? Promise.reject(late) : texts.map(numberIn)),
    )
    const other = withCache(lateOnce, new Map())
    const both = [other.score('q', ['a 1'], callOf()), other.score('q', ['a 1'], callOf())]
    await settle()
    open()
    expect(await Promise.allSettled(both)).toEqual([
      { status: 'rejected', reason: late },
      { status: 'fulfilled', value: [1] },
    ])
  })

  it('end with their own signal while they wait for another', async () => {
    const cached = withCache(
      scorerOf(() => new Promise<never>(() => {})),
      new Map(),
    )
    const [mine, others] = [new AbortController(), new AbortController()]
    const first = cached.score('q', ['a'], callOf({ signal: others.signal }))
    const second = cached.score('q', ['a'], callOf({ signal: mine.signal }))
    await settle()
    mine.abort('enough')
    await expect(second).rejects.toBe('enough')
    others.abort('at last')
    await expect(first).rejects.toBe('at last')
  })
})

/** Without it the heap swings by more than any leak that matters. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  ;(runInNewContext('gc') as () => void)()
}

describe('memory', () => {
  it.runIf(isFull)('stays flat over 100,000 calls with a bounded cache', async () => {
    const entries = new Map<string, CachedScore>()
    const bounded: ScoreCache = {
      get: (key) => entries.get(key),
      set: (key, entry) => {
        entries.set(key, entry)
        if (entries.size > 500) entries.delete(entries.keys().next().value as string)
      },
    }
    const cached = withCache(readingNumbers(), bounded)
    const run = async (calls: number): Promise<number> => {
      for (let call = 0; call < calls; call++)
        await cached.score(`q ${call % 700}`, ['a 1', `b ${call % 13}`], callOf())
      await settle()
      collectGarbage()
      return process.memoryUsage().heapUsed
    }
    const before = await run(5000)
    const after = await run(95_000)
    expect(entries.size).toBeLessThanOrEqual(500)
    // One kept key of 43 characters for each call would be three times as much.
    expect(after - before).toBeLessThan(3e6)
  })
})

describe('a cache that is not to be trusted', () => {
  it('puts nothing into a result but what a score may come with', async () => {
    const entry = { score: 2, truncated: true, queryTruncated: true, bestSpan: { start: 0, end: 1, more: 1 } }
    const cache = { get: () => ({ ...entry, candidate: 'forged', rank: 0, index: 9, admin: true }), set: () => {} }
    const scorer = withCache(readingNumbers(), cache)
    const { results, report } = await createReranker({ scorer }).rerank('q', ['a 1'])
    expect(results).toEqual([
      {
        candidate: { text: 'a 1' },
        index: 0,
        rank: 1,
        score: 2,
        scorerId: 'fake',
        truncated: true,
        queryTruncated: true,
        bestSpan: { start: 0, end: 1 },
      },
    ])
    // What was not read when the score was made is said of each use of it.
    expect(report.stages[0]?.stats).toMatchObject({ cacheHits: 1, truncatedTexts: 1, truncatedQueries: 1 })
  })

  it('is missed when it hangs, after a stated time, without a deadline', async () => {
    const clock = new FakeClock()
    const answers = new Map([['a 1', 7]])
    let asked = 0
    // The first answers, the second never does.
    const cache = { get: () => (asked++ === 0 ? answers.get('a 1') : new Promise(() => {})), set: () => {} }
    const scorer = withCache(readingNumbers(), cache, { clock })
    const stats: Record<string, number> = {}
    let numbers: readonly number[] | undefined
    const scoring = scorer.score('q', ['a 1', 'b 2'], callOf({ stats })).then((found) => (numbers = found))
    await clock.advance(999)
    expect(numbers).toBeUndefined()
    await clock.advance(1)
    await scoring
    expect(numbers).toEqual([7, 2])
    expect(stats).toMatchObject({ cacheErrors: 1, cacheHits: 1, cacheMisses: 1 })
    expect(clock.pending).toBe(0)
  })

  it('that answers too late changes no score', async () => {
    const clock = new FakeClock()
    const late = gate()
    const cache = { get: () => late.opened.then(() => 99), set: () => {} }
    const scorer = withCache(readingNumbers(), cache, { clock, readTimeoutMs: 5 })
    const scoring = scorer.score('q', ['a 1'], callOf())
    await clock.advance(5)
    late.open()
    expect(await scoring).toEqual([1])
  })

  it.each([
    [{ readTimeoutMs: 0 }, 'readTimeoutMs is 0: pass milliseconds, more than 0'],
    [{ timeout: 5 }, 'options.timeout is 5: there is no such option; use readTimeoutMs, clock'],
  ])('has options that are checked: %j', (options, message) => {
    expect(() => withCache(readingNumbers(), new Map(), options as never)).toThrow(message)
  })
})
