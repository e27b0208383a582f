import type { Json } from '../tokenizer/pipeline.js'
import { notKnown } from './small-files.js'
import type { TokenizerClass } from './tokenizer-class.js'

/** An entry of `added_tokens`. */
export interface AddedToken {
  readonly id?: number
  readonly content: string
  readonly single_word: boolean
  readonly lstrip: boolean
  readonly rstrip: boolean
  readonly normalized: boolean
  readonly special: boolean
}

/** The special tokens by their names: what the files say, else what the class has. */
export type NamedTokens = ReadonlyMap<string, AddedToken>

/** What a class builds its steps from. */
interface Parts {
  /** tokenizer.json */
  readonly file: Json
  /** tokenizer_config.json */
  readonly given: Json
  readonly tokens: NamedTokens
  /** The file with every added token, once it is known which id each has. */
  readonly added?: Json
}

/** How each class of transformers 5.24 builds its steps anew. */
export const rebuilds: Readonly<Record<Exclude<TokenizerClass, 'TokenizersBackend'>, (parts: Parts) => Json>> = {
  BertTokenizer: bert,
  DistilBertTokenizer: bert,
  MPNetTokenizer: (parts) => ({
    ...bert(parts),
    post_processor: robertaPairs(parts, { trim: true, space: false, otherwise: [2, 0] }),
  }),
  RobertaTokenizer(parts) {
    const space = flag(parts, 'add_prefix_space', false)
    const trim = flag(parts, 'trim_offsets', true)
    return byteLevel(parts, {
      normalizer: null,
      pre_tokenizer: bytes(space, true),
      post_processor: robertaPairs(parts, { trim, space }),
    })
  },
  DebertaTokenizer(parts) {
    const [cls, sep] = [tokenOf(parts, 'cls_token'), tokenOf(parts, 'sep_token')]
    const pairs = template(parts, [cls, 'A', sep], [cls, 'A', sep, sep, 'B', sep])
    const space = flag(parts, 'add_prefix_space', false)
    return byteLevel(parts, { normalizer: null, pre_tokenizer: bytes(space, true), post_processor: pairs })
  },
  GPT2Tokenizer: (parts) =>
    byteLevel(parts, { normalizer: null, pre_tokenizer: bytes(flag(parts, 'add_prefix_space', false), true) }),
  Qwen2Tokenizer(parts) {
    const split = { type: 'Split', pattern: { Regex: QWEN }, behavior: 'Isolated', invert: false }
    const pretokenizers = [split, bytes(choice(parts, 'add_prefix_space', false), false)]
    return byteLevel(parts, { normalizer: { type: 'NFC' }, pre_tokenizer: { type: 'Sequence', pretokenizers } })
  },
  XLMRobertaTokenizer(parts) {
    return unigram(parts, 3, {
      normalizer: charsmap(parts),
      pre_tokenizer: words(parts),
      post_processor: bosPairs(parts),
    })
  },
  CamembertTokenizer(parts) {
    const unknown = idOf(parts.file, tokenOf(parts, 'unk_token')) ?? 0
    return unigram(parts, unknown, {
      normalizer: charsmap(parts),
      pre_tokenizer: words(parts),
      post_processor: bosPairs(parts),
    })
  },
  DebertaV2Tokenizer: debertaV2,
  AlbertTokenizer: albert,
}

const QWEN = String.raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`

function bert(parts: Parts): Json {
  const { given } = parts
  const vocab = vocabularyOf(parts, 'WordPiece')
  const strip = given['strip_accents'] ?? null
  if (strip !== null && typeof strip !== 'boolean') {
    throw notKnown({ file: 'tokenizer_config.json', name: 'strip_accents', value: strip }, 'use true, false or null')
  }
  const unk_token = tokenOf(parts, 'unk_token')
  const [cls, sep] = [tokenOf(parts, 'cls_token'), tokenOf(parts, 'sep_token')]
  return {
    ...parts.file,
    added_tokens: [],
    normalizer: {
      type: 'BertNormalizer',
      clean_text: true,
      handle_chinese_chars: flag(parts, 'tokenize_chinese_chars', true),
      strip_accents: strip,
      lowercase: flag(parts, 'do_lower_case', true),
    },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: template(parts, [cls, 'A', sep], [cls, 'A', sep, 'B:1', `${sep}:1`]),
    decoder: null,
    model: { type: 'WordPiece', unk_token, continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  }
}

function byteLevel(parts: Parts, steps: Json): Json {
  const { merges = [] } = (parts.file['model'] ?? {}) as { merges?: unknown }
  const model = {
    type: 'BPE',
    dropout: null,
    unk_token: null,
    continuing_subword_prefix: '',
    end_of_word_suffix: '',
    fuse_unk: false,
    byte_fallback: false,
    ignore_merges: false,
    vocab: vocabularyOf(parts, 'BPE'),
    merges,
  }
  return { ...parts.file, added_tokens: [], decoder: null, ...steps, model }
}

function bytes(add_prefix_space: boolean, use_regex: boolean): Json {
  return { type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex }
}

function unigram(parts: Parts, unk_id: number, steps: Json): Json {
  const model = { type: 'Unigram', unk_id, vocab: vocabularyOf(parts, 'Unigram'), byte_fallback: false }
  return { ...parts.file, added_tokens: [], decoder: null, ...steps, model }
}

/** The character table of tokenizer.json: the first, wherever among the steps it stands. */
function charsmap({ file }: Parts): Json | null {
  const normalizer = file['normalizer'] as Json | null | undefined
  const steps = (normalizer?.['type'] === 'Sequence' ? normalizer['normalizers'] : [normalizer ?? {}]) as Json[]
  const found = steps.find(({ type }) => type === 'Precompiled')
  return found === undefined ? null : { type: 'Precompiled', precompiled_charsmap: found['precompiled_charsmap'] }
}

function words(parts: Parts): Json {
  const prepend_scheme = choice(parts, 'add_prefix_space', true) ? 'always' : 'never'
  return { type: 'Sequence', pretokenizers: [{ type: 'WhitespaceSplit' }, metaspace(prepend_scheme)] }
}

function metaspace(prepend_scheme: string): Json {
  return { type: 'Metaspace', replacement: '\u2581', prepend_scheme, split: true }
}

function bosPairs(parts: Parts): Json | null {
  const [bos, eos] = [tokenOf(parts, 'bos_token'), tokenOf(parts, 'eos_token')]
  return template(parts, [bos, 'A', eos], [bos, 'A', eos, eos, 'B', eos])
}

function debertaV2(parts: Parts): Json {
  const [cls, sep, unknown] = [tokenOf(parts, 'cls_token'), tokenOf(parts, 'sep_token'), tokenOf(parts, 'unk_token')]
  const vocab = vocabularyOf(parts, 'Unigram') as readonly (readonly [string, number])[]
  const place = vocab.findIndex(([token, score]) => token === unknown && score === 0)
  const unk_id = place >= 0 ? place : Number(parts.given['unk_id'] ?? 1)
  const spaces = { type: 'Replace', pattern: { Regex: String.raw`\s{2,}|[\n\r\t]` }, content: ' ' }
  const normalizers = [spaces, { type: 'NFC' }, { type: 'Strip', strip_left: false, strip_right: true }]
  if (choice(parts, 'do_lower_case', false)) normalizers.unshift({ type: 'Lowercase' } as never)
  const pretokenizers = [metaspace(choice(parts, 'add_prefix_space', true) ? 'always' : 'first')]
  if (choice(parts, 'split_by_punct', false)) pretokenizers.unshift({ type: 'Punctuation', behavior: 'Isolated' })
  return unigram(parts, unk_id, {
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: { type: 'Sequence', pretokenizers },
    post_processor: template(parts, [cls, 'A', sep], [cls, 'A', sep, 'B:1', `${sep}:1`]),
  })
}

function albert(parts: Parts): Json {
  const quotes = ['``', "''"].map((pattern) => ({ type: 'Replace', pattern: { String: pattern }, content: '"' }))
  const table = charsmap(parts)
  const normalizers = [
    ...quotes,
    ...(choice(parts, 'keep_accents', false) ? [] : [{ type: 'NFKD' }, { type: 'StripAccents' }]),
    ...(choice(parts, 'do_lower_case', true) ? [{ type: 'Lowercase' }] : []),
    ...(table === null ? [] : [table]),
  ]
  const [cls, sep] = [tokenOf(parts, 'cls_token'), tokenOf(parts, 'sep_token')]
  if (cls !== '[CLS]' || sep !== '[SEP]') {
    const fix = 'pairs are joined with [CLS] and [SEP] by this class; name these'
    throw notKnown({ file: 'tokenizer_config.json', name: 'cls_token', value: cls }, fix)
  }
  return unigram(parts, 1, {
    normalizer: { type: 'Sequence', normalizers },
    pre_tokenizer: words(parts),
    post_processor: template(parts, [cls, 'A', sep], [cls, 'A', sep, 'B:1', `${sep}:1`]),
  })
}

/** `otherwise`: the ids of separator and beginning where the vocabulary has none. */
function robertaPairs(
  parts: Parts,
  {
    trim,
    space,
    otherwise = [-1, -1],
  }: { readonly trim: boolean; readonly space: boolean; readonly otherwise?: number[] },
): Json | null {
  if (parts.added === undefined) return null
  const end = (name: string, at: number): unknown[] => {
    const token = tokenOf(parts, name)
    return [token, idIn(parts, token, otherwise[at])]
  }
  const [sep, cls] = [end('sep_token', 0), end('cls_token', 1)]
  return { type: 'RobertaProcessing', sep, cls, trim_offsets: trim, add_prefix_space: space }
}

/** A template of tokens and of the sides A and B, each in segment 0 unless `:1` says otherwise. */
function template(parts: Parts, single: readonly string[], pair: readonly string[]): Json | null {
  if (parts.added === undefined) return null
  const specials: Record<string, Json> = {}
  const piece = (written: string): Json => {
    const [, id, segment] = /^(.*?)(:1)?$/s.exec(written) as unknown as [string, string, string?]
    const type_id = segment === undefined ? 0 : 1
    if (id === 'A' || id === 'B') return { Sequence: { id, type_id } }
    specials[id] = { id, ids: [idIn(parts, id, undefined)], tokens: [id] }
    return { SpecialToken: { id, type_id } }
  }
  return { type: 'TemplateProcessing', single: single.map(piece), pair: pair.map(piece), special_tokens: specials }
}

function idIn({ added }: Parts, token: string, otherwise: number | undefined): number {
  const tokens = (added?.['added_tokens'] ?? []) as { readonly content: string; readonly id: number }[]
  const id = tokens.find(({ content }) => content === token)?.id ?? idOf(added as Json, token) ?? otherwise
  if (id !== undefined && id >= 0) return id
  throw notKnown(
    { file: 'tokenizer_config.json', name: 'special token', value: token },
    'name one that tokenizer.json has',
  )
}

function tokenOf({ tokens }: Parts, name: string): string {
  const token = tokens.get(name)
  if (token !== undefined) return token.content
  throw notKnown({ file: 'tokenizer_config.json', name, value: null }, 'name the token, or leave the setting out')
}

/** A flag that decides in Python: `null` is as good as false there. */
function choice({ given }: Parts, name: string, otherwise: boolean): boolean {
  return given[name] === null ? false : flag({ given }, name, otherwise)
}

/** A flag that the crate is handed as it is. */
function flag({ given }: Pick<Parts, 'given'>, name: string, otherwise: boolean): boolean {
  const value = given[name]
  if (value === undefined) return otherwise
  if (typeof value === 'boolean') return value
  throw notKnown({ file: 'tokenizer_config.json', name, value }, 'use true or false')
}

function vocabularyOf({ file }: Parts, type: string): unknown {
  const { type: found, vocab } = (file['model'] ?? {}) as { type?: unknown; vocab?: unknown }
  if (found === type) return vocab
  throw notKnown(
    { file: 'tokenizer.json', name: 'model', value: found },
    `the tokenizer_class is for ${type}; name another`,
  )
}

/** The id of a token in a vocabulary, which is a table, or a list in which a token's place is its id. */
export function idOf(file: Json, token: string): number | undefined {
  const { vocab } = (file['model'] ?? {}) as { vocab?: unknown }
  if (Array.isArray(vocab)) {
    // A few tokens of a quarter of a million are asked for: a table of all would take longer to make.
    const place = vocab.findIndex((entry: unknown) => (entry as readonly unknown[])[0] === token)
    return place < 0 ? undefined : place
  }
  const table = (vocab ?? {}) as Readonly<Record<string, number>>
  return Object.hasOwn(table, token) ? table[token] : undefined
}

/** How many tokens a vocabulary has. */
export function sizeOf(file: Json): number {
  const { vocab } = (file['model'] ?? {}) as { vocab?: unknown }
  return Array.isArray(vocab) ? vocab.length : Object.keys((vocab ?? {}) as object).length
}
