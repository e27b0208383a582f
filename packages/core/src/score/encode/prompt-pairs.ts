import { checkedLength, modelLimit } from './max-length.js'
import type { EncodedPair, EncodedQuery, PairEncoder, PairEncoderFiles, PairEncoderOptions } from './pairs.js'
import type { Profile, Prompt } from './profiles.js'
import type { TokenEncoder } from './text-encoder.js'

/** The parts of a prompt that are the same for every pair, as tokens. */
interface FixedTokens {
  readonly prefix: readonly number[]
  readonly separator: readonly number[]
  readonly suffix: readonly number[]
}

/** Limits in tokens. */
interface Limits {
  readonly maxLength: number
  /** Query, separator and text together. */
  readonly content: number
  readonly query: number
}

/**
 * Joins query and text into the prompt of a language model. What stands before and behind them is never cut: the text
 * loses its end first, then the query. A model reads its answer off the last token, so nothing may be missing there.
 *
 * @throws RerankError `'invalid-argument'` for a `maxLength` that is no integer or leaves no room for texts.
 */
export function createPromptEncoder(
  files: Omit<PairEncoderFiles, 'tokenizer'>,
  profile: Profile,
  options: PairEncoderOptions & { readonly instruction?: string | undefined },
): PairEncoder {
  const { encoder } = files
  const prompt = profile.prompt(options.instruction)
  const fixed = fixedTokens(encoder, prompt)
  const around = fixed.prefix.length + fixed.suffix.length
  const ends = { query: `${prompt.beforeQuery}${prompt.afterQuery}`, text: prompt.beforeText }
  const least = around + fixed.separator.length + encoder.encode(ends.query).length + encoder.encode(ends.text).length
  const limit = Math.min(profile.maxTokens, modelLimit(files))
  const maxLength = checkedLength(options.maxLength, limit, least + 2)
  const content = Math.min(profile.maxContentTokens ?? Infinity, maxLength - around)
  const limits: Limits = { maxLength, content, query: Math.floor(content * profile.queryShare) }
  return new PromptEncoder({ encoder, prompt, fixed, limits })
}

interface Parts {
  readonly encoder: TokenEncoder
  readonly prompt: Prompt
  readonly fixed: FixedTokens
  readonly limits: Limits
}

class PromptEncoder implements PairEncoder {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get maxLength(): number {
    return this.#parts.limits.maxLength
  }

  encodeQuery(query: string): EncodedQuery {
    const { beforeQuery, afterQuery } = this.#parts.prompt
    return { ids: this.#parts.encoder.encode(beforeQuery + query + afterQuery) }
  }

  encodePair({ ids: query }: EncodedQuery, text: string): EncodedPair {
    const { encoder, prompt, fixed, limits } = this.#parts
    const kept = query.slice(0, limits.query)
    const room = limits.content - kept.length
    const body = encoder.encode(prompt.beforeText + text, Math.max(1, room - fixed.separator.length + 1))
    const second = [...fixed.separator, ...body]
    const ids = Int32Array.from([...fixed.prefix, ...kept, ...second.slice(0, room), ...fixed.suffix])
    return {
      ids,
      secondSegmentStart: ids.length,
      truncated: second.length > room,
      queryTruncated: query.length > kept.length,
    }
  }

  roomForText({ ids: query }: EncodedQuery): number {
    const { encoder, prompt, fixed, limits } = this.#parts
    const before = fixed.separator.length + encoder.encode(prompt.beforeText).length
    return Math.max(1, limits.content - Math.min(query.length, limits.query) - before)
  }

  countTokens(text: string, limit: number = Infinity): number {
    return this.#parts.encoder.encode(text, limit === Infinity ? undefined : limit + 1).length
  }
}

function fixedTokens(encoder: TokenEncoder, { prefix, separator, suffix }: Prompt): FixedTokens {
  const ids = (parts: readonly string[]): number[] => parts.flatMap((part) => encoder.encode(part))
  return { prefix: ids(prefix), separator: ids(separator), suffix: ids(suffix) }
}
