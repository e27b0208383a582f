import type { Pool, SkipPolicy, SkipReason } from '../types.js'

export type Evidence = SkipReason['evidence']

/** Builds a policy from what it measures and how it decides. `measure` answers with nothing when evidence is missing. */
export function definePolicy<E extends Evidence>(
  name: string,
  measure: (pool: Pool) => E | undefined,
  speaksForSkipping: (evidence: E) => boolean,
): SkipPolicy {
  const policy = (pool: Pool): SkipReason | undefined => {
    const evidence = measure(pool)
    return evidence !== undefined && speaksForSkipping(evidence) ? { policy: name, evidence } : undefined
  }
  return withEvidence(name, policy, measure)
}

/** Gives a function the name that reports and `not` show, and its evidence. */
export function withEvidence(
  name: string,
  policy: SkipPolicy,
  evidence: (pool: Pool) => Evidence | undefined,
): SkipPolicy {
  return Object.assign(Object.defineProperty(policy, 'name', { value: name }), { evidence })
}
