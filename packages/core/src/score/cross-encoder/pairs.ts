import { invalidArgument, RerankError, show } from '../../base/errors.js'
import type { TruncationSide } from '../../types.js'
import type { Json, TokenEncoder } from './tokenizer/pipeline.js'

/** What of a model folder says how a pair becomes tokens: parsed JSON files and the encoder made from them. */
export interface PairEncoderFiles extends LengthFiles {
  /** tokenizer.json */
  readonly tokenizer: unknown
  /** From `createTextEncoder`. */
  readonly encoder: TokenEncoder
  /** Most tokens that the model reads. Default: what the files say. */
  readonly limit?: number | undefined
  /** Which end of a side is cut off. Default `'right'`. */
  readonly truncationSide?: 'left' | 'right' | undefined
  /** Whether the model is given segments, as the template says. Default `true`; without, all are 0. */
  readonly hasSegments?: boolean | undefined
}

/** Options of {@link createPairEncoder}. */
export interface PairEncoderOptions {
  /**
   * Most tokens of a pair, special tokens included. The model's own limit wins when it is lower.
   * Minimum: the special tokens and one token of each side (5 for BERT). Default: the model's limit.
   */
  readonly maxLength?: number | undefined
  /** Which side of a query that is too long is cut off. Default `'right'`, its end. A text always loses its end. */
  readonly queryTruncationSide?: TruncationSide | undefined
}

/** A query, tokenised once for any number of texts. */
export interface EncodedQuery {
  /** All ids of the query, without special tokens and not yet cut. */
  readonly ids: readonly number[]
  /** The query itself, where it is put together with each text before either becomes tokens. */
  readonly text?: string | undefined
}

/** A query and a text as the model reads them. */
export interface EncodedPair {
  readonly ids: Int32Array
  /** Segment (token type) ids are 0 before this place and 1 from it on; `ids.length` for a model with one segment. */
  readonly secondSegmentStart: number
  /** An end of the text was cut off. */
  readonly truncated: boolean
  /** A part of the query was cut off. */
  readonly queryTruncated: boolean
  /** The text that it was made of, where somebody wants to know it again. */
  readonly text?: string | undefined
  /** What the model made of the text ahead of time. */
  readonly states?: Uint8Array | undefined
}

/** Joins a query and a text into what a cross-encoder reads. */
export interface PairEncoder {
  /** Most tokens of a pair, special tokens included. */
  readonly maxLength: number
  /** How many pairs are worth encoding together. Default 1. */
  readonly together?: number | undefined
  encodeQuery(query: string): Promise<EncodedQuery>
  encodePair(query: EncodedQuery, text: string): Promise<EncodedPair>
  /** How many tokens of a text are read next to this query. */
  roomForText(query: EncodedQuery): number
  /** How many tokens a text has, without special tokens; with `atMost`, no more of it is read than so many take. */
  countTokens(text: string, atMost?: number): Promise<number>
  /** Where the tokens of a text do not depend on the query: the text by itself. */
  readonly apart?: TextsApart | undefined
}

/** Texts by themselves, for what is made of them ahead of time. */
export interface TextsApart {
  /** The tokens of a text, without special tokens; nothing when it does not fit beside the shortest query. */
  encodeText(text: string): Promise<readonly number[] | undefined>
  /** Joins a query and such tokens, as `encodePair` would join it and the text. */
  joinPair(query: EncodedQuery, text: ArrayLike<number>): EncodedPair
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
  const maxLength = checkedLength(options.maxLength, files.limit ?? modelLimit(files), template.specialTokens + 2)
  const available = maxLength - template.specialTokens
  const { encoder, truncationSide = 'right', hasSegments = true } = files
  const cutsLeft = truncationSide === 'left'
  const joinPair = ({ ids: query }: EncodedQuery, text: ArrayLike<number>): EncodedPair => {
    const kept = keptLengths(query.length, text.length, available)
    const cutsQueryLeft = cutsLeft || options.queryTruncationSide === 'left'
    const sides = {
      query: cutsQueryLeft ? lastOf(query, kept.query) : query,
      text: cutsLeft ? lastOf(text, kept.text) : text,
    }
    const joined = join(template, sides, kept)
    return {
      ...joined,
      ...(hasSegments ? {} : { secondSegmentStart: joined.ids.length }),
      truncated: kept.text < text.length,
      queryTruncated: kept.query < query.length,
    }
  }
  return {
    maxLength,
    together: encoder.together,
    encodeQuery: async (query) => ({ ids: await encoder.encode(query) }),
    async encodePair(query, text) {
      // From the right, no more of a long text is read than can matter.
      const most = cutsLeft ? undefined : textTokensThatMatter(query.ids.length, available)
      return joinPair(query, await encoder.encode(text, most))
    },
    roomForText: ({ ids: query }) => keptLengths(query.length, Infinity, available).text,
    countTokens: async (text, atMost) => (await encoder.encode(text, atMost)).length,
    apart: {
      async encodeText(text) {
        const ids = await encoder.encode(text, available)
        return ids.length < available ? ids : undefined
      },
      joinPair,
    },
  }
}

function lastOf(ids: ArrayLike<number>, count: number): ArrayLike<number> {
  return Array.from(ids).slice(ids.length - count)
}

type Sides<T> = { readonly query: T; readonly text: T }

function join(
  template: PairTemplate,
  sides: Sides<ArrayLike<number>>,
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

/** One stretch of a joined text or pair: fixed special tokens, or the place of a text. */
type TemplatePart =
  | { readonly kind: 'special'; readonly ids: readonly number[]; readonly typeId: number }
  | { readonly kind: 'query' | 'text'; readonly typeId: number }

/** How a query and a text are joined, as the post-processor of a tokenizer.json says it. */
interface PairTemplate {
  readonly parts: readonly TemplatePart[]
  /** How many special tokens are added. */
  readonly specialTokens: number
}

function readPairTemplate(tokenizerJson: unknown): PairTemplate {
  const parts = readTemplate(tokenizerJson, 'pair') ?? []
  const count = (kind: TemplatePart['kind']): number => parts.filter((part) => part.kind === kind).length
  if (count('query') !== 1 || count('text') !== 1) throw noTemplate('pair', 'a pair is joined')
  // The pair goes on as ids and the place where segment 1 starts, so segments have to be 0 … 0 1 … 1.
  const types = parts.map((part) => part.typeId)
  if (types.some((type, at) => (type !== 0 && type !== 1) || type < (types[at - 1] ?? 0))) {
    const seen = `The pair template of tokenizer.json has the segments ${types.join(', ')}`
    throw new RerankError('model-files', `${seen}: use 0, then 1.`)
  }
  return { parts, specialTokens: specialIds(parts).length }
}

/**
 * Reads how a single text is framed: the special tokens before it and after it.
 *
 * @throws RerankError `'model-files'` when tokenizer.json does not say.
 */
export function readSingleTemplate(tokenizerJson: unknown): {
  readonly before: readonly number[]
  readonly after: readonly number[]
} {
  const parts = readTemplate(tokenizerJson, 'single') ?? []
  const text = parts.findIndex(({ kind }) => kind !== 'special')
  if (text < 0) throw noTemplate('single', 'a text is framed')
  return { before: specialIds(parts.slice(0, text)), after: specialIds(parts.slice(text + 1)) }
}

function specialIds(parts: readonly TemplatePart[]): number[] {
  return parts.flatMap((part) => (part.kind === 'special' ? part.ids : []))
}

function noTemplate(kind: 'pair' | 'single', how: string): RerankError {
  const fix = `save the tokenizer again with one (TemplateProcessing with a "${kind}" template, BertProcessing or RobertaProcessing)`
  return new RerankError('model-files', `tokenizer.json has no "post_processor" that says how ${how}: ${fix}`)
}

/** The template in the post-processor of a tokenizer.json, which may stand in a `Sequence`; nothing when there is none. */
function readTemplate(tokenizerJson: unknown, kind: 'pair' | 'single'): TemplatePart[] | undefined {
  const flatten = (processor: unknown, depth: number): Json[] => {
    const json = (processor ?? {}) as Json
    // Deeper than anyone writes them, and than the stack holds at some point.
    if (json['type'] !== 'Sequence' || depth > 32) return [json]
    return ((json['processors'] ?? []) as unknown[]).flatMap((inner) => flatten(inner, depth + 1))
  }
  const processors = flatten((tokenizerJson as Json | null)?.['post_processor'], 0)
  return processors.map((json) => partsOf(json, kind)).find((found) => found !== undefined)
}

function partsOf(json: Json, kind: 'pair' | 'single'): TemplatePart[] | undefined {
  switch (json['type']) {
    case 'TemplateProcessing':
      return partsOfTemplate(json, kind)
    case 'BertProcessing':
    case 'RobertaProcessing':
      return partsAroundText(json, kind)
    default:
      return undefined
  }
}

type Piece = {
  readonly Sequence?: { id: string; type_id: number }
  readonly SpecialToken?: { id: string; type_id: number }
}

function partsOfTemplate(json: Json, kind: 'pair' | 'single'): TemplatePart[] | undefined {
  const specials = (json['special_tokens'] ?? {}) as Record<string, { ids?: number[] } | undefined>
  return (json[kind] as readonly Piece[] | undefined)?.map(({ Sequence: place, SpecialToken: special }) => {
    if (place !== undefined) return { kind: place.id === 'A' ? 'query' : 'text', typeId: place.type_id }
    const { id, type_id: typeId } = special as { id: string; type_id: number }
    const { ids } = specials[id] ?? {}
    if (Array.isArray(ids) && ids.every((one) => Number.isInteger(one) && one >= 0))
      return { kind: 'special', ids, typeId }
    const seen = `The template of tokenizer.json names the special token ${show(id)}, whose ids are ${show(ids)}`
    throw new RerankError('model-files', `${seen}: restore the file from the model it came with.`)
  })
}

/** `[CLS] query [SEP] text [SEP]` with types 0 and 1; in the RoBERTa way two separators in the middle and type 0. */
function partsAroundText(json: Json, kind: 'pair' | 'single'): TemplatePart[] {
  const [cls, sep] = ['cls', 'sep'].map((name) => (json[name] as [string, number])[1]) as [number, number]
  const isRoberta = json['type'] === 'RobertaProcessing'
  const end = (typeId: number, ...ids: number[]): TemplatePart => ({ kind: 'special', ids, typeId })
  const first: TemplatePart[] = [end(0, cls), { kind: 'query', typeId: 0 }]
  if (kind === 'single') return [...first, end(0, sep)]
  const second = isRoberta ? 0 : 1
  return [...first, isRoberta ? end(0, sep, sep) : end(0, sep), { kind: 'text', typeId: second }, end(second, sep)]
}

/** How many tokens of each side stay. */
export interface KeptLengths {
  readonly query: number
  readonly text: number
}

/**
 * Truncation `longest_first` as the Rust crate `tokenizers` does it (release 0.23.3; every release that counts both
 * sides in full): the longer side loses tokens until both are equally long, then both get half, and an odd token goes to
 * the longer side, to the text when they are equal.
 *
 * `available` is the room for both, special tokens already taken off.
 */
export function keptLengths(query: number, text: number, available: number): KeptLengths {
  if (query + text <= available) return { query, text }
  const shorter = Math.min(query, text)
  const half = Math.floor(available / 2)
  const [less, more] = 2 * shorter <= available ? [shorter, available - shorter] : [half, available - half]
  return query > text ? { query: more, text: less } : { query: less, text: more }
}

/**
 * How many tokens of a text can matter beside a query of `query` tokens: a text cut to this many has the same
 * {@link keptLengths}, and is longer than what is kept if and only if the whole text is.
 */
export function textTokensThatMatter(query: number, available: number): number {
  const half = Math.floor(available / 2)
  // Where both are longer than half, it matters only for an odd token whether the text is as long as the query.
  if (query > half) return available % 2 === 1 ? Math.max(query, half + 1) + 1 : half + 1
  return available - query + 1
}

/** What of a model says how long a pair may be: parsed JSON files. */
export interface LengthFiles {
  /** tokenizer_config.json, for `model_max_length`. */
  readonly tokenizerConfig?: unknown
  /** config.json, for `max_position_embeddings`. */
  readonly config?: unknown
  /** sentence_bert_config.json, whose `max_seq_length` stands in for `model_max_length`. */
  readonly sentenceBert?: unknown
}

/** `model_max_length` stands for "no limit" when it is larger than this (files say 1e30). */
const SANE_LENGTH = 1e6
/** Model families whose positions start behind the padding id, so that two positions are never used. */
const OFFSET_POSITIONS = /^(xlm-roberta|roberta|camembert|xmod|mpnet|longformer|data2vec-text|bigbird_roberta)/

/** The model's own limit in tokens; 512 when no file names one. */
export function modelLimit(files: LengthFiles): number {
  return namedLimit(files) ?? 512
}

/** The limit in tokens that a model's files name; nothing when none does. */
export function namedLimit({ config, tokenizerConfig, sentenceBert }: LengthFiles): number | undefined {
  const model = (config ?? {}) as Json
  const limits: number[] = []
  const positions = model['max_position_embeddings'] ?? model['n_positions']
  // XLNet writes -1 for "no table of positions".
  if (typeof positions === 'number' && positions > 0) {
    const offset = OFFSET_POSITIONS.test(String(model['model_type'])) ? Number(model['pad_token_id'] ?? 1) + 1 : 0
    limits.push(positions - offset)
  }
  const { max_seq_length: ofSentences } = (sentenceBert ?? {}) as Json
  const { model_max_length: ofTokenizer, max_len: older } = (tokenizerConfig ?? {}) as Json
  const named = ofSentences ?? ofTokenizer ?? older
  if (typeof named === 'number' && named > 0 && named <= SANE_LENGTH) limits.push(named)
  return limits.length === 0 ? undefined : limits.reduce((least, limit) => Math.min(least, limit))
}

/**
 * The limit that holds: what was asked for, and no more than the model's own.
 *
 * @throws RerankError `'invalid-argument'` for a length that is no integer or leaves no room for texts.
 */
export function checkedLength(asked: number | undefined, limit: number, minimum: number): number {
  if (limit < minimum) {
    const fix = 'restore model_max_length, max_seq_length or max_position_embeddings, whichever it is'
    const seen = `The model's files say that it reads ${limit} tokens, and ${minimum} are the least for a pair`
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  if (asked === undefined) return limit
  if (!Number.isInteger(asked) || asked < minimum) {
    throw invalidArgument('maxLength', asked, `pass an integer of at least ${minimum} (at most ${limit} has an effect)`)
  }
  return Math.min(asked, limit)
}
