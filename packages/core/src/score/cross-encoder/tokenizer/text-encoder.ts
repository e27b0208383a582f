import { createLibraryTokenizer } from './library.js'
import { createWordPiece, type TokenEncoder } from './wordpiece.js'

export type { TokenEncoder } from './wordpiece.js'

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
  const encodeAll = await createLibraryTokenizer(tokenizerJson, tokenizerConfigJson)
  return {
    encode(text, maxTokens = Infinity) {
      // A long text is read in ever longer stretches that end behind a word, until there are tokens to spare.
      for (let units = maxTokens * UNITS_PER_TOKEN; units < text.length; units *= 2) {
        const end = wordEnd(text, units)
        const ids = end > 0 ? encodeAll(text.slice(0, end)) : []
        if (ids.length > maxTokens) return ids.slice(0, maxTokens)
      }
      const ids = encodeAll(text)
      return ids.length > maxTokens ? ids.slice(0, maxTokens) : ids
    },
  }
}

const LETTER_OR_DIGIT = /[\p{L}\p{N}]/u
const WHITE_SPACE = /\p{White_Space}/u

/** The last place up to `from` where white space follows a letter or digit: there, every tokenizer starts anew. 0: none. */
function wordEnd(text: string, from: number): number {
  for (let end = from; end > 0; end--) {
    if (WHITE_SPACE.test(text[end] as string) && LETTER_OR_DIGIT.test(text[end - 1] as string)) return end
  }
  return 0
}
