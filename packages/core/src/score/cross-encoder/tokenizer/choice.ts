import { openRustTokenizer } from '#node/score/cross-encoder/tokenizer/rust'
import { RerankError } from '../../../base/errors.js'
import { refuseEndlessWork } from './guard.js'
import { type ChosenEncoder, cutsBetweenWords, type Json, type TokenEncoder, unknownToLibrary } from './pipeline.js'

/** The Rust tokenizer works beside this thread, and handing a text over takes as long as encoding it. */
const TOGETHER = 8

/**
 * The encoder for a parsed tokenizer.json that our own WordPiece does not reproduce: the package `tokenizers`, which is the
 * same Rust as Python's. Where that is not installed, and in browsers, `@huggingface/tokenizers` serves the files that it is
 * known to read as Python does.
 *
 * @throws RerankError `'model-files'` for a file that gives other ids each time, `'runtime'` for one that needs the
 * package `tokenizers`.
 */
export async function chooseEncoder(json: Json): Promise<ChosenEncoder> {
  refuseDropout(json)
  refuseEndlessWork(json)
  const readsWhole = !cutsBetweenWords(json)
  const rust = await openRustTokenizer(json)
  if (typeof rust === 'function') return { kind: 'rust', encode: shortened(rust, readsWhole), together: TOGETHER }
  const unknown = unknownToLibrary(json)
  if (unknown !== undefined) throw needsRust(unknown, rust)
  const { createLibraryEncoder } = await import('./library.js')
  return { kind: 'javascript', encode: shortened(await createLibraryEncoder(json), readsWhole) }
}

function refuseDropout({ model }: Json): void {
  const { dropout } = (model ?? {}) as Json
  if (dropout === undefined || dropout === null || dropout === 0) return
  const fix = 'it belongs to training and makes scores a matter of chance; set it to null'
  throw new RerankError('model-files', `model.dropout of tokenizer.json is ${JSON.stringify(dropout)}: ${fix}.`)
}

function needsRust(unknown: string, missing: Error | undefined): RerankError {
  const message = `tokenizer.json has ${unknown}, which @huggingface/tokenizers is not known to read as Python does`
  if (missing === undefined) {
    const fix = 'the package "tokenizers" does, in Node.js; here, use a model without it'
    return new RerankError('runtime', `${message}: ${fix}.`)
  }
  const isAbsent =
    /MODULE_NOT_FOUND$/.test(String((missing as NodeJS.ErrnoException).code)) && /'tokenizers'/.test(missing.message)
  const fix = isAbsent
    ? 'run "npm install tokenizers", which does'
    : `the package "tokenizers" does, and could not be loaded (${missing.message.split('\n')[0]}); install it again`
  return new RerankError('runtime', `${message}: ${fix}.`, { cause: missing })
}

/** Ids of a whole text. */
type EncodeAll = (text: string) => readonly number[] | Promise<readonly number[]>

/** Code units read for each token asked for, at first; far above what text in most scripts needs. */
const UNITS_PER_TOKEN = 32

function shortened(encodeAll: EncodeAll, readsWhole: boolean): TokenEncoder['encode'] {
  return async (text, maxTokens = Infinity) => {
    // A long text is read in ever longer stretches that end behind a word, until there are tokens to spare.
    for (let units = maxTokens * UNITS_PER_TOKEN; units < text.length && !readsWhole; units *= 2) {
      const end = wordEnd(text, units)
      const ids = end > 0 ? await encodeAll(text.slice(0, end)) : []
      if (ids.length > maxTokens) return ids.slice(0, maxTokens)
    }
    const ids = await encodeAll(text)
    return ids.length > maxTokens ? ids.slice(0, maxTokens) : ids
  }
}

/** Not U+0D4E, a letter that forms one grapheme with whatever follows it. */
const LETTER_OR_DIGIT = /(?!\u0d4e)[\p{L}\p{N}]/u

/** The last place up to `from` where a space follows a letter or digit: there, most tokenizers start anew. 0: none. */
function wordEnd(text: string, from: number): number {
  for (let end = from; end > 0; end--) {
    if (text[end] === ' ' && LETTER_OR_DIGIT.test(text[end - 1] as string)) return end
  }
  return 0
}
