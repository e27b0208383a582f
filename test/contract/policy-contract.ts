import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Candidate, Pool, SkipPolicy } from '../../packages/core/src/types.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'

const candidate: fc.Arbitrary<Candidate> = fc.record(
  { text: fc.string(), score: fc.double({ noNaN: true, noDefaultInfinity: true }), id: fc.string() },
  { requiredKeys: ['text'] },
)

/** Any pool a stage may show: any scripts, scores of any size, some missing. */
export const anyPool: fc.Arbitrary<Pool> = fc.record(
  {
    query: fc.string({ minLength: 1, unit: 'binary' }),
    candidates: fc.array(candidate, { minLength: 1, maxLength: 12 }),
    scorerId: fc.constant('fake'),
  },
  { requiredKeys: ['query', 'candidates', 'scorerId'] },
)

/**
 * What every policy must do. `readsScores`: it decides on first-stage scores, and so must not skip without them.
 */
export function policyContract(name: string, policy: SkipPolicy, { readsScores }: { readsScores: boolean }): void {
  describe(`the contract of policies: ${name}`, () => {
    it('answers with nothing, or with its name and plain evidence', () => {
      fc.assert(
        fc.property(anyPool, (pool) => {
          const reason = policy(pool)
          if (reason === undefined) return
          expect(reason.policy).toMatch(/\S/)
          for (const [key, value] of Object.entries(reason.evidence)) {
            expect(['number', 'string', 'boolean'], key).toContain(typeof value)
            expect(value, key).not.toBeNaN()
          }
        }),
      )
    })

    it('is pure: changes nothing, and answers the same again', () => {
      fc.assert(
        fc.property(anyPool, (pool) => {
          deepFreeze(pool)
          expect(policy(pool)).toEqual(policy(pool))
        }),
      )
    })

    it('has evidence whenever it skips', () => {
      fc.assert(
        fc.property(anyPool, (pool) => {
          if (policy(pool) !== undefined) expect(policy.evidence?.(pool)).toBeDefined()
        }),
      )
    })

    it.runIf(readsScores)('never skips when a score is missing', () => {
      fc.assert(
        fc.property(anyPool, (pool) => {
          if (pool.candidates.some(({ score }) => score === undefined)) expect(policy(pool)).toBeUndefined()
        }),
      )
    })
  })
}
