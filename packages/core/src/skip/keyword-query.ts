import type { SkipPolicy } from '../types.js'
import { checkBoolean, checkCount, checkOptions } from '../checks.js'
import { definePolicy } from './policy.js'
import { countWords } from '../words.js'

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
      const long = query.length > LONGEST
      const words = long ? countWords(query.slice(0, LONGEST)) : countWords(query)
      const question = /[?？؟]\s*$/u.test(query)
      return { words, maxWords, question, long, identifier: identifiers && !long && isAllIdentifiers(query) }
    },
    ({ words, question, long, identifier }) => {
      return !long && (identifier || (words > 0 && words <= maxWords && !question))
    },
  )
}

/** A longer query is none of keywords. The time of Intl.Segmenter grows with the square of the length, too. */
const LONGEST = 200

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
