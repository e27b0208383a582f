import { allOf, anyOf, not } from '../../packages/core/src/skip/combine.ts'
import { aboveThreshold, clearMargin, smallPool } from '../../packages/core/src/skip/first-stage.ts'
import { policyContract } from './policy-contract.ts'

const margin = clearMargin({ margin: 0.5 })
const threshold = aboveThreshold({ threshold: 0 })

policyContract('aboveThreshold', threshold, { readsScores: true })
policyContract('aboveThreshold of distances', aboveThreshold({ threshold: 0, higherIsBetter: false }), {
  readsScores: true,
})
policyContract('clearMargin', margin, { readsScores: true })
policyContract('clearMargin, relative', clearMargin({ margin: 0.1, k: 2, relative: true }), { readsScores: true })
policyContract('clearMargin of distances', clearMargin({ margin: 0.5, k: 2, higherIsBetter: false }), {
  readsScores: true,
})
policyContract('smallPool', smallPool({ size: 4 }), { readsScores: false })
policyContract('anyOf', anyOf(margin, threshold), { readsScores: true })
policyContract('anyOf with smallPool', anyOf(margin, smallPool({ size: 3 })), { readsScores: false })
policyContract('allOf', allOf(margin, smallPool({ size: 9 })), { readsScores: true })
policyContract('not', not(threshold), { readsScores: true })
policyContract('not anyOf', not(anyOf(margin, threshold)), { readsScores: true })
