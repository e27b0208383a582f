import { createWordPiece } from './wordpiece.js'
import type { TokenEncoder } from './wordpiece.js'

export type { TokenEncoder } from './wordpiece.js'

/** The part of `@huggingface/tokenizers` that is used here. */
interface HuggingFaceTokenizer {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
}
type HuggingFaceModule = { Tokenizer: new (tokenizerJson: object, configJson: object) => HuggingFaceTokenizer }

/**
 * The encoder for a parsed tokenizer.json: our own WordPiece where it reproduces the file exactly, otherwise
 * `@huggingface/tokenizers`, loaded on first use.
 */
export async function createTextEncoder(tokenizerJson: unknown, tokenizerConfigJson?: unknown): Promise<TokenEncoder> {
  return createWordPiece(tokenizerJson) ?? (await createFallback(tokenizerJson, tokenizerConfigJson))
}

/** Code units read for each token asked for, at first; far above what text in any script needs. */
const UNITS_PER_TOKEN = 32

async function createFallback(tokenizerJson: unknown, tokenizerConfigJson: unknown): Promise<TokenEncoder> {
  const { Tokenizer } = (await import('@huggingface/tokenizers')) as unknown as HuggingFaceModule
  const tokenizer = new Tokenizer(tokenizerJson as object, (tokenizerConfigJson ?? {}) as object)
  const encodeAll = (text: string): number[] => tokenizer.encode(text, { add_special_tokens: false }).ids
  return {
    encode(text, maxTokens = Infinity) {
      // A long text is read in ever longer stretches that end at white space, until there are tokens to spare.
      for (let units = maxTokens * UNITS_PER_TOKEN; units < text.length; units *= 2) {
        const end = text.slice(0, units).search(/\s\S*$/)
        const ids = end > 0 ? encodeAll(text.slice(0, end)) : []
        if (ids.length > maxTokens) return ids.slice(0, maxTokens)
      }
      const ids = encodeAll(text)
      return ids.length > maxTokens ? ids.slice(0, maxTokens) : ids
    },
  }
}
