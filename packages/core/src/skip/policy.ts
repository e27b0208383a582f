import {
  callable,
  type OptionTable,
  readOptions,
  required,
  wholeOrInfinity,
  checkItems,
  isObject,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import type { PolicyData, Pool, SkipPolicy, SkipReason } from '../types.js'

export type Evidence = SkipReason['evidence']

/** What a signal looks at: the query, and the head that the stage would score, in its present order. */
export type SignalPool = Pick<Pool, 'query' | 'candidates'>

/** A number that may say that reranking is not needed. */
export interface Signal {
  /** Stands in the calibration file. */
  readonly name: string
  /** Higher speaks for skipping. Nothing when the pool does not hold it: such a query is never skipped. */
  measure(pool: SignalPool): number | undefined
  /**
   * The policy that skips exactly when `measure` is at least `threshold`, as a calibration file holds it; nothing when no
   * policy of a file does. A signal without this method can be calibrated, and skips by a policy of the caller's own.
   */
  policy?(threshold: number): PolicyData | undefined
}

/** One measurement, shared by a policy and the signal that is calibrated for it. */
export interface Measured {
  /** Higher speaks for skipping; missing when this pool is never to be skipped. */
  readonly value: number | undefined
  /** What the value was read from, for the report. */
  readonly evidence: Evidence
}

/** Measures a pool, or answers with nothing when the pool lacks what is measured. */
export type Measure = (pool: SignalPool) => Measured | undefined

/** Whether a value speaks for skipping at a threshold: the one comparison of policies and of their calibration. */
export function reaches(value: number | undefined, threshold: number): boolean {
  return value !== undefined && value >= threshold
}

/**
 * The policy that skips when a measure reaches a threshold.
 *
 * @param limits what the measure was held against, as it stands in the evidence.
 */
export function thresholdPolicy(
  name: string,
  measure: Measure,
  { threshold, limits }: { readonly threshold: number; readonly limits: Evidence },
): SkipPolicy {
  const withLimits = ({ evidence }: Measured): Evidence => ({ ...evidence, ...limits })
  const policy = (pool: Pool): SkipReason | undefined => {
    const measured = measure(pool)
    if (measured === undefined || !reaches(measured.value, threshold)) return undefined
    return { policy: name, evidence: withLimits(measured) }
  }
  return withEvidence(name, policy, (pool) => {
    const measured = measure(pool)
    return measured === undefined ? undefined : withLimits(measured)
  })
}

/** Throws unless this is a pool: policies and signals are called by others too. */
function checkPool(pool: unknown): void {
  const { query, candidates } = (isObject(pool) ? pool : {}) as { query?: unknown; candidates?: unknown }
  if (typeof query !== 'string')
    throw invalidArgument('pool', pool, 'pass { query, candidates } with the query as a string')
  checkItems('pool.candidates', candidates, isObject, 'pass objects with a text')
}

/** The signal that is calibrated for a policy: the same measure, and the policy as a file holds it. */
export function signalOf(name: string, measure: Measure, policy: NonNullable<Signal['policy']>): Signal {
  const valueOf = (pool: SignalPool): number | undefined => {
    checkPool(pool)
    return measure(pool)?.value
  }
  return { name, measure: valueOf, policy }
}

/** Builds a policy that is no threshold on a signal. `measure` answers with nothing when evidence is missing. */
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
  const checked = (pool: Pool): SkipReason | undefined => {
    checkPool(pool)
    return policy(pool)
  }
  return Object.assign(Object.defineProperty(checked, 'name', { value: name }), { evidence })
}

/**
 * Skips when any of the policies does; the reason is that of the first, in the order given, which has one.
 *
 * @throws RerankError `'invalid-argument'` without a policy, or for what is no function.
 */
export function anyOf(...policies: readonly SkipPolicy[]): SkipPolicy {
  return anyOfList(policies)
}

/** See {@link anyOf}. */
export function anyOfList(policies: readonly SkipPolicy[]): SkipPolicy {
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
  return allOfList(policies)
}

/** See {@link allOf}. */
export function allOfList(policies: readonly SkipPolicy[]): SkipPolicy {
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
  policies.forEach((policy, at) => callable()(`${name}: policy ${at + 1}`, policy))
}

/** Options of {@link smallPool}. */
export interface SmallPoolOptions {
  /** Pools with fewer candidates than this are not scored; 1 or more. */
  readonly size: number
}

const SMALL_POOL = { size: required(wholeOrInfinity(1)) } satisfies OptionTable<SmallPoolOptions>

/**
 * Skips when the stage would score fewer candidates than `size`.
 *
 * Right when everything retrieved goes into the prompt anyway. It counts what the stage would look at, so a `depth`
 * below `size` means that the stage never runs.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function smallPool(options: SmallPoolOptions): SkipPolicy {
  const { size } = readOptions(SMALL_POOL, options)
  return definePolicy(
    'small-pool',
    ({ candidates }) => ({ candidates: candidates.length, size }),
    ({ candidates }) => candidates < size,
  )
}
