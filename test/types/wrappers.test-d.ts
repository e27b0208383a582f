import { describe, expectTypeOf, it } from 'vitest'
import type { Scorer } from '../../packages/core/src/types.ts'
import type { CachedScore, ScoreCache } from '../../packages/core/src/wrap/cache.ts'
import { withCache } from '../../packages/core/src/wrap/cache.ts'
import { withCircuitBreaker } from '../../packages/core/src/wrap/breaker.ts'
import { withChunks } from '../../packages/core/src/wrap/chunk.ts'
import { withFallback } from '../../packages/core/src/wrap/fallback.ts'

declare const pair: Scorer<'pair'>
declare const pool: Scorer<'pool'>
declare const either: Scorer

describe('withCache', () => {
  it('takes a pair scorer and gives one', () => {
    expectTypeOf(withCache(pair, new Map())).toEqualTypeOf<Scorer<'pair'>>()
    expectTypeOf(withCache(withChunks(pair), new Map<string, CachedScore>())).toEqualTypeOf<Scorer<'pair'>>()
  })

  it('does not take a scorer whose numbers depend on the pool', () => {
    // @ts-expect-error scope 'pool'
    withCache(pool, new Map())
    // @ts-expect-error perhaps scope 'pool'
    withCache(either, new Map())
  })

  it('takes anything like a map, at once or later', () => {
    expectTypeOf<Map<string, CachedScore>>().toExtend<ScoreCache>()
    expectTypeOf<{
      get(key: string): CachedScore | undefined
      set(key: string, entry: CachedScore, options?: object): object
    }>().toExtend<ScoreCache>()
    expectTypeOf<{
      get(key: string): Promise<CachedScore | null>
      set(key: string, entry: CachedScore): Promise<'OK'>
    }>().toExtend<ScoreCache>()
    expectTypeOf<{ get(key: string): number }>().not.toExtend<ScoreCache>()
  })
})

describe('withChunks', () => {
  it('does not take a scorer whose numbers depend on the pool', () => {
    // @ts-expect-error scope 'pool'
    withChunks(pool)
  })
})

describe('withFallback', () => {
  it('takes any scorers, and gives one that must not be cached or cut', () => {
    expectTypeOf(withFallback(pair, pool)).toEqualTypeOf<Scorer<'pool'>>()
    // @ts-expect-error who answers depends on the moment
    withCache(withFallback(pair, pair), new Map())
    // @ts-expect-error who answers depends on the moment
    withChunks(withFallback(pair, pair))
  })
})

describe('withCircuitBreaker', () => {
  it('keeps the scope', () => {
    expectTypeOf(withCircuitBreaker(pair)).toEqualTypeOf<Scorer<'pair'>>()
    expectTypeOf(withCircuitBreaker(pool)).toEqualTypeOf<Scorer<'pool'>>()
  })
})
