import { describe, expect, it } from 'vitest'
import { systemClock } from '../../packages/core/src/base/clock.ts'
import { agreementSignal, type AgreementSignalOptions } from '../../packages/core/src/skip/first-stage.ts'
import { type Bm25Options, bm25 } from '../../packages/core/src/score/bm25.ts'
import type { ColbertOptions } from '../../packages/core/src/score/colbert/colbert.ts'
import { colbert } from '../../packages/core/src/score/colbert/colbert.ts'
import { crossEncoder } from '../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import type { CrossEncoderOptions } from '../../packages/core/src/score/cross-encoder/options.ts'
import { type CircuitBreakerOptions, withCircuitBreaker } from '../../packages/core/src/wrap/breaker.ts'
import { type ChunkOptions, withChunks } from '../../packages/core/src/wrap/chunk.ts'
import { type FallbackOptions, withFallback } from '../../packages/core/src/wrap/fallback.ts'
import { type FusionOptions, reciprocalRankFusion } from '../../packages/core/src/wrap/fuse.ts'
import { readingNumbers } from '../contract/fake-scorer.ts'

const scorer = readingNumbers()

/** A model that nobody has: it is named, not loaded. */
const source = {
  model: 'nobody/nothing',
  revision: 'main',
  dtype: 'auto',
  onProgress: () => {},
  hub: { offline: true },
  providers: ['cpu'],
  threads: 1,
  maxLength: 128,
  maxQueued: 100,
} as const

/** Each with every option that its type names, so that a new one cannot be forgotten among those that are let through. */
const everything = {
  crossEncoder: {
    ...source,
    workers: 0,
    spinning: false,
    longText: 'windows',
    queryTruncationSide: 'left',
    splitSpecialTokens: true,
    windowOverlap: 8,
    maxWindows: 50,
    windowsToRead: 3,
    template: 'qwen3-reranker',
    instruction: 'Find the rule that answers.',
    activation: 'sigmoid',
    passageCacheMiB: 16,
    store: new Map(),
    graph: 'lean',
  } satisfies Required<CrossEncoderOptions>,
  colbert: {
    ...source,
    store: new Map(),
    precision: 'int8',
    queryTruncationSide: 'left',
    splitSpecialTokens: true,
  } satisfies Required<ColbertOptions>,
  bm25: { k1: 1, b: 0.5, words: (text) => [text] } satisfies Required<Bm25Options>,
  withChunks: {
    maxLength: 10,
    maxChunks: 50,
    chunksToRead: 3,
    overlap: 1,
    measure: (text) => text.length,
    measureName: 'units',
  } satisfies Required<ChunkOptions>,
  withFallback: { deadlineMs: 5, clock: systemClock } satisfies Required<FallbackOptions>,
  withCircuitBreaker: { failures: 1, restMs: 1 } satisfies Required<CircuitBreakerOptions>,
  reciprocalRankFusion: { k: 1, weights: [1], key: ({ text }) => text } satisfies Required<FusionOptions>,
  agreementSignal: { other: () => 1, k: 3 } satisfies Required<AgreementSignalOptions>,
}

describe.each<[name: keyof typeof everything, misspelt: string, make: (options: never) => unknown]>([
  ['crossEncoder', 'maxlength', crossEncoder],
  ['colbert', 'max_length', colbert],
  ['bm25', 'k', bm25],
  ['withChunks', 'chunkOverlap', (options) => withChunks(scorer, options)],
  ['withFallback', 'timeout', (options) => withFallback(scorer, scorer, options)],
  ['withCircuitBreaker', 'rest', (options) => withCircuitBreaker(scorer, options)],
  ['reciprocalRankFusion', 'weight', (options) => reciprocalRankFusion([['a']], options)],
  ['agreementSignal', 'depth', agreementSignal],
])('%s', (name, misspelt, make) => {
  it('refuses an option that does not exist, and names those that do', () => {
    const options = { ...everything[name], [misspelt]: 128 }
    const message = new RegExp(`^options\\.${misspelt} is 128: there is no such option; use `)
    expect(() => make(options as never)).toThrow(message)
    for (const known of Object.keys(everything[name])) {
      expect(() => make(options as never)).toThrow(new RegExp(` ${known}(,|$)`))
    }
  })

  it('takes every option that does exist', () => {
    expect(() => make(everything[name] as never)).not.toThrow()
  })

  it.each([null, 'fast', ['fast']])('refuses %j in place of its options', (options) => {
    expect(() => make(options as never)).toThrow('pass an object with options')
  })
})
