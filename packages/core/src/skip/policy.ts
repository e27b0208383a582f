import { checkFunction } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
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

/**
 * Skips when any of the policies does; the reason is that of the first, in the order given, which has one.
 *
 * @throws RerankError `'invalid-argument'` without a policy, or for what is no function.
 */
export function anyOf(...policies: readonly SkipPolicy[]): SkipPolicy {
  checkPolicies('anyOf', policies)
  const policy = (pool: Pool): SkipReason | undefined => {
    for (const part of policies) {
      const reason = part(pool)
      if (reason !== undefined) return reason
    }
    return undefined
  }
  // One reason decides whatever else is missing; that there is none, only the evidence of all can say.
  return withEvidence('any-of', policy, (pool) => policy(pool)?.evidence ?? jointEvidence(policies, pool))
}

/**
 * Skips when all of the policies do. The evidence is that of all, each under the name of its policy.
 *
 * @throws RerankError `'invalid-argument'` without a policy, or for what is no function.
 */
export function allOf(...policies: readonly SkipPolicy[]): SkipPolicy {
  checkPolicies('allOf', policies)
  const policy = (pool: Pool): SkipReason | undefined => {
    const evidence: Record<string, Evidence[string]> = {}
    for (const part of policies) {
      const reason = part(pool)
      if (reason === undefined) return undefined
      addEvidence(evidence, reason.policy, reason.evidence)
    }
    return { policy: 'all-of', evidence }
  }
  return withEvidence('all-of', policy, (pool) => jointEvidence(policies, pool))
}

/**
 * Skips when the policy does not, provided that the pool holds what the policy decides on: a policy that cannot judge
 * because scores are missing is no reason to skip.
 *
 * @throws RerankError `'invalid-argument'` for what is no function.
 */
export function not(policy: SkipPolicy): SkipPolicy {
  checkPolicies('not', [policy])
  const name = `not ${policy.name || 'a policy'}`
  const measure = (pool: Pool): Evidence | undefined => evidenceOf(policy, pool)
  const inverse = (pool: Pool): SkipReason | undefined => {
    const evidence = measure(pool)
    return evidence === undefined || policy(pool) !== undefined ? undefined : { policy: name, evidence }
  }
  return withEvidence(name, inverse, measure)
}

/** A plain function says nothing of its evidence, and is taken to have it. */
function evidenceOf(policy: SkipPolicy, pool: Pool): Evidence | undefined {
  return policy.evidence === undefined ? {} : policy.evidence(pool)
}

/** The evidence of all, or nothing when any lacks it. */
function jointEvidence(policies: readonly SkipPolicy[], pool: Pool): Evidence | undefined {
  const joint: Record<string, Evidence[string]> = {}
  for (const policy of policies) {
    const evidence = evidenceOf(policy, pool)
    if (evidence === undefined) return undefined
    addEvidence(joint, policy.name, evidence)
  }
  return joint
}

function addEvidence(target: Record<string, Evidence[string]>, name: string, evidence: Evidence): void {
  for (const [key, value] of Object.entries(evidence)) target[`${name}.${key}`] = value
}

function checkPolicies(name: string, policies: readonly SkipPolicy[]): void {
  if (policies.length === 0) throw invalidArgument(`${name}()`, policies, 'pass at least one policy')
  policies.forEach((policy, at) => checkFunction(`${name}: policy ${at + 1}`, policy))
}
