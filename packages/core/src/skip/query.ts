import { flag, type OptionTable, readOptions, trimEndWhile, wholeOrInfinity, withDefault } from '../base/check.js'
import { countWords } from '../base/words.js'
import type { SkipPolicy } from '../types.js'
import { type Measure, type Signal, signalOf, thresholdPolicy } from './policy.js'

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
