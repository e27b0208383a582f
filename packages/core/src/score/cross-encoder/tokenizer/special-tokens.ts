import type { Json, TokenEncoder } from './library.js'
import { createTextEncoder } from './wordpiece.js'

/*
 * Queries and texts are written by strangers, and a tokenizer takes `[SEP]`, `</s>` or `<|im_end|>` in them for the tokens
 * that only a model's template should place. See docs/control-tokens.md.
 */

/** Added tokens that no file marks as special and that steer a model all the same: `<think>`, `[unused3]`, `<｜User｜>`. */
const LOOKS_LIKE_CONTROL = /^\s*(?:<[^\s<>]{1,60}>|\[[^\s[\]]{1,60}\])\s*$/u

interface AddedToken {
  readonly content: string
  readonly id: number
  readonly special?: boolean
}

/**
 * The encoder for queries and texts: what is spelled like a control token stays the characters that it is. Equal to
 * `split_special_tokens=True` of Python's transformers, and also for added tokens that are not marked as special, and for
 * vocabularies in which a word may become a control token by itself (Unigram has `</s>` among its pieces).
 */
export async function createContentEncoder(tokenizerJson: unknown, tokenizerConfig: unknown): Promise<TokenEncoder> {
  const json = (tokenizerJson ?? {}) as Json
  const added = Array.isArray(json['added_tokens']) ? (json['added_tokens'] as AddedToken[]) : []
  const controls = added.filter(isControl)
  const rest = added.filter((token) => !isControl(token))
  const encoder = await createTextEncoder({ ...json, added_tokens: rest }, tokenizerConfig)
  const unknown = unknownId(json['model'] as Json | undefined)
  const names = new Map(controls.filter(({ id }) => id !== unknown).map(({ id, content }) => [id, content.trim()]))
  return names.size === 0 ? encoder : new ContentEncoder(encoder, names, unknown)
}

function isControl(token: AddedToken | null | undefined): token is AddedToken {
  return typeof token?.content === 'string' && (token.special === true || LOOKS_LIKE_CONTROL.test(token.content))
}

/** The unknown token stands for what a vocabulary does not have, and is no intruder. */
function unknownId(model: Json | undefined): number | undefined {
  const { unk_id: byPlace, unk_token: content, vocab } = model ?? {}
  if (typeof byPlace === 'number') return byPlace
  const id = typeof content === 'string' ? (vocab as Json | undefined)?.[content] : undefined
  return typeof id === 'number' ? id : undefined
}

/** Spells out the control tokens that an encoder found in spite of all. */
class ContentEncoder implements TokenEncoder {
  readonly #encoder: TokenEncoder
  /** What each control token is called. */
  readonly #names: ReadonlyMap<number, string>
  readonly #unknown: number | undefined

  constructor(encoder: TokenEncoder, names: ReadonlyMap<number, string>, unknown: number | undefined) {
    this.#encoder = encoder
    this.#names = names
    this.#unknown = unknown
  }

  encode(text: string, maxTokens?: number): number[] {
    const ids = this.#encoder.encode(text, maxTokens)
    if (!ids.some((id) => this.#names.has(id))) return ids
    return ids.flatMap((id) => (this.#names.has(id) ? this.#spelled(id) : id)).slice(0, maxTokens)
  }

  /** The name with blanks in it, which is no token any more. */
  #spelled(control: number): number[] {
    const ids = this.#encoder.encode(Array.from(this.#names.get(control) as string).join(' '))
    return ids.flatMap((id) => (this.#names.has(id) ? (this.#unknown ?? []) : id))
  }
}
