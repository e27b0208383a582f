import { RerankError } from '../../base/errors.js'
import { normalizeText } from '../../base/words.js'
import { readOptional } from '../cross-encoder/model-files.js'
import { readSingleTemplate } from '../cross-encoder/pairs.js'
import type { TruncationSide } from '../../types.js'
import type { Json, TokenEncoder } from '../cross-encoder/tokenizer/pipeline.js'
import { createContentEncoder } from '../cross-encoder/tokenizer/special-tokens.js'
import { createTextEncoder } from '../cross-encoder/tokenizer/wordpiece.js'

/** How a late-interaction model wants its texts, as the files beside its weights say. */
export interface ColbertSettings {
  /** The marker behind the first token of a query, as a token of the vocabulary; empty for none. */
  readonly queryPrefix: string
  readonly documentPrefix: string
  /** Tokens of a query, special tokens and marker included. */
  readonly queryLength: number
  /** Most tokens of a document, special tokens and marker included. */
  readonly documentLength: number
  /** Whether queries are filled up to `queryLength` with mask tokens, whose vectors count (query augmentation). */
  readonly expandsQueries: boolean
  /** Whether the other tokens see the mask tokens. */
  readonly attendsToExpansion: boolean
  /** Tokens whose vectors are left out of documents. */
  readonly skippedWords: readonly string[]
  /** Stands before every query and document, as text; most often empty. */
  readonly queryPrompt: string
  readonly documentPrompt: string
  /** Which side of a query that is too long is cut off; default `'right'`. Chosen by the caller, not by the files. */
  readonly queryTruncationSide?: TruncationSide | undefined
}

/** Python's `string.punctuation`, which both libraries skip unless told otherwise. */
const PUNCTUATION: readonly string[] = '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~'.split('')

/**
 * Reads the settings of a model folder: `config_sentence_transformers.json` or `onnx_config.json` as PyLate writes them,
 * or `artifact.metadata` of the reference implementation. What a file leaves out has the default of its library.
 *
 * @throws RerankError `'model-files'` when the folder has none of these, or when the model compares by L2 distance.
 */
export function readColbertSettings(folder: string): ColbertSettings {
  const read = (name: string): Json | undefined => readOptional(folder, name) as Json | undefined
  const pylate = ['config_sentence_transformers.json', 'onnx_config.json'].map(read)
  const found = pylate.find((json) => json?.['query_prefix'] !== undefined || json?.['model_type'] === 'ColBERT')
  if (found !== undefined) return fromPylate(found)
  const artifact = read('artifact.metadata')
  if (artifact !== undefined) return fromArtifact(artifact, folder)
  const fix = 'name the folder of a ColBERT model (with config_sentence_transformers.json or artifact.metadata)'
  throw new RerankError('model-files', `${folder} does not say how its queries and documents are marked: ${fix}.`)
}

function fromPylate(json: Json): ColbertSettings {
  const expandsQueries = (json['do_query_expansion'] as boolean | null | undefined) ?? true
  const prompts = (json['prompts'] ?? {}) as Readonly<Record<string, string>>
  const prompt = prompts[(json['default_prompt_name'] as string | null | undefined) ?? ''] ?? ''
  return {
    queryPrefix: (json['query_prefix'] as string | null | undefined) ?? '[Q] ',
    documentPrefix: (json['document_prefix'] as string | null | undefined) ?? '[D] ',
    queryLength: (json['query_length'] as number | null | undefined) ?? 32,
    documentLength: (json['document_length'] as number | null | undefined) ?? 180,
    expandsQueries,
    attendsToExpansion: expandsQueries && json['attend_to_expansion_tokens'] === true,
    skippedWords: (json['skiplist_words'] as string[] | null | undefined) ?? PUNCTUATION,
    queryPrompt: prompt,
    documentPrompt: prompt,
  }
}

function fromArtifact(json: Json, folder: string): ColbertSettings {
  if (json['similarity'] === 'l2') {
    const fix = 'only dot products of normalised vectors are computed here; train it with similarity "cosine"'
    throw new RerankError('model-files', `${folder}/artifact.metadata has similarity "l2": ${fix}.`)
  }
  return {
    queryPrefix: (json['query_token_id'] as string | undefined) ?? '[unused0]',
    documentPrefix: (json['doc_token_id'] as string | undefined) ?? '[unused1]',
    queryLength: (json['query_maxlen'] as number | undefined) ?? 32,
    documentLength: (json['doc_maxlen'] as number | undefined) ?? 220,
    expandsQueries: true,
    attendsToExpansion: json['attend_to_mask_tokens'] === true,
    skippedWords: json['mask_punctuation'] === false ? [] : PUNCTUATION,
    queryPrompt: '',
    documentPrompt: '',
  }
}

/** One text as a late-interaction model reads it. */
export interface EncodedText {
  readonly ids: Int32Array
  /** From this place on tokens are fillers that the others do not see; `ids.length` when there are none. */
  readonly seen: number
  /** Places whose vectors count. */
  readonly kept: readonly number[]
  /** The end of the text was cut off. */
  readonly truncated: boolean
}

/** Turns queries and documents into tokens with their markers. */
export interface ColbertEncoder {
  encodeQuery(query: string): Promise<EncodedText>
  encodeDocument(text: string): Promise<EncodedText>
}

/** What an encoder is made from. */
export interface ColbertEncoderFiles {
  /** tokenizer.json, parsed. */
  readonly tokenizer: unknown
  /** tokenizer_config.json, parsed, for the mask token. */
  readonly tokenizerConfig?: unknown
  /** From `createTextEncoder`. */
  readonly encoder: TokenEncoder
  readonly settings: ColbertSettings
}

/**
 * Makes a {@link ColbertEncoder}: `[CLS] [Q] tokens [SEP]`, filled up with mask tokens to the full length of a query, and
 * `[CLS] [D] tokens [SEP]` without the vectors of punctuation. Texts are cut before special tokens are added.
 *
 * @throws RerankError `'model-files'` when a marker or the mask token is not in the vocabulary, or when the length leaves
 * no room for a text.
 */
export function createColbertEncoder({
  tokenizer,
  tokenizerConfig,
  encoder,
  settings,
}: ColbertEncoderFiles): ColbertEncoder {
  const vocabulary = readVocabulary(tokenizer)
  const { before, after } = readSingleTemplate(tokenizer)
  const frame = (prefix: string, length: number, prompt: string): Frame => {
    const marked = prefix === '' ? before : [...before.slice(0, 1), markerId(vocabulary, prefix), ...before.slice(1)]
    const room = length - marked.length - after.length
    if (room >= 1) return { before: marked, after, room, prompt, encoder }
    const fix = 'raise maxLength, or the length in the settings of the model'
    throw new RerankError('model-files', `${length} tokens leave none for a text beside the special ones: ${fix}.`)
  }
  const query = frame(settings.queryPrefix, settings.queryLength, settings.queryPrompt)
  const document = frame(settings.documentPrefix, settings.documentLength, settings.documentPrompt)
  const filler = settings.expandsQueries ? fillerId(vocabulary, tokenizerConfig) : undefined
  const skipped = new Set(settings.skippedWords.map((word) => vocabulary.get(word) ?? unknownId(tokenizer, vocabulary)))
  return {
    async encodeQuery(text) {
      const framed = await frameText(query, text, settings.queryTruncationSide)
      return filler === undefined ? unfilled(framed) : fillUp(framed, filler, settings)
    },
    async encodeDocument(text) {
      const { ids, truncated } = await frameText(document, text)
      const kept = [...ids.keys()].filter((at) => !skipped.has(ids[at] as number))
      return { ids: Int32Array.from(ids), seen: ids.length, kept, truncated }
    },
  }
}

interface Frame {
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** Tokens that fit between the two. */
  readonly room: number
  readonly prompt: string
  readonly encoder: TokenEncoder
}

interface Framed {
  readonly ids: readonly number[]
  readonly truncated: boolean
}

/** What Python's `str.strip` takes away, as the reference does before it cuts a text into tokens. */
function isSpace(unit: string): boolean {
  return (unit >= '\u001c' && unit <= '\u001f') || unit === '\u0085' || (unit !== '\ufeff' && /\s/.test(unit))
}

function strip(text: string): string {
  let [start, end] = [0, text.length]
  while (start < end && isSpace(text.charAt(start))) start += 1
  while (end > start && isSpace(text.charAt(end - 1))) end -= 1
  return text.slice(start, end)
}

async function frameText(
  { before, after, room, prompt, encoder }: Frame,
  text: string,
  side: TruncationSide = 'right',
): Promise<Framed> {
  if (side === 'left') {
    const first = (await encoder.encode(strip(prompt))).slice(0, room)
    const all = await encoder.encode(strip(prompt + text))
    const last = all.length > room ? [...first, ...all.slice(all.length - (room - first.length))] : all
    return { ids: [...before, ...last, ...after], truncated: all.length > room }
  }
  const ids = await encoder.encode(strip(prompt + text), room + 1)
  return { ids: [...before, ...ids.slice(0, room), ...after], truncated: ids.length > room }
}

function unfilled({ ids, truncated }: Framed): EncodedText {
  return { ids: Int32Array.from(ids), seen: ids.length, kept: [...ids.keys()], truncated }
}

function fillUp({ ids, truncated }: Framed, filler: number, settings: ColbertSettings): EncodedText {
  const filled = new Int32Array(settings.queryLength).fill(filler)
  filled.set(ids)
  const seen = settings.attendsToExpansion ? filled.length : ids.length
  return { ids: filled, seen, kept: [...filled.keys()], truncated }
}

/** Ids of all tokens: those of the model, then those that were added to it. */
function readVocabulary(tokenizer: unknown): Map<string, number> {
  const { model, added_tokens: added } = tokenizer as { model?: Json; added_tokens?: { id: number; content: string }[] }
  const vocab = model?.['vocab'] ?? {}
  const entries = Array.isArray(vocab)
    ? (vocab as [string, number][]).map(([token], id): [string, number] => [token, id])
    : Object.entries(vocab as Record<string, number>)
  return new Map([...entries, ...(added ?? []).map(({ content, id }): [string, number] => [content, id])])
}

function markerId(vocabulary: ReadonlyMap<string, number>, prefix: string): number {
  const id = vocabulary.get(prefix)
  if (id !== undefined) return id
  const fix = 'save the tokenizer with its marker tokens, or correct the prefix in the settings of the model'
  throw new RerankError('model-files', `The marker ${JSON.stringify(prefix)} is no token of tokenizer.json: ${fix}.`)
}

/** The mask token, or the end-of-text or padding token of a model that has none, in the order of the reference. */
function fillerId(vocabulary: ReadonlyMap<string, number>, tokenizerConfig: unknown): number {
  const config = (tokenizerConfig ?? {}) as Json
  for (const name of ['mask_token', 'eos_token', 'pad_token']) {
    const token = config[name]
    const content = typeof token === 'string' ? token : (token as { content?: string } | null | undefined)?.content
    const id = content === undefined ? undefined : vocabulary.get(content)
    if (id !== undefined) return id
  }
  const fix = 'add it to tokenizer_config.json'
  throw new RerankError('model-files', `tokenizer_config.json names no mask_token to fill queries up with: ${fix}.`)
}

/** A skipped word that is no token stands for the unknown token, as in the reference. */
function unknownId(tokenizer: unknown, vocabulary: ReadonlyMap<string, number>): number {
  const model = (tokenizer as { model?: Json }).model
  const byPlace = model?.['unk_id']
  if (typeof byPlace === 'number') return byPlace
  return vocabulary.get(String(model?.['unk_token'])) ?? -1
}

interface ColbertTextOptions {
  readonly markers: readonly string[]
  /** Default `true`: neither markers nor other control tokens that a text spells are read as such. */
  readonly splitSpecialTokens?: boolean | undefined
}

interface TokenizerJson {
  readonly added_tokens?: readonly { readonly content: string; readonly special?: boolean }[]
}

/**
 * The encoder of a late-interaction model's texts.
 *
 * Its markers (`'[Q] '`, `'[D] '`) were added to the vocabulary as ordinary tokens, which our own WordPiece leaves to the
 * package `tokenizers`. Markers matter only to a text that spells one out, so every other text is encoded as if they were
 * not there: sooner, and without that package.
 */
export async function createColbertTextEncoder(
  tokenizer: unknown,
  { markers, splitSpecialTokens = true }: ColbertTextOptions,
): Promise<TokenEncoder> {
  // Markers have the form of control tokens, and are split like them.
  if (splitSpecialTokens) return createContentEncoder(tokenizer)
  const added = (tokenizer as TokenizerJson).added_tokens ?? []
  const others = added.filter(({ content, special }) => special === true || !markers.includes(content))
  if (others.length === added.length) return createTextEncoder(tokenizer)
  let whole: Promise<TokenEncoder> | undefined
  const without = await createTextEncoder({ ...(tokenizer as object), added_tokens: others })
  const spelled = markers.map((marker) => marker.trim().toLowerCase()).filter((marker) => marker !== '')
  return {
    async encode(text, maxTokens) {
      const plain = withoutMarks(text)
      if (!spelled.some((marker) => plain.includes(marker))) return without.encode(text, maxTokens)
      whole ??= createTextEncoder(tokenizer)
      return (await whole).encode(text, maxTokens)
    },
  }
}

/** In small letters, and without what a normalizer may take out of the middle of a marker. */
function withoutMarks(text: string): string {
  return normalizeText(text, 'NFKD')
    .replace(/[\p{M}\p{C}]/gu, '')
    .toLowerCase()
}
