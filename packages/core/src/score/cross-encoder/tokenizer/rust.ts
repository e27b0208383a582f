import module from 'node:module'
import { isError, RerankError } from '../../../base/errors.js'
import { type AddedToken, addedTokensOf, type Json } from './pipeline.js'

/** The part of the package `tokenizers` that is used here. */
interface Binding {
  readonly Tokenizer: { fromString(json: string): RustTokenizer }
}
interface RustTokenizer {
  getNormalizer(): { normalizeString(text: string): string } | null
  encode(text: string, pair: null, options: EncodeOptions): Promise<Encoding>
  encodeBatch(texts: readonly string[], options: EncodeOptions): Promise<Encoding[]>
}
interface EncodeOptions {
  readonly addSpecialTokens: boolean
}
interface Encoding {
  getIds(): number[]
}

/** All ids of a text, without special tokens. */
export type EncodeWithRust = (text: string) => Promise<readonly number[]>

/**
 * The tokenizer of the package `tokenizers` for a parsed tokenizer.json: the same Rust as Python's, so it gives the same
 * ids. It works beside the event loop. Truncation and padding that the file asks for are left out.
 *
 * @returns why the package cannot be used here, when it cannot; nothing in browsers, where this file is left out.
 * @throws RerankError `'model-files'` for a file that would crash it, and what it throws itself for one that it cannot read.
 */
export async function openRustTokenizer(tokenizerJson: Json): Promise<EncodeWithRust | Error | undefined> {
  const binding = load()
  if (isError(binding)) return binding
  const tokenizer = binding.Tokenizer.fromString(JSON.stringify({ ...tokenizerJson, truncation: null, padding: null }))
  refuseEmptyTokens(tokenizer, tokenizerJson)
  const queue = new Queue(tokenizer)
  return (text) => queue.encode(text)
}

function load(): Binding | Error {
  try {
    const require = module.createRequire(import.meta.url)
    return require('tokenizers') as Binding
  } catch (error) {
    return error as Error
  }
}

/** Looking for nothing, it ends the whole process at the first letter beyond ASCII. */
function refuseEmptyTokens(tokenizer: RustTokenizer, tokenizerJson: Json): void {
  const normalizer = tokenizer.getNormalizer()
  const isEmpty = ({ content, normalized }: AddedToken): boolean =>
    normalized === true && normalizer?.normalizeString(content) === ''
  const empty = addedTokensOf(tokenizerJson).find(isEmpty)
  if (empty === undefined) return
  const fix = 'take it out of tokenizer.json, or set its "normalized" to false'
  const message = `The normalizer of tokenizer.json leaves nothing of the added token ${JSON.stringify(empty.content)}`
  throw new RerankError('model-files', `${message}: ${fix}.`)
}

interface Waiting {
  readonly text: string
  resolve(ids: readonly number[]): void
  reject(error: unknown): void
}

const WITHOUT_SPECIAL = { addSpecialTokens: false }

/** Hands texts that are asked for in one go over together: for short ones, handing over takes longer than encoding. */
class Queue {
  readonly #tokenizer: RustTokenizer
  #waiting: Waiting[] = []

  constructor(tokenizer: RustTokenizer) {
    this.#tokenizer = tokenizer
  }

  encode(text: string): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ text, resolve, reject })
      if (this.#waiting.length === 1) queueMicrotask(() => void this.#flush())
    })
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting
    this.#waiting = []
    try {
      const encodings = await this.#encodeAll(waiting.map(({ text }) => text))
      for (const [at, { resolve }] of waiting.entries()) resolve((encodings[at] as Encoding).getIds())
    } catch (cause) {
      const fix = 'restore tokenizer.json from the model it came with'
      const message = `The tokenizer cannot read a text (${(cause as Error).message}): ${fix}.`
      for (const { reject } of waiting) reject(new RerankError('model-files', message, { cause }))
    }
  }

  async #encodeAll(texts: readonly string[]): Promise<Encoding[]> {
    if (texts.length > 1) return this.#tokenizer.encodeBatch(texts, WITHOUT_SPECIAL)
    return [await this.#tokenizer.encode(texts[0] as string, null, WITHOUT_SPECIAL)]
  }
}
