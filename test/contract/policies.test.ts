import { calibrated } from '../../packages/core/src/skip/calibrated.ts'
import { allOf, anyOf, not, smallPool } from '../../packages/core/src/skip/policy.ts'
import { aboveThreshold, agreement, clearMargin, scoreShape } from '../../packages/core/src/skip/first-stage.ts'
import { keywordQuery } from '../../packages/core/src/skip/query.ts'
import { otherScript } from '../../packages/core/src/skip/unread.ts'
import { policyContract } from './policy-contract.ts'

const margin = clearMargin({ margin: 0.5 })
const threshold = aboveThreshold({ threshold: 0 })

policyContract('aboveThreshold', threshold, { readsScores: true })
policyContract('aboveThreshold of distances', aboveThreshold({ threshold: 0, higherIsBetter: false }), {
  readsScores: true,
})
policyContract('clearMargin', margin, { readsScores: true })
policyContract('clearMargin, relative', clearMargin({ margin: 0.1, place: 2, relative: true }), { readsScores: true })
policyContract('clearMargin of distances', clearMargin({ margin: 0.5, place: 2, higherIsBetter: false }), {
  readsScores: true,
})
policyContract('smallPool', smallPool({ size: 4 }), { readsScores: false })
policyContract('anyOf', anyOf(margin, threshold), { readsScores: true })
policyContract('anyOf with smallPool', anyOf(margin, smallPool({ size: 3 })), { readsScores: false })
policyContract('allOf', allOf(margin, smallPool({ size: 9 })), { readsScores: true })
policyContract('not', not(threshold), { readsScores: true })
policyContract('not anyOf', not(anyOf(margin, threshold)), { readsScores: true })
policyContract('agreement', agreement({ other: ({ score }) => score, atLeast: 0.5 }), { readsScores: false })
policyContract('keywordQuery', keywordQuery(), { readsScores: false })
policyContract('otherScript', otherScript(), { readsScores: false })
policyContract('scoreShape', scoreShape({ atLeast: 1 }), { readsScores: true })
policyContract(
  'calibrated',
  calibrated({ version: 1, scorerId: 'fake', skip: { policy: 'clear-margin', options: { margin: 0.5 } } }),
  {
    readsScores: true,
  },
)
