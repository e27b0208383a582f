import fc from 'fast-check'
import { afterAll, describe, expect, it } from 'vitest'
import { type Call, createReranker, crossEncoder } from '@secondpass/core'
import { sized } from '../../../fixtures/size.js'

/** The bundled model reads query and passage apart first, and keeps what it made of a passage. All texts are invented. */

const call = (): Call => ({
  signal: new AbortController().signal,
  deadline: Infinity,
  now: () => performance.now(),
  stats: {},
  note: () => {},
})

const hits = ({ stats }: Call): number => stats['passageCacheHits'] ?? 0

const passages = [
  'Keys are rotated from the settings page: create the new key, deploy it, then delete the old one.',
  'Invoices are sent on the first day of the month.',
  'The ferry crosses the bay twice a day, weather permitting.',
  '',
  'x '.repeat(600),
]

/** Without a cache: every passage is read for every query. */
const reading = crossEncoder({ passageCacheMiB: 0 })
const keeping = crossEncoder()
afterAll(() => Promise.all([reading.close(), keeping.close()]))

const words = fc.constantFrom(
  'ferry',
  'key',
  'rotate',
  'invoice',
  'bay',
  'month',
  'réglages',
  '設定',
  '[SEP]',
  'unforeseeably',
)
const text = fc.array(words, { maxLength: 24 }).map((some) => some.join(' '))

describe('a passage that is known', () => {
  it('earns the same score to the bit as one that is read', async () => {
    const property = fc.asyncProperty(
      text,
      text,
      fc.array(text, { minLength: 1, maxLength: 4 }),
      async (first, second, pool) => {
        const wanted = await reading.score(second, pool, call())
        await keeping.score(first, pool, call())
        const again = call()
        expect(await keeping.score(second, pool, again)).toEqual(wanted)
        expect(hits(again)).toBe(new Set(pool).size)
      },
    )
    await fc.assert(property, { numRuns: sized(4, 60) })
  })

  it('is counted in the report, and only when it was known', async () => {
    await using fresh = createReranker({ scorer: crossEncoder({ passageCacheMiB: 2 }) })
    const candidates = ['Never seen before: the lighthouse keeper’s ledger.', passages[1] as string].map((one) => ({
      text: one,
    }))
    const counts = []
    for (const query of ['lighthouse', 'ledger', 'lighthouse']) {
      const { report } = await fresh.rerank(query, [{ text: `${query} alone` }, candidates[0] as { text: string }])
      counts.push(report.stages[0]?.stats['passageCacheHits'] ?? 0)
    }
    expect(counts).toEqual([0, 1, 2])
  })

  it('is known to every scorer of the same model', async () => {
    const passage = 'Known to all: the harbour master counts boats at dusk.'
    await keeping.score('boats', [passage], call())
    const other = crossEncoder({ maxLength: 64 })
    const shared = call()
    await other.score('boats', [passage], shared)
    expect(hits(shared)).toBe(1)
    await other.close()
    const after = call()
    await keeping.score('dusk', [passage], after)
    expect(hits(after)).toBe(1)
  })

  it('is another where it is cut off elsewhere', async () => {
    const long = 'harbour '.repeat(100)
    await using short = crossEncoder({ maxLength: 40 })
    const [first, second] = [call(), call()]
    await keeping.score('boats', [long], first)
    const [cut] = await short.score('boats', [long], second)
    expect(hits(second)).toBe(0)
    await using plain = crossEncoder({ maxLength: 40, passageCacheMiB: 0 })
    expect([cut]).toEqual(await plain.score('boats', [long], call()))
  })

  it('is never kept with passageCacheMiB: 0', async () => {
    const asked = call()
    await reading.score('boats', [passages[0] as string], asked)
    await reading.score('boats', [passages[0] as string], asked)
    expect(hits(asked)).toBe(0)
  })
})

describe('workers', () => {
  it('share what is kept, and give the same bits', async () => {
    const pool = passages.map((passage, at) => `Of workers, ${at}. ${passage}`)
    const wanted = await reading.score('when does the ferry cross', pool, call())
    await using scorer = crossEncoder({ workers: 2 })
    const [first, second] = [call(), call()]
    expect(await scorer.score('when does the ferry cross', pool, first)).toEqual(wanted)
    // Whichever thread read a passage, both know it.
    expect(await scorer.score('when does the ferry cross', [...pool].reverse(), second)).toEqual([...wanted].reverse())
    expect([hits(first), hits(second)]).toEqual([0, pool.length])
  })
})

describe('passageCacheMiB', () => {
  it.each([-1, 1.5, Number.NaN, '64', 70_000])('refuses %s', (passageCacheMiB) => {
    expect(() => crossEncoder({ passageCacheMiB: passageCacheMiB as number })).toThrow(/passageCacheMiB/)
  })
})
