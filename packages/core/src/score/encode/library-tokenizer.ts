import type { Normalise } from './normalisers.js'
import { normaliserSteps } from './normalisers.js'
import { reworded } from './pre-tokenisers.js'

/** The part of `@huggingface/tokenizers` that is used here; its own types cannot be read by TypeScript's `nodenext`. */
interface Library {
  readonly Tokenizer: new (tokenizerJson: object, configJson: object) => LibraryTokenizer
  readonly Normalizer: new (json: object) => LibraryNormaliser
  readonly SequenceNormalizer: new (json: object) => LibraryNormaliser
  readonly Unigram: new (...rest: never[]) => Unigram
}
interface LibraryTokenizer {
  normalizer: LibraryNormaliser | null
  readonly model: unknown
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] }
}
interface LibraryNormaliser {
  normalize(text: string): string
}
interface Unigram {
  encode(words: readonly string[]): string[]
  tokenize(word: string): string[]
}

/** All ids of a text, without special tokens. */
export type EncodeAll = (text: string) => number[]

/**
 * The tokenizer of `@huggingface/tokenizers` for a parsed tokenizer.json, brought closer to the reference (the Rust crate
 * `tokenizers`) where the two differ: see `normalisers.ts` and `pre-tokenisers.ts`.
 */
export async function createLibraryTokenizer(tokenizerJson: unknown, configJson: unknown): Promise<EncodeAll> {
  const library = (await import('@huggingface/tokenizers')) as unknown as Library
  const json = tokenizerJson as Readonly<Record<string, unknown>>
  const complete = { normalizer: null, decoder: null, post_processor: null, added_tokens: [], ...json }
  const file = { ...complete, pre_tokenizer: reworded(json['pre_tokenizer']) }
  const tokenizer = new library.Tokenizer(file, (configJson ?? {}) as object)
  tokenizer.normalizer = exactNormaliser(library, json['normalizer']) ?? tokenizer.normalizer
  if (tokenizer.model instanceof library.Unigram) wordByWord(tokenizer.model)
  return (text) => tokenizer.encode(text, { add_special_tokens: false }).ids
}

/** `undefined` when the library does every step as the reference does. */
function exactNormaliser(library: Library, json: unknown): LibraryNormaliser | undefined {
  const steps = normaliserSteps(json)
  if (steps.every(({ exact }) => exact === undefined)) return undefined
  const functions = steps.map(({ json: step, exact }): Normalise => {
    if (exact !== undefined) return exact
    const one = new library.SequenceNormalizer({ type: 'Sequence', normalizers: [step] })
    return (text) => one.normalize(text)
  })
  class Exact extends library.Normalizer {
    override normalize(text: string): string {
      return functions.reduce((value, step) => step(value), text)
    }
  }
  return new Exact({ type: 'Sequence' })
}

/** Words remembered, and the longest of them: as many as a page of any language holds, several times over. */
const MOST_WORDS = 20_000
const LONGEST_WORD = 32

/**
 * The library cuts every word anew, and passes its pieces on as arguments, which fails for words of a hundred thousand
 * pieces. A word has the same pieces wherever it stands.
 */
function wordByWord(model: Unigram): void {
  const known = new Map<string, string[]>()
  const piecesOf = (word: string): string[] => {
    const found = known.get(word)
    if (found !== undefined) return found
    const pieces = model.tokenize(word)
    if (word.length <= LONGEST_WORD && known.size < MOST_WORDS) known.set(word, pieces)
    return pieces
  }
  model.encode = (words) => words.flatMap(piecesOf)
}
