import { bm25 } from '../../packages/core/src/score/bm25.ts'
import { withCircuitBreaker } from '../../packages/core/src/wrap/breaker.ts'
import { withCache } from '../../packages/core/src/wrap/cache.ts'
import { withFallback } from '../../packages/core/src/wrap/fallback.ts'
import { lengthScorer } from './length-scorer.ts'
import { scorerContract } from './scorer-contract.ts'

scorerContract('the smallest one', lengthScorer)
scorerContract('withCache', () => withCache(lengthScorer(), new Map()))
scorerContract('withCache that always misses', () => withCache(lengthScorer(), { get() {}, set() {} }))
scorerContract('withFallback', () => withFallback(lengthScorer(), lengthScorer()))
scorerContract('withFallback, when the first fails', () =>
  withFallback({ id: 'down', scope: 'pair', score: () => Promise.reject(new Error('down')) }, lengthScorer(), {
    deadlineMs: 1000,
  }),
)
scorerContract('withCircuitBreaker', () => withCircuitBreaker(lengthScorer()))
scorerContract('bm25', () => bm25())
