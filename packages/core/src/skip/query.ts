import {
  between,
  type Check,
  flag,
  type OptionTable,
  readOptions,
  wholeOrInfinity,
  withDefault,
  trimEndWhile,
} from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { countWords } from '../base/words.js'
import type { SkipPolicy } from '../types.js'
import { definePolicy, type Measure, type Signal, signalOf, thresholdPolicy } from './policy.js'

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

const KEYWORD_QUERY = {
  maxWords: withDefault(wholeOrInfinity(0), 2),
  identifiers: withDefault(flag, true),
} satisfies OptionTable<KeywordQueryOptions>

/**
 * Skips when the query is a few words or an identifier (an error code, a version, a part number, a path, a name in
 * code), which lexical search finds exactly and a model that reads meaning may mix up with its neighbours.
 *
 * Wrong when the first stage is not lexical, since an embedding finds `E1021` no better than the model does, and on short
 * queries with several meanings. A query of more than 200 UTF-16 code units is never skipped.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function keywordQuery(options: KeywordQueryOptions = {}): SkipPolicy {
  const { maxWords, identifiers } = readOptions(KEYWORD_QUERY, options)
  return thresholdPolicy('keyword-query', fewWords(identifiers), { threshold: -maxWords, limits: { maxWords } })
}

/**
 * The negative number of words, for calibrating {@link keywordQuery} without its identifiers: fewer words speak for
 * skipping. Nothing for a question with its mark, for a query without words, and for one of more than 200 code units.
 */
export function queryLengthSignal(): Signal {
  return signalOf('query-length', fewWords(false), (value) => {
    return { policy: 'keyword-query', options: { maxWords: -value, identifiers: false } }
  })
}

/** The fewer words, the higher; what consists of identifiers is above everything. */
function fewWords(identifiers: boolean): Measure {
  return ({ query }) => {
    const long = query.length > LONGEST_COUNTED
    const words = countWords(query.slice(0, LONGEST_COUNTED))
    const question = /[?？؟]$/u.test(query.trimEnd())
    const identifier = identifiers && !long && isAllIdentifiers(query)
    const value = identifier ? Infinity : long || question || words === 0 ? undefined : -words
    return { value, evidence: { words, question, long, identifier } }
  }
}

/** A longer query is no keyword query. The time of Intl.Segmenter grows with the square of the length, too. */
const LONGEST_COUNTED = 200

/** What no ordinary word looks like: a digit, an inner capital, or one of `_ / \ : @ # . -` inside a run of letters. */
const IDENTIFIER = /\d|\p{Ll}\p{Lu}|[\p{L}\d][_/\\:@#.]+[\p{L}\d]|^[~_/\\@#.]+[\p{L}\d]|^\p{Lu}{2,}-/u

/** What may stand behind a word and belongs to the sentence. */
const CLOSING = '"\'`)]}>,;!?'

function isAllIdentifiers(query: string): boolean {
  const tokens = query
    .split(/\s+/u)
    .map((token) => trimEndWhile(token.replace(/^["'`([{<]+/u, ''), (unit) => CLOSING.includes(unit)))
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
  readonly scripts?: readonly string[] | undefined
  /** Skips when more than this share of the query's letters is of other scripts; from 0 to 1. Default 0.5; 1 never skips. */
  readonly maxShare?: number | undefined
}

/** At least one name of a Unicode script. */
const scriptNames: Check<readonly string[]> = (name, value) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument(name, value, "pass the Unicode names of the scripts that the scorer reads, as in ['Latin']")
  }
  for (const script of value as unknown[]) {
    if (!isScript(script)) {
      throw invalidArgument(name, script, "pass the name of a Unicode script, such as 'Latin', 'Cyrillic' or 'Han'")
    }
  }
}

const OTHER_SCRIPT = {
  scripts: withDefault(scriptNames, ['Latin']),
  maxShare: withDefault(between(0, 1), 0.5),
} satisfies OptionTable<OtherScriptOptions>

/**
 * Skips when most letters of the query belong to a script that the scorer was not trained on, for example a Chinese or
 * Arabic question in front of the bundled English model, whose scores for it mean little. A stage does this by itself when
 * its scorer says which scripts it reads and the stage has no policy of its own.
 *
 * It looks at letters and guesses nothing: German, Spanish and Vietnamese are written in Latin letters and pass. A query
 * without letters (`2024`, `???`) is not skipped. The evidence names the scripts read and the one found most.
 *
 * @throws RerankError `'invalid-argument'` for a name that is no Unicode script, or a share outside its range.
 */
export function otherScript(options: OtherScriptOptions = {}): SkipPolicy {
  const { scripts, maxShare } = readOptions(OTHER_SCRIPT, options)
  const known = lettersOf(scripts)
  return definePolicy(
    'other-script',
    ({ query }) => {
      const start = query.slice(0, LONGEST_READ)
      const letters = start.match(LETTER)?.length ?? 0
      const otherLetters = letters - (start.match(known)?.length ?? 0)
      const found = otherLetters === 0 ? {} : { found: mainScript(start.replaceAll(known, '')) }
      return { letters, otherLetters, scripts: scripts.join(', '), ...found, maxShare }
    },
    ({ letters, otherLetters }) => letters > 0 && otherLetters > maxShare * letters,
  )
}

/** Code units of the query that are looked at: enough to know its script, however long it is. */
const LONGEST_READ = 1000

/** Letters that belong to no script in particular (`ª`, `ー`) count for none. */
const LETTER = /(?=\p{L})\P{Script=Common}/gu

/** Letters of these scripts. `Script_Extensions` knows the letters that several scripts share. */
function lettersOf(scripts: readonly string[]): RegExp {
  const classes = scripts.map((script) => `\\p{Script_Extensions=${script}}`)
  return new RegExp(`(?=\\p{L})(?=\\P{Script=Common})[${classes.join('')}]`, 'gu')
}

function isScript(name: unknown): boolean {
  if (typeof name !== 'string' || !/^[A-Za-z_]+$/.test(name)) return false
  try {
    return lettersOf([name]) instanceof RegExp
  } catch {
    return false
  }
}

/** The scripts that most of the world writes in: a report names these, and says `another` for the rest. */
const NAMED_SCRIPTS =
  'Latin Cyrillic Greek Han Hiragana Katakana Hangul Arabic Hebrew Devanagari Bengali Tamil Telugu Kannada Malayalam Gujarati Gurmukhi Sinhala Thai Lao Khmer Myanmar Georgian Armenian Ethiopic Tibetan'.split(
    ' ',
  )

/** The script that most letters of a text are in. */
function mainScript(text: string): string {
  let [main, most] = ['another', 0]
  for (const script of NAMED_SCRIPTS) {
    const letters = text.match(lettersOf([script]))?.length ?? 0
    if (letters > most) [main, most] = [script, letters]
  }
  return main
}
