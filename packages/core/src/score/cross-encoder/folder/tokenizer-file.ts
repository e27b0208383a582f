import type { Json } from '../tokenizer/pipeline.js'
import { isObject, notKnown } from './small-files.js'
import {
  hasSegments,
  type TokenizerClass,
  tokenizerClassOf,
  type TokenizerSettings,
  truncationSideOf,
} from './tokenizer-class.js'
import { type AddedToken, idOf, type NamedTokens, rebuilds, sizeOf } from './tokenizer-rebuild.js'

/** A tokenizer as Python ends up with it, all settings beside it taken in. */
export interface EffectiveTokenizer {
  /** A tokenizer.json that the Rust crate `tokenizers` would read as it stands; it cuts and pads nothing. */
  readonly tokenizer: Json
  /** Which end of a side is cut off. */
  readonly truncationSide: 'left' | 'right'
  /** Whether the model is fed segments; without, all are 0. */
  readonly hasSegments: boolean
  /** What the special tokens are, by their names, as chat templates see them. */
  readonly specialTokens: Readonly<Record<string, string>>
}

/** The special tokens that every class has a name for, in their order. */
export const SPECIAL_NAMES: readonly string[] = [
  'bos_token',
  'eos_token',
  'unk_token',
  'sep_token',
  'pad_token',
  'cls_token',
  'mask_token',
]

/**
 * What `AutoTokenizer.from_pretrained` of transformers 5 makes of a folder. Many of its classes build the steps of a
 * tokenizer anew from a few flags and take no more than the vocabulary from tokenizer.json; where the two differ, Python's
 * numbers come from what it built.
 *
 * @param lowercase `do_lower_case` of sentence_bert_config.json
 * @throws RerankError `'model-files'` for a class or a setting that is not reproduced here.
 */
export function effectiveTokenizer(
  tokenizerJson: unknown,
  settings: TokenizerSettings,
  lowercase = false,
): EffectiveTokenizer {
  if (!isObject(tokenizerJson)) {
    throw notKnown({ file: 'tokenizer.json', name: 'its content', value: tokenizerJson }, 'restore the file')
  }
  const given = settings.tokenizerConfig ?? {}
  if (!isObject(given)) {
    throw notKnown({ file: 'tokenizer_config.json', name: 'its content', value: given }, 'restore the file')
  }
  checkGiven(given)
  const name = tokenizerClassOf(tokenizerJson, settings)
  const start = { ...tokenizerJson, truncation: null, padding: null }
  const tokens = namedTokens(name, tokenizerJson, settings)
  const built = name === 'TokenizersBackend' ? start : rebuilds[name]({ file: start, given, tokens })
  const special = specialsOf(name, tokens, settings)
  const added = addTokens(built, [...listedTokens(tokenizerJson, settings), ...special])
  // Whatever joins pairs is written last, when every token has its id.
  const withPairs = name === 'TokenizersBackend' ? added : rebuilds[name]({ file: start, given, tokens, added: added })
  const post_processor = withPairs['post_processor'] ?? UNFRAMED
  const tokenizer = { ...withPairs, added_tokens: added['added_tokens'], post_processor }
  return {
    tokenizer: lowercase ? inLowerCase(tokenizer) : tokenizer,
    truncationSide: truncationSideOf(tokenizerJson, given),
    hasSegments: hasSegments(name, given),
    specialTokens: Object.fromEntries([...tokens].map(([key, { content }]) => [key, content])),
  }
}

/** What transformers writes where tokenizer.json says nothing: the two sides, one behind the other. */
const UNFRAMED: Json = {
  type: 'TemplateProcessing',
  single: [{ Sequence: { id: 'A', type_id: 0 } }],
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: {},
}

/** Settings that change tokens and are not reproduced. */
function checkGiven(given: Json): void {
  const file = 'tokenizer_config.json'
  if (given['split_special_tokens'] === true) {
    throw notKnown(
      { file, name: 'split_special_tokens', value: true },
      'it can be left out only if no text holds such a token',
    )
  }
  for (const name of ['fast_tokenizer_files', 'init_inputs', 'tokenizer_file', 'vocab_file', 'fix_mistral_regex']) {
    const value = given[name]
    const isEmpty = value === undefined || value === null || (Array.isArray(value) && value.length === 0)
    if (!isEmpty) throw notKnown({ file, name, value }, 'load and save the tokenizer again with transformers 5')
  }
}

/** Python's constructor: what is neither special nor said otherwise is looked for in text that was normalised. */
export function addedToken(token: Json | string, special = false): AddedToken {
  const given: Json = typeof token === 'string' ? { content: token, special } : token
  const isSpecial = given['special'] === true
  const { content } = given
  if (typeof content !== 'string') {
    throw notKnown({ file: 'tokenizer_config.json', name: 'added token', value: given }, 'it should have a content')
  }
  return {
    content,
    single_word: given['single_word'] === true,
    lstrip: given['lstrip'] === true,
    rstrip: given['rstrip'] === true,
    normalized: typeof given['normalized'] === 'boolean' ? given['normalized'] : !isSpecial,
    special: isSpecial,
  }
}

/**
 * The added tokens that the files list, by their ids: `added_tokens_decoder` where there is one, else those of
 * added_tokens.json and of tokenizer.json.
 */
function listedTokens(tokenizer: Json, { tokenizerConfig, addedTokens }: TokenizerSettings): AddedToken[] {
  const { added_tokens_decoder: decoder } = (tokenizerConfig ?? {}) as { added_tokens_decoder?: unknown }
  const byId = new Map<number, AddedToken>()
  if (isObject(decoder)) {
    for (const [id, token] of Object.entries(decoder)) byId.set(Number(id), addedToken(token as Json))
  } else {
    for (const [content, id] of Object.entries((addedTokens ?? {}) as Json))
      byId.set(Number(id), addedToken({ content }))
    for (const token of (tokenizer['added_tokens'] ?? []) as Json[]) byId.set(Number(token['id']), addedToken(token))
  }
  return [...byId].sort(([one], [other]) => one - other).map(([, token]) => token)
}

function namedTokens(name: TokenizerClass, tokenizer: Json, settings: TokenizerSettings): NamedTokens {
  const given = givenTokens(settings)
  const padding = tokenizer['padding'] as Json | null | undefined
  // Every other class hands on a pad token of its own.
  const isTaken = name === 'TokenizersBackend' && isObject(padding) && given['pad_token'] === undefined
  if (isTaken) given['pad_token'] = padding['pad_token']
  const listed = new Map(listedTokens(tokenizer, settings).map((token) => [token.content, token]))
  const defaults = defaultTokens[name]
  const found = new Map<string, AddedToken>()
  const others = Object.keys(given).filter((key) => key.endsWith('_token') && !SPECIAL_NAMES.includes(key))
  for (const key of [...SPECIAL_NAMES, ...others]) {
    const value = Object.hasOwn(given, key) ? given[key] : defaults[key]
    if (value === null || value === undefined || typeof value === 'boolean') continue
    const token = addedToken(value as Json | string, true)
    const isWrapped = key === 'mask_token' && (name === 'MPNetTokenizer' || name === 'CamembertTokenizer')
    if (isWrapped && !listed.has(token.content) && typeof value === 'string') {
      const fix = 'list it in added_tokens_decoder, or in tokenizer.json'
      throw notKnown({ file: 'tokenizer_config.json', name: key, value }, fix)
    }
    found.set(key, listed.get(token.content) ?? { ...token, special: true })
  }
  return found
}

/** The tokens that tokenizer_config.json names, and special_tokens_map.json where nothing is listed by id. */
function givenTokens({ tokenizerConfig, specialTokens }: TokenizerSettings): Record<string, unknown> {
  const given = (tokenizerConfig ?? {}) as Json
  const legacy = isObject(given['added_tokens_decoder']) ? {} : ((specialTokens ?? {}) as Json)
  const extra = isObject(given['extra_special_tokens']) ? given['extra_special_tokens'] : {}
  return { ...given, ...legacy, ...extra }
}

/** Added only where no token of the same content is there yet. */
type Special = AddedToken & { readonly onlyNew?: boolean }

function specialsOf(name: TokenizerClass, tokens: NamedTokens, settings: TokenizerSettings): Special[] {
  const { tokenizerConfig, specialTokens: map } = settings
  const given = (tokenizerConfig ?? {}) as Json
  const all: Json = { ...given, ...(isObject(given['added_tokens_decoder']) ? {} : ((map ?? {}) as Json)) }
  const extra = all['extra_special_tokens'] ?? all['additional_special_tokens']
  const listed = Array.isArray(extra) ? (extra as (Json | string)[]) : (extraTokens[name] ?? [])
  const more = listed.map((token) => ({ ...addedToken(token, true), special: true }))
  const both = [...tokens.values(), ...more]
  const added = both.map((token): Special => ({ ...token, onlyNew: true }))
  // This class adds them all again, and whatever was said of one is forgotten.
  return name === 'Qwen2Tokenizer' ? [...added, ...both.map(({ content }) => addedToken(content, true))] : added
}

/** What a class adds where files name no more. */
const extraTokens: Readonly<Partial<Record<TokenizerClass, readonly string[]>>> = {
  CamembertTokenizer: ['<s>NOTUSED', '</s>NOTUSED', '<unk>NOTUSED'],
}

const bert = { unk_token: '[UNK]', sep_token: '[SEP]', pad_token: '[PAD]', cls_token: '[CLS]', mask_token: '[MASK]' }
const bytes = { bos_token: '<|endoftext|>', eos_token: '<|endoftext|>', unk_token: '<|endoftext|>' }
const roberta = {
  bos_token: '<s>',
  eos_token: '</s>',
  sep_token: '</s>',
  cls_token: '<s>',
  unk_token: '<unk>',
  pad_token: '<pad>',
  mask_token: '<mask>',
}

const defaultTokens: Readonly<Record<TokenizerClass, Json>> = {
  TokenizersBackend: {},
  BertTokenizer: bert,
  DistilBertTokenizer: bert,
  MPNetTokenizer: { ...roberta, unk_token: '[UNK]' },
  RobertaTokenizer: roberta,
  XLMRobertaTokenizer: roberta,
  CamembertTokenizer: roberta,
  DebertaTokenizer: { ...bert, bos_token: '[CLS]', eos_token: '[SEP]' },
  DebertaV2Tokenizer: { ...bert, bos_token: '[CLS]', eos_token: '[SEP]' },
  AlbertTokenizer: { ...bert, bos_token: '[CLS]', eos_token: '[SEP]', unk_token: '<unk>', pad_token: '<pad>' },
  Qwen2Tokenizer: { eos_token: '<|endoftext|>', unk_token: '<|endoftext|>', pad_token: '<|endoftext|>' },
  GPT2Tokenizer: bytes,
}

/** Adds tokens as the crate does: under the id that the vocabulary has for them, else under the next that is free. */
function addTokens(file: Json, tokens: readonly Special[]): Json {
  const found = new Map<string, AddedToken & { readonly id: number }>()
  for (const token of (file['added_tokens'] ?? []) as (AddedToken & { readonly id: number })[])
    found.set(token.content, token)
  for (const { onlyNew, ...token } of tokens) {
    const before = found.get(token.content)
    if (token.content === '' || (before !== undefined && onlyNew === true)) continue
    const id = before?.id ?? idOf(file, token.content) ?? nextId(sizeOf(file), [...found.values()])
    found.set(token.content, { ...addedToken(token as unknown as Json), id })
  }
  return { ...file, added_tokens: [...found.values()].sort((one, other) => one.id - other.id) }
}

function nextId(size: number, added: readonly { readonly id: number }[]): number {
  return added.reduce((next, { id }) => Math.max(next, id + 1), size)
}

/** As `sentence_transformers` does it: before whatever the normalizer does, unless one of its steps is the same. */
function inLowerCase(tokenizer: Json): Json {
  const normalizer = tokenizer['normalizer'] as Json | null | undefined
  const steps = (normalizer?.['type'] === 'Sequence' ? normalizer['normalizers'] : (normalizer ?? undefined)) ?? []
  const all = (Array.isArray(steps) ? steps : [steps]) as Json[]
  if (all.some(({ type }) => type === 'Lowercase')) return tokenizer
  return { ...tokenizer, normalizer: { type: 'Sequence', normalizers: [{ type: 'Lowercase' }, ...all] } }
}
