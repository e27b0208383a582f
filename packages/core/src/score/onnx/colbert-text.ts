import { type TokenEncoder, createTextEncoder } from '../encode/text-encoder.js'

interface TokenizerJson {
  readonly added_tokens?: readonly { readonly content: string; readonly special?: boolean }[]
}

/**
 * The encoder of a late-interaction model's texts.
 *
 * Its markers (`'[Q] '`, `'[D] '`) were added to the vocabulary as ordinary tokens, which our own WordPiece leaves to
 * `@huggingface/tokenizers`; that one is slower and cuts rare Chinese characters otherwise than the reference. Markers
 * matter only to a text that spells one out, so every other text is encoded as if they were not there.
 */
export async function createColbertTextEncoder(
  tokenizer: unknown,
  tokenizerConfig: unknown,
  markers: readonly string[],
): Promise<TokenEncoder> {
  const added = (tokenizer as TokenizerJson).added_tokens ?? []
  const others = added.filter(({ content, special }) => special === true || !markers.includes(content))
  const whole = await createTextEncoder(tokenizer, tokenizerConfig)
  if (others.length === added.length) return whole
  const without = await createTextEncoder({ ...(tokenizer as object), added_tokens: others }, tokenizerConfig)
  const spelled = markers.map((marker) => marker.trim().toLowerCase()).filter((marker) => marker !== '')
  return {
    encode(text, maxTokens) {
      const lower = text.toLowerCase()
      const encoder = spelled.some((marker) => lower.includes(marker)) ? whole : without
      return encoder.encode(text, maxTokens)
    },
  }
}
