import type { SkipPolicy } from '../types.js'
import { checkBetween, checkOptions } from '../checks.js'
import { invalidArgument } from '../errors.js'
import { definePolicy } from './policy.js'

/** Options of {@link otherScript}. */
export interface OtherScriptOptions {
  /** Unicode names of the scripts that the scorer reads, for example `['Latin', 'Greek']`. Default `['Latin']`. */
  readonly reads?: readonly string[] | undefined
  /** Skips when more than this share of the query's letters is of other scripts; from 0 to 1. Default 0.5; 1 never skips. */
  readonly maxShare?: number | undefined
}

/**
 * Skips when most letters of the query belong to a script that the scorer was not trained on, for example a Chinese or
 * Arabic question in front of the bundled English model, whose scores for it mean little.
 *
 * It looks at letters and guesses nothing: German, Spanish or Vietnamese are written in Latin letters and pass. A query
 * without letters (`2024`, `???`) is not skipped.
 *
 * @throws RerankError `'invalid-argument'` for a name that is no Unicode script, or a share outside its range.
 */
export function otherScript(options: OtherScriptOptions = {}): SkipPolicy {
  checkOptions('options', options, ['reads', 'maxShare'])
  const { reads = ['Latin'], maxShare = 0.5 } = options
  checkBetween('maxShare', maxShare, [0, 1])
  const known = lettersOf(reads)
  return definePolicy(
    'other-script',
    ({ query }) => {
      const start = query.slice(0, LONGEST)
      const letters = start.match(LETTER)?.length ?? 0
      const otherLetters = letters - (start.match(known)?.length ?? 0)
      return { letters, otherLetters, reads: reads.join(', '), maxShare }
    },
    ({ letters, otherLetters }) => letters > 0 && otherLetters > maxShare * letters,
  )
}

/** Code units of the query that are looked at: enough to know its script, however long it is. */
const LONGEST = 1000

/** Letters that belong to no script in particular (`ª`, `ー`) count for none. */
const LETTER = /(?=\p{L})\P{Script=Common}/gu

/** Letters of these scripts. `Script_Extensions` knows the letters that several scripts share. */
function lettersOf(reads: readonly string[]): RegExp {
  if (!Array.isArray(reads) || reads.length === 0) {
    throw invalidArgument(
      'reads',
      reads,
      "pass the Unicode names of the scripts that the scorer reads, as in ['Latin']",
    )
  }
  return new RegExp(`(?=\\p{L})(?=\\P{Script=Common})[${reads.map(scriptClass).join('')}]`, 'gu')
}

function scriptClass(name: unknown): string {
  const fix = "pass the name of a Unicode script, such as 'Latin', 'Cyrillic' or 'Han'"
  if (typeof name !== 'string' || !/^[A-Za-z_]+$/.test(name)) throw invalidArgument('reads', name, fix)
  try {
    return new RegExp(`\\p{Script_Extensions=${name}}`, 'u').source
  } catch {
    throw invalidArgument('reads', name, fix)
  }
}
