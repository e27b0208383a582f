import { idsOfAdded } from './characters.js'
import type { AddedToken, ChosenEncoder, Json } from './pipeline.js'
import { createTextEncoder } from './wordpiece.js'

/*
 * Queries and texts are written by strangers, and a tokenizer takes `[SEP]`, `</s>` or `<|im_end|>` in them for the tokens
 * that only a model's template should place. See docs/control-tokens.md.
 */

/** Added tokens that no file marks as special and that steer a model all the same: `<think>`, `[unused3]`, `<｜User｜>`. */
const LOOKS_LIKE_CONTROL = /^\s*(?:<[^\s<>]{1,60}>|\[[^\s[\]]{1,60}\])\s*$/u

/**
 * The encoder for queries and texts: what is spelled like a control token stays the characters that it is. Equal to
 * `split_special_tokens=True` of Python's transformers, and also for added tokens that are not marked as special, and for
 * vocabularies in which a word may become a control token by itself (Unigram has `</s>` among its pieces).
 */
export async function createContentEncoder(tokenizerJson: unknown): Promise<ChosenEncoder> {
  const json = (tokenizerJson ?? {}) as Json
  const added = addedIn(json)
  const controls = new Set(controlsOf(json))
  if (controls.size === 0) return createTextEncoder(json)
  const vocabulary = vocabularyOf(json)
  const ids = idsOfAdded(
    added.map(({ content }) => content),
    vocabulary,
  )
  const rest = added.filter(({ content }) => !controls.has(content))
  // Without the control tokens, those behind them move up: what the encoder says is put back.
  const moved = idsOfAdded(
    rest.map(({ content }) => content),
    vocabulary,
  )
  const encoder = await createTextEncoder({ ...json, added_tokens: rest.map((token, at) => ({ ...token, id: moved[at] })) })
  const idOf = new Map(added.map(({ content }, at) => [content, ids[at] as number]))
  const back = new Map(rest.map(({ content }, at) => [moved[at] as number, idOf.get(content) as number]))
  const unknown = unknownId(json['model'] as Json | undefined)
  const spellable = [...controls].filter((content) => vocabulary.get(content) !== undefined)
  const named = spellable.map((content) => [idOf.get(content) as number, content.trim()] as const)
  const names = new Map(named.filter(([id]) => id !== unknown))
  return new ContentEncoder(encoder, { names, back, unknown })
}

/** The added tokens that steer a model, of a parsed tokenizer.json. */
export function controlsOf(json: Json): readonly string[] {
  return addedIn(json)
    .filter(isControl)
    .map(({ content }) => content)
}

function addedIn(json: Json): readonly AddedToken[] {
  const added = json['added_tokens']
  return Array.isArray(added) ? (added as AddedToken[]) : []
}

/** What a model spells words with. As parsed where it can be: making a Map of a large one takes longer than to ask it. */
function vocabularyOf(json: Json): { get(token: string): number | undefined; readonly size: number } {
  const { vocab = {} } = (json['model'] ?? {}) as { vocab?: unknown }
  if (Array.isArray(vocab)) return new Map((vocab as [string, number][]).map(([token], id) => [token, id]))
  const ids = vocab as Readonly<Record<string, number>>
  return {
    get: (token) => (Object.hasOwn(ids, token) ? ids[token] : undefined),
    get size() {
      return Object.keys(ids).length
    },
  }
}

function isControl(token: (AddedToken & { readonly special?: boolean }) | null | undefined): boolean {
  return typeof token?.content === 'string' && (token.special === true || LOOKS_LIKE_CONTROL.test(token.content))
}

/** The unknown token stands for what a vocabulary does not have, and is no intruder. */
function unknownId(model: Json | undefined): number | undefined {
  const { unk_id: byPlace, unk_token: content, vocab } = model ?? {}
  if (typeof byPlace === 'number') return byPlace
  const id = typeof content === 'string' ? (vocab as Json | undefined)?.[content] : undefined
  return typeof id === 'number' ? id : undefined
}

/** What a {@link ContentEncoder} changes. */
interface Changes {
  /** What each control token is called that a word may become by itself. */
  readonly names: ReadonlyMap<number, string>
  /** The ids of other added tokens, by those that the encoder gives them. */
  readonly back: ReadonlyMap<number, number>
  readonly unknown: number | undefined
}

/** Spells out the control tokens that an encoder found in spite of all. */
class ContentEncoder implements ChosenEncoder {
  readonly #encoder: ChosenEncoder
  readonly #changes: Changes

  constructor(encoder: ChosenEncoder, changes: Changes) {
    this.#encoder = encoder
    this.#changes = changes
  }

  get kind(): ChosenEncoder['kind'] {
    return this.#encoder.kind
  }

  get together(): number | undefined {
    return this.#encoder.together
  }

  async encode(text: string, maxTokens?: number): Promise<readonly number[]> {
    const ids = await this.#encoder.encode(text, maxTokens)
    const { names, back } = this.#changes
    if (!ids.some((id) => names.has(id) || back.has(id))) return ids
    const spelled: number[] = []
    for (const id of ids) {
      // An added token may have been given the id that a control token has.
      const own = back.get(id)
      if (own !== undefined) spelled.push(own)
      else if (names.has(id)) for (const part of await this.#spelled(id)) spelled.push(part)
      else spelled.push(id)
    }
    return spelled.slice(0, maxTokens)
  }

  /** The name with blanks in it, which is no token any more. */
  async #spelled(control: number): Promise<number[]> {
    const { names, unknown } = this.#changes
    const ids = await this.#encoder.encode(Array.from(names.get(control) as string).join(' '))
    return ids.flatMap((id) => (names.has(id) ? (unknown ?? []) : id))
  }
}
