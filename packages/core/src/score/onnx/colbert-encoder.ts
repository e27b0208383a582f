import { RerankError } from '../../errors.js'
import { readSingleTemplate } from '../encode/single-template.js'
import type { TokenEncoder } from '../encode/text-encoder.js'
import type { ColbertSettings } from './colbert-settings.js'

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
  encodeQuery(query: string): EncodedText
  encodeDocument(text: string): EncodedText
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
    encodeQuery(text) {
      const framed = frameText(query, text)
      return filler === undefined ? whole(framed) : fillUp(framed, filler, settings)
    },
    encodeDocument(text) {
      const { ids, truncated } = frameText(document, text)
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

function frameText({ before, after, room, prompt, encoder }: Frame, text: string): Framed {
  const ids = encoder.encode(strip(prompt + text), room + 1)
  return { ids: [...before, ...ids.slice(0, room), ...after], truncated: ids.length > room }
}

function whole({ ids, truncated }: Framed): EncodedText {
  return { ids: Int32Array.from(ids), seen: ids.length, kept: [...ids.keys()], truncated }
}

function fillUp({ ids, truncated }: Framed, filler: number, settings: ColbertSettings): EncodedText {
  const filled = new Int32Array(settings.queryLength).fill(filler)
  filled.set(ids)
  const seen = settings.attendsToExpansion ? filled.length : ids.length
  return { ids: filled, seen, kept: [...filled.keys()], truncated }
}

type Json = Readonly<Record<string, unknown>>

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
