import { describe, expect, it } from 'vitest'
import type { Scorer, ScorerDefaults } from '../../../packages/core/src/types.ts'
import { withCircuitBreaker } from '../../../packages/core/src/wrap/breaker.ts'
import { withCache } from '../../../packages/core/src/wrap/cache.ts'
import { withChunks } from '../../../packages/core/src/wrap/chunk.ts'
import { withFallback } from '../../../packages/core/src/wrap/fallback.ts'
import { reciprocalRankFusion } from '../../../packages/core/src/wrap/fuse.ts'
import { callOf, readingNumbers } from '../../contract/fake-scorer.ts'

const defaults: ScorerDefaults = { blend: { weight: 0.7 }, scripts: ['Latin'] }
const other = readingNumbers({ id: 'other', defaults: { blend: { weight: 0.1 } } })

const wrappers: [name: string, wrap: (scorer: Scorer<'pair'>) => Scorer][] = [
  ['withCache', (scorer) => withCache(scorer, new Map())],
  ['withChunks', (scorer) => withChunks(scorer)],
  ['withCircuitBreaker', (scorer) => withCircuitBreaker(scorer)],
  ['withFallback', (scorer) => withFallback(scorer, other)],
  ['several', (scorer) => withFallback(withCircuitBreaker(withCache(withChunks(scorer), new Map())), other)],
]

describe.each(wrappers)('%s', (_name, wrap) => {
  it('passes on what the scorer recommends whose numbers it hands over', () => {
    expect(wrap(readingNumbers({ defaults })).defaults).toEqual(defaults)
    expect(wrap(readingNumbers()).defaults).toBeUndefined()
  })

  it('asks for it each time: a scorer that is loaded on first use may know it only then', () => {
    const known: { defaults?: ScorerDefaults } = {}
    const loading = Object.defineProperty(readingNumbers(), 'defaults', { get: () => known.defaults })
    const wrapped = wrap(loading)
    expect(wrapped.defaults).toBeUndefined()
    known.defaults = defaults
    expect(wrapped.defaults).toEqual(defaults)
  })

  it('keeps the contract at its edges itself', async () => {
    const scorer = wrap(readingNumbers())
    await expect(scorer.score('q', [], callOf())).resolves.toEqual([])
    await expect(scorer.score('q', ['a 1'], callOf({ signal: AbortSignal.abort('enough') }))).rejects.toBe('enough')
    await expect(scorer.score('q', ['a 1'], callOf({ deadline: 5, now: () => 5 }))).rejects.toMatchObject({
      code: 'deadline',
    })
    await scorer.close?.()
    await expect(scorer.score('q', ['a 1'], callOf())).rejects.toMatchObject({ code: 'closed' })
  })
})

it('a fused list has no recommendations: its scores are ranks', () => {
  expect(reciprocalRankFusion([['a'], ['b']])[0]).not.toHaveProperty('defaults')
})
