import { bundledScorer } from '../../packages/core/src/default.ts'
import { withCache } from '../../packages/core/src/wrap/cache.ts'
import { lengthScorer } from './length-scorer.ts'
import { scorerContract } from './scorer-contract.ts'

scorerContract('the smallest one', lengthScorer)
scorerContract('the stand-in for the bundled model', () => bundledScorer(async () => lengthScorer()).scorer)
scorerContract('withCache', () => withCache(lengthScorer(), new Map()))
scorerContract('withCache that always misses', () => withCache(lengthScorer(), { get() {}, set() {} }))
