import type { Pool, SkipPolicy, SkipReason } from '../types.js'
import { checkFunction, checkOptions } from '../checks.js'
import { invalidArgument } from '../errors.js'
import { warn as warnProcess } from '../warn.js'
import { allOf, anyOf } from './combine.js'
import { aboveThreshold, clearMargin, smallPool } from './first-stage.js'
import { keywordQuery } from './keyword-query.js'
import { withEvidence } from './policy.js'

/** The policies that are nothing but numbers. The others need a function or the state of a stage. */
export type SimplePolicyName = 'above-threshold' | 'clear-margin' | 'small-pool' | 'keyword-query'

/** One policy as data: its name, and its options or the policies it combines. */
export type PolicyData =
  | { readonly policy: SimplePolicyName; readonly options: Readonly<Record<string, unknown>> }
  | { readonly policy: 'any-of' | 'all-of'; readonly policies: readonly PolicyData[] }

/** A calibration file: when to skip, found on a sample of queries. Other fields are kept for people, and not read. */
export interface SkipCalibration {
  readonly version: 1
  /** Id of the scorer whose answers counted as right. */
  readonly scorerId: string
  /** The retriever whose scores were looked at, in words. */
  readonly retriever?: string
  /** The collection that was searched, in words. */
  readonly corpus?: string
  /** The day it was made, as `YYYY-MM-DD`. */
  readonly date?: string
  /** When to skip; `null` when no policy kept the promised quality, which then never skips. */
  readonly skip: PolicyData | null
}

/** Options of {@link calibrated}. */
export interface CalibratedOptions {
  /** Told, once, that the calibration was made for another scorer. Default: a warning of the process. */
  readonly warn?: ((message: string) => void) | undefined
}

const simplePolicies: Readonly<Record<SimplePolicyName, (options: never) => SkipPolicy>> = {
  'above-threshold': aboveThreshold,
  'clear-margin': clearMargin,
  'small-pool': smallPool,
  'keyword-query': keywordQuery,
}

/**
 * The skip policy of a calibration file, given as its text or as the parsed value.
 *
 * Thresholds hold for the retriever, the scorer and the collection they were found with. When the stage has another
 * scorer, the policy works all the same and `warn` says so, once.
 *
 * @throws RerankError `'invalid-argument'` when it is no calibration.
 */
export function calibrated(json: unknown, options: CalibratedOptions = {}): SkipPolicy {
  checkOptions('options', options, ['warn'])
  const { warn = warnProcess } = options
  checkFunction('warn', warn)
  const calibration = readCalibration(json)
  const policy = calibration.skip === null ? undefined : policyOf(calibration.skip, 'calibration.skip')
  let hasWarned = false
  const run = (pool: Pool): SkipReason | undefined => {
    if (!hasWarned && pool.scorerId !== calibration.scorerId) {
      hasWarned = true
      warn(
        `The skip policy was calibrated for the scorer ${calibration.scorerId}, and runs before ${pool.scorerId}: calibrate it again.`,
      )
    }
    return policy?.(pool)
  }
  return withEvidence('calibrated', run, (pool) => policy?.evidence?.(pool))
}

function readCalibration(json: unknown): SkipCalibration {
  const value: unknown = typeof json === 'string' ? parse(json) : json
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument('calibration', value, 'pass the content of a calibration file')
  }
  const { version, scorerId, skip } = value as Partial<Record<keyof SkipCalibration, unknown>>
  if (version !== 1) throw invalidArgument('calibration.version', version, 'this release reads version 1')
  if (typeof scorerId !== 'string')
    throw invalidArgument('calibration.scorerId', scorerId, 'it must be the id of a scorer')
  if (skip === undefined) throw invalidArgument('calibration.skip', skip, 'it must be a policy, or null for never')
  return value as SkipCalibration
}

function parse(text: string): unknown {
  try {
    // A byte order mark is no part of JSON, though editors write it.
    return JSON.parse(text.replace(/^\ufeff/, ''))
  } catch (cause) {
    throw Object.assign(
      invalidArgument('calibration', text, 'it is not JSON; pass the content of the file, not its path'),
      { cause },
    )
  }
}

/** `path` says where in the file the policy stands. */
function policyOf(data: unknown, path: string): SkipPolicy {
  const { policy, options, policies } = (data ?? {}) as Record<'policy' | 'options' | 'policies', unknown>
  if (policy === 'any-of' || policy === 'all-of') {
    if (!Array.isArray(policies)) throw invalidArgument(`${path}.policies`, policies, 'it must be an array of policies')
    const parts = policies.map((part, at) => policyOf(part, `${path}.policies[${at}]`))
    return policy === 'any-of' ? anyOf(...parts) : allOf(...parts)
  }
  const names = Object.keys(simplePolicies)
  if (typeof policy !== 'string' || !names.includes(policy)) {
    throw invalidArgument(`${path}.policy`, policy, `it must be one of ${[...names, 'any-of', 'all-of'].join(', ')}`)
  }
  const make = simplePolicies[policy as SimplePolicyName] as (options: unknown) => SkipPolicy
  return make(options)
}
