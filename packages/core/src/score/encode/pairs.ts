import { type LengthFiles, checkedLength, modelLimit } from './max-length.js'
import { keptLengths, textTokensThatMatter } from './pair-lengths.js'
import { readPairTemplate } from './pair-template.js'
import type { PairTemplate } from './pair-template.js'
import type { TokenEncoder } from './text-encoder.js'

/** What of a model folder says how a pair becomes tokens: parsed JSON files and the encoder made from them. */
export interface PairEncoderFiles extends LengthFiles {
  /** tokenizer.json */
  readonly tokenizer: unknown
  /** From `createTextEncoder`. */
  readonly encoder: TokenEncoder
}

/** Options of {@link createPairEncoder}. */
export interface PairEncoderOptions {
  /**
   * Most tokens of a pair, special tokens included. The model's own limit wins when it is lower.
   * Minimum: the special tokens and one token of each side (5 for BERT). Default: the model's limit.
   */
  readonly maxLength?: number | undefined
}

/** A query, tokenised once for any number of texts. */
export interface EncodedQuery {
  /** All ids of the query, without special tokens and not yet cut. */
  readonly ids: readonly number[]
}

/** A query and a text as the model reads them. */
export interface EncodedPair {
  readonly ids: Int32Array
  /** Segment (token type) ids are 0 before this place and 1 from it on; `ids.length` for a model with one segment. */
  readonly secondSegmentStart: number
  /** The end of the text was cut off. */
  readonly truncated: boolean
  /** The end of the query was cut off. */
  readonly queryTruncated: boolean
}

/** Joins a query and a text into what a cross-encoder reads. */
export interface PairEncoder {
  /** Most tokens of a pair, special tokens included. */
  readonly maxLength: number
  encodeQuery(query: string): EncodedQuery
  encodePair(query: EncodedQuery, text: string): EncodedPair
  /** How many tokens of a text are read next to this query. */
  roomForText(query: EncodedQuery): number
  /** How many tokens a text has, without special tokens; counting stops beyond `limit`. */
  countTokens(text: string, limit?: number): number
}

/**
 * Makes a {@link PairEncoder} from a model's files. Texts are cut (`longest_first`) before special tokens are added, so
 * none of those is ever lost, and of a long text no more is tokenised than can matter.
 *
 * @throws RerankError `model-files` when tokenizer.json does not say how a pair is joined; `invalid-argument` for a
 * `maxLength` that is no integer or too small.
 */
export function createPairEncoder(files: PairEncoderFiles, options: PairEncoderOptions = {}): PairEncoder {
  const template = readPairTemplate(files.tokenizer)
  const maxLength = checkedLength(options.maxLength, modelLimit(files), template.specialTokens + 2)
  const available = maxLength - template.specialTokens
  const { encoder } = files
  return {
    maxLength,
    encodeQuery: (query) => ({ ids: encoder.encode(query) }),
    encodePair({ ids: query }, textToEncode) {
      const text = encoder.encode(textToEncode, textTokensThatMatter(query.length, available))
      const kept = keptLengths(query.length, text.length, available)
      return {
        ...join(template, { query, text }, kept),
        truncated: kept.text < text.length,
        queryTruncated: kept.query < query.length,
      }
    },
    roomForText: ({ ids: query }) => keptLengths(query.length, Infinity, available).text,
    countTokens: (text, limit = Infinity) => encoder.encode(text, limit === Infinity ? undefined : limit + 1).length,
  }
}

type Sides<T> = { readonly query: T; readonly text: T }

function join(
  template: PairTemplate,
  sides: Sides<readonly number[]>,
  kept: Sides<number>,
): Pick<EncodedPair, 'ids' | 'secondSegmentStart'> {
  const ids = new Int32Array(template.specialTokens + kept.query + kept.text)
  let secondSegmentStart = ids.length
  let at = 0
  for (const part of template.parts) {
    if (part.typeId === 1) secondSegmentStart = Math.min(secondSegmentStart, at)
    const source = part.kind === 'special' ? part.ids : sides[part.kind]
    const count = part.kind === 'special' ? source.length : kept[part.kind]
    for (let i = 0; i < count; i++) ids[at++] = source[i] as number
  }
  return { ids, secondSegmentStart }
}
