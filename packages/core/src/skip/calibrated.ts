import { callable, isFiniteNumber, type OptionTable, readOptions, withDefault } from '../base/check.js'
import { invalidArgument, show, warn as warnProcess } from '../base/errors.js'
import type { Candidate, FilePolicyName, Pool, SkipCalibration, SkipPolicy, SkipReason } from '../types.js'
import { aboveThreshold, agreement, clearMargin, scoreShape } from './first-stage.js'
import { allOfList, anyOfList, smallPool, withEvidence } from './policy.js'
import { keywordQuery } from './query.js'

/** Options of {@link calibrated}. */
export interface CalibratedOptions<C extends Candidate = Candidate> {
  /**
   * The score that a second retriever gave a candidate, as `agreement` takes it: a file holds no function. Needed when the
   * file skips by agreement, and not read otherwise.
   */
  readonly other?: ((candidate: C) => number | undefined) | undefined
  /**
   * Told, once each, that the calibration was made for another scorer, or on the scores of another retriever. Default: a
   * warning of the process.
   */
  readonly warn?: ((message: string) => void) | undefined
}

const CALIBRATED = {
  other: callable<NonNullable<CalibratedOptions['other']>>(),
  warn: withDefault(callable<NonNullable<CalibratedOptions['warn']>>(), warnProcess),
} satisfies OptionTable<CalibratedOptions>

type Other = CalibratedOptions['other']

const filePolicies: Readonly<Record<FilePolicyName, (options: never, other: Other) => SkipPolicy>> = {
  'above-threshold': aboveThreshold,
  agreement: (options: object, other) => agreement({ ...options, other: needed(other) } as never),
  'clear-margin': clearMargin,
  'keyword-query': keywordQuery,
  'score-shape': scoreShape,
  'small-pool': smallPool,
}

/**
 * The skip policy of a calibration file, given as its text or as the parsed value.
 *
 * Thresholds hold for the retriever, the scorer and the collection they were found with. When the stage has another
 * scorer, the policy works all the same and `warn` says so, once; so it does when most of the first ten lists have a top
 * score that no list of the sample came near.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, when it is no calibration of version 1, or when it skips by
 * agreement and `other` is missing.
 */
export function calibrated<C extends Candidate = Candidate>(
  json: unknown,
  options: CalibratedOptions<C> = {},
): SkipPolicy {
  const { other, warn } = readOptions(CALIBRATED, options)
  const calibration = readCalibration(json)
  const policy = calibration.skip === null ? undefined : policyOf(calibration.skip, { path: 'calibration.skip', other })
  let hasWarned = false
  const lookAtScores = scoreWatch(calibration, warn)
  const run = (pool: Pool): SkipReason | undefined => {
    lookAtScores(pool)
    if (!hasWarned && pool.scorerId !== calibration.scorerId) {
      hasWarned = true
      warn(
        `The skip policy was calibrated for the scorer ${calibration.scorerId}, and runs before ${typeof pool.scorerId === 'string' ? pool.scorerId : show(pool.scorerId)}: calibrate it again.`,
      )
    }
    return policy?.(pool)
  }
  return withEvidence('calibrated', run, (pool) => policy?.evidence?.(pool))
}

/** Lists with first-stage scores that are looked at before anything is said of them. */
const LOOKED_AT = 10

/** Says, once, that the scores are none that the calibration has seen: those of another retriever, most likely. */
function scoreWatch({ topScores, retriever }: SkipCalibration, warn: (message: string) => void): (pool: Pool) => void {
  if (topScores === undefined) return () => {}
  const [least, largest] = topScores
  // A little beyond what a sample has seen is nothing to speak of.
  const room = (largest - least) / 4
  let [seen, outside] = [0, 0]
  return ({ candidates }) => {
    const top = candidates[0]?.score
    if (seen >= LOOKED_AT || !isFiniteNumber(top)) return
    seen++
    if (top < least - room || top > largest + room) outside++
    if (seen < LOOKED_AT || outside <= LOOKED_AT / 2) return
    const name = typeof retriever === 'string' ? ` (${show(retriever)})` : ''
    warn(
      `The skip policy was calibrated on the scores of another retriever${name}: the best score of a list was between ${least} and ${largest} there, and outside that in ${outside} of the first ${LOOKED_AT} lists here. Its threshold means nothing on this scale: calibrate it again on these scores.`,
    )
  }
}

function readCalibration(json: unknown): SkipCalibration {
  const value: unknown = typeof json === 'string' ? parse(json) : json
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument('calibration', value, 'pass the content of a calibration file')
  }
  const { version, scorerId, skip, topScores } = value as Partial<Record<keyof SkipCalibration, unknown>>
  if (version !== 1) throw invalidArgument('calibration.version', version, 'this release reads version 1')
  if (typeof scorerId !== 'string')
    throw invalidArgument('calibration.scorerId', scorerId, 'it must be the id of a scorer')
  if (skip === undefined) throw invalidArgument('calibration.skip', skip, 'it must be a policy, or null for never')
  const isRange = Array.isArray(topScores) && topScores.length === 2 && topScores.every(isFiniteNumber)
  if (topScores !== undefined && !isRange)
    throw invalidArgument('calibration.topScores', topScores, 'it must be the least and the largest score')
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

/** Policies within each other; a person reads two or three. */
const DEEPEST = 32

interface Place {
  /** Where in the file the policy stands. */
  readonly path: string
  /** In how many others it stands. */
  readonly depth?: number
  readonly other: Other
}

function policyOf(data: unknown, { path, depth = 0, other }: Place): SkipPolicy {
  const { policy, options, policies } = (data ?? {}) as Record<'policy' | 'options' | 'policies', unknown>
  if (policy === 'any-of' || policy === 'all-of') {
    if (!Array.isArray(policies)) throw invalidArgument(`${path}.policies`, policies, 'it must be an array of policies')
    if (depth >= DEEPEST) throw invalidArgument(path, data, `nest any-of and all-of at most ${DEEPEST} deep`)
    const parts = Array.from(policies as unknown[], (part, at) =>
      policyOf(part, { path: `${path}.policies[${at}]`, depth: depth + 1, other }),
    )
    return policy === 'any-of' ? anyOfList(parts) : allOfList(parts)
  }
  const names = Object.keys(filePolicies)
  if (typeof policy !== 'string' || !names.includes(policy)) {
    throw invalidArgument(`${path}.policy`, policy, `it must be one of ${[...names, 'any-of', 'all-of'].join(', ')}`)
  }
  const make = filePolicies[policy as FilePolicyName] as (options: unknown, other: Other) => SkipPolicy
  return make(options, other)
}

function needed(other: Other): NonNullable<Other> {
  if (other !== undefined) return other
  const fix = 'the file skips by agreement, so pass { other } that gives the score of the second retriever'
  throw invalidArgument('options.other', other, fix)
}
