import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { colbert, createReranker, crossEncoder, type Scorer, withCircuitBreaker, withFallback } from '@secondpass/core'
import { callOf, readingNumbers } from '../../../contract/fake-scorer.ts'

const tiny = join(import.meta.dirname, '../../../fixtures/tiny-bert')
const lateInteraction = join(import.meta.dirname, '../../../fixtures/tiny-colbert')
const query = 'which key opens the cellar'
const texts = (count: number, words = 30): string[] =>
  Array.from({ length: count }, (_, at) => `text ${at} ${'of some words '.repeat(words / 3)}`)

/** The real clock, on which a scorer measures how long runs take. */
const now = (): number => performance.now()

type Stats = Record<string, number>
const runsOf = (all: readonly Stats[]): number => all.reduce((sum, { runs = 0 }) => sum + runs, 0)

/** How many runs there were at most between two turns of the event loop. */
async function mostRunsPerTurn(all: readonly Stats[], work: Promise<unknown>): Promise<number> {
  let [most, last, isDone] = [0, 0, false]
  const look = (): void => {
    const runs = runsOf(all)
    most = Math.max(most, runs - last)
    last = runs
    if (!isDone) setImmediate(look)
  }
  look()
  await work
  isDone = true
  return most
}

describe.each([
  ['a cross-encoder', () => crossEncoder({ model: tiny })],
  ['late interaction', () => colbert({ model: lateInteraction })],
] as [string, () => Scorer][])('many calls at once of %s in this thread', (_name, make) => {
  it('let the event loop turn after each run, not after one run of each call', async () => {
    const scorer = make()
    const all = Array.from({ length: 16 }, (): Stats => ({}))
    const calls = all.map((stats, at) => scorer.score(`${query} ${at}`, texts(20), callOf({ stats })))
    expect(await mostRunsPerTurn(all, Promise.all(calls))).toBe(1)
    await scorer.close?.()
  })
})

it('two models in one thread take turns as well', async () => {
  await using one = crossEncoder({ model: tiny })
  await using other = crossEncoder({ model: tiny, maxLength: 64 })
  await Promise.all([one.warmup(), other.warmup()])
  const all: Stats[] = [{}, {}]
  const calls = [one, other].map((scorer, at) => scorer.score(query, texts(60), callOf({ stats: all[at] ?? {} })))
  expect(await mostRunsPerTurn(all, Promise.all(calls))).toBe(1)
})

describe.each([
  ['in this thread', 0],
  ['in a worker', 1],
])('calls that wait %s', (_, workers) => {
  it('are answered in the order of their deadlines, whatever the order they came in', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    await scorer.warmup()
    const answered: number[] = []
    const deadlines = [90_000, 70_000, 50_000, 80_000, 60_000].map((ms) => now() + ms)
    await Promise.all(
      deadlines.map(async (deadline) => {
        await scorer.score(query, texts(12), callOf({ deadline, now }))
        answered.push(deadline)
      }),
    )
    // The first to come had begun before the others were there.
    expect(answered).toEqual([...deadlines].sort((a, b) => a - b))
  })

  it('are late at once, and for nothing, when they cannot be done in time', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    await scorer.score(query, texts(40), callOf({ now }))
    const stats: Stats = {}
    const hopeless = scorer.score(query, texts(19_000), callOf({ deadline: now() + 1000, now, stats }))
    await expect(hopeless).rejects.toMatchObject({ code: 'deadline', message: /would not be done by the deadline/ })
    expect(stats).toEqual({})
  })

  it('stop at an abort before their texts are encoded, however many and long', async () => {
    await using scorer = crossEncoder({ model: tiny, workers })
    await scorer.warmup()
    const controller = new AbortController()
    const stats: Stats = {}
    const scoring = scorer.score(query, texts(5000, 600), callOf({ signal: controller.signal, stats }))
    const look = (): void => {
      if ((stats['runs'] ?? 0) > 0) controller.abort('enough')
      else setImmediate(look)
    }
    look()
    await expect(scoring).rejects.toBe('enough')
    // The longest pair has 64 tokens here, and a worker is two pairs ahead.
    expect(stats['tokens']).toBeLessThanOrEqual(64 * 8)
  })

  it('are refused beyond maxQueued, or keep their order, and the report says why', async () => {
    const scorer = crossEncoder({ model: tiny, workers, maxQueued: 30 })
    await using throwing = createReranker({ scorer })
    await using keeping = createReranker({ scorer, onError: 'keep-order' })
    await throwing.warmup()
    const first = throwing.rerank(query, texts(28))
    await expect(throwing.rerank(query, texts(20))).rejects.toMatchObject({ code: 'overloaded' })
    const { results, report } = await keeping.rerank(query, texts(20))
    expect(results.map(({ index }) => index)).toEqual([...texts(20).keys()])
    expect(report.stages[0]).toMatchObject({ outcome: 'failed', error: { code: 'overloaded' } })
    expect((await first).report.stages[0]?.outcome).toBe('ranked')
  })

  it('say in the report how long they waited', async () => {
    await using reranker = createReranker({ scorer: crossEncoder({ model: tiny, workers }) })
    await reranker.warmup()
    const [first, second] = await Promise.all([reranker.rerank(query, texts(40)), reranker.rerank(query, texts(40))])
    const waited = second.report.stages[0]?.stats['waitedMs'] ?? 0
    expect(waited).toBeGreaterThan(first.report.stages[0]?.stats['waitedMs'] ?? 0)
    expect(waited).toBeLessThanOrEqual(second.report.durationMs)
    const alone = await reranker.rerank(query, texts(5))
    expect(alone.report.stages[0]?.stats).not.toHaveProperty('waitedMs')
  })

  it('share the model fairly between two rerankers, however many calls one of them has', async () => {
    const scorer = crossEncoder({ model: tiny, workers })
    await using busy = createReranker({ scorer })
    await using other = createReranker({ scorer })
    await busy.warmup()
    let done = 0
    const flood = Array.from({ length: 30 }, async () => {
      await busy.rerank(query, texts(10))
      done += 1
    })
    await other.rerank(query, texts(20))
    // Half of the runs were the other's: about 20 of its own beside 20 of the 300.
    expect(done).toBeLessThanOrEqual(5)
    await Promise.all(flood)
  })
})

it('thousands of calls at once do not hold up the first: each is begun when its turn has come', async () => {
  await using scorer = crossEncoder({ model: tiny })
  await scorer.warmup()
  const controller = new AbortController()
  let begun = 0
  const calls = Array.from({ length: 2000 }, () => {
    // The first that a call counts is its texts, after its query was encoded.
    const stats = new Proxy({} as Stats, {
      set: (target, counter: string, by: number) => {
        if (counter === 'texts') begun += 1
        target[counter] = by
        return true
      },
    })
    return scorer.score(query, texts(2), callOf({ stats, signal: controller.signal }))
  })
  await calls[0]
  expect(begun).toBeLessThanOrEqual(2)
  controller.abort('enough')
  await Promise.allSettled(calls)
})

describe('a scorer that is overloaded', () => {
  it('hands over to a fallback, and no circuit breaker takes it for a fault', async () => {
    const scorer = crossEncoder({ model: tiny, maxQueued: 10 })
    await using reranker = createReranker({
      scorer: withFallback(withCircuitBreaker(scorer, { failures: 1 }), readingNumbers({ id: 'spare' })),
    })
    await reranker.warmup()
    const answers = await Promise.all([reranker.rerank(query, texts(10)), reranker.rerank(query, texts(10))])
    expect(answers.map(({ report }) => report.stages[0]?.scorerId)).toEqual([scorer.id, 'spare'])
    const { report } = await reranker.rerank(query, texts(10))
    expect(report.stages[0]?.scorerId).toBe(scorer.id)
  })
})

it('no circuit breaker opens because a call is late before it began', async () => {
  await using scorer = crossEncoder({ model: tiny })
  const guarded = withCircuitBreaker(scorer, { failures: 1 })
  await guarded.score(query, texts(40), callOf({ now }))
  // A second, so that none passes before the call begins, and a tenth of what so many texts take.
  const hopeless = guarded.score(query, texts(19_000), callOf({ deadline: now() + 1000, now }))
  await expect(hopeless).rejects.toMatchObject({ code: 'deadline' })
  await expect(guarded.score(query, texts(2), callOf({ now }))).resolves.toHaveLength(2)
})

describe('copies of one model', () => {
  it('are warned of once, when more than four are loaded, and not when those before were closed', async () => {
    const warnings: string[] = []
    const record = ({ message }: Error): void => void warnings.push(message)
    process.on('warning', record)
    const load = async (count: number): Promise<Scorer[]> => {
      const scorers = Array.from({ length: count }, () => crossEncoder({ model: lateCopy }))
      for (const scorer of scorers) await scorer.warmup()
      return scorers
    }
    const lateCopy = join(import.meta.dirname, '../../../fixtures/tiny-bert-stock')
    for (let round = 0; round < 3; round++) for (const scorer of await load(3)) await scorer.close?.()
    const few = await load(4)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([])
    const many = await load(3)
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).toEqual([expect.stringMatching(/^5 copies of tiny-bert-stock@\w+.*share it.*close\(\)/)])
    process.off('warning', record)
    for (const scorer of [...few, ...many]) await scorer.close?.()
  })
})

it.each([0, 0.5, '5'])('maxQueued: %j is refused by name', (maxQueued) => {
  expect(() => crossEncoder({ model: tiny, maxQueued: maxQueued as number })).toThrow(/maxQueued is/)
})
