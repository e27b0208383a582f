import { checkBetween, checkBoolean, checkCount, checkOptions } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { countWords } from '../base/words.js'
import type { SkipPolicy } from '../types.js'
import { definePolicy } from './policy.js'

/** Options of {@link keywordQuery}. */
export interface KeywordQueryOptions {
  /** A query of at most this many words is a keyword query, unless it ends in a question mark; 0 or more. Default 2. */
  readonly maxWords?: number | undefined
  /**
   * Whether a query made of nothing but identifiers, however many, is a keyword query as well, also with a question mark.
   * Default `true`.
   */
  readonly identifiers?: boolean | undefined
}

/**
 * Skips when the query is a few words or an identifier (an error code, a version, a part number, a path, a name in
 * code), which lexical search finds exactly and a model that reads meaning may mix up with its neighbours.
 *
 * It lies when the first stage is not lexical: an embedding finds `E1021` no better than the model does. It also lies on
 * short queries with several meanings. A query of more than 200 UTF-16 code units is never skipped.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function keywordQuery(options: KeywordQueryOptions = {}): SkipPolicy {
  checkOptions('options', options, ['maxWords', 'identifiers'])
  const { maxWords = 2, identifiers = true } = options
  checkCount('maxWords', maxWords, 0)
  checkBoolean('identifiers', identifiers)
  return definePolicy(
    'keyword-query',
    ({ query }) => {
      const long = query.length > LONGEST_COUNTED
      const words = long ? countWords(query.slice(0, LONGEST_COUNTED)) : countWords(query)
      const question = /[?？؟]\s*$/u.test(query)
      return { words, maxWords, question, long, identifier: identifiers && !long && isAllIdentifiers(query) }
    },
    ({ words, question, long, identifier }) => {
      return !long && (identifier || (words > 0 && words <= maxWords && !question))
    },
  )
}

/** A longer query is none of keywords. The time of Intl.Segmenter grows with the square of the length, too. */
const LONGEST_COUNTED = 200

/** What no ordinary word looks like: a digit, an inner capital, or one of `_ / \ : @ # . -` inside a run of letters. */
const IDENTIFIER = /\d|\p{Ll}\p{Lu}|[\p{L}\d][_/\\:@#.]+[\p{L}\d]|^[~_/\\@#.]+[\p{L}\d]|^\p{Lu}{2,}-/u

function isAllIdentifiers(query: string): boolean {
  const tokens = query
    .split(/\s+/u)
    .map((token) => token.replace(/^["'`([{<]+|["'`)\]}>,;!?]+$/gu, ''))
    .filter((token) => token !== '')
  // A bare number ("2024") is a word like any other.
  return (
    tokens.length > 0 &&
    tokens.every((token) => IDENTIFIER.test(token)) &&
    tokens.some((token) => !/^\d+$/u.test(token))
  )
}

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
      const start = query.slice(0, LONGEST_READ)
      const letters = start.match(LETTER)?.length ?? 0
      const otherLetters = letters - (start.match(known)?.length ?? 0)
      return { letters, otherLetters, reads: reads.join(', '), maxShare }
    },
    ({ letters, otherLetters }) => letters > 0 && otherLetters > maxShare * letters,
  )
}

/** Code units of the query that are looked at: enough to know its script, however long it is. */
const LONGEST_READ = 1000

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
