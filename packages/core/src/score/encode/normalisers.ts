import { precompiledNormaliser } from './precompiled.js'

/** A step of a tokenizer that changes text. */
export type Normalise = (text: string) => string

type Json = Readonly<Record<string, unknown>>

/**
 * The steps of a tokenizer.json's `normalizer`, where this library does them as the reference does and
 * `@huggingface/tokenizers` does not quite; `undefined` for each other step. A `Sequence` is taken apart.
 */
export function normaliserSteps(normaliser: unknown): { readonly json: Json; readonly exact: Normalise | undefined }[] {
  const json = (normaliser ?? {}) as Json
  if (json['type'] === 'Sequence') return ((json['normalizers'] ?? []) as unknown[]).flatMap(normaliserSteps)
  return json['type'] === undefined ? [] : [{ json, exact: exactStep(json) }]
}

function exactStep(json: Json): Normalise | undefined {
  switch (json['type']) {
    case 'Precompiled':
      return typeof json['precompiled_charsmap'] === 'string'
        ? precompiledNormaliser(json['precompiled_charsmap'])
        : undefined
    case 'Strip':
      return (text) => strip(text, json['strip_left'] === true, json['strip_right'] === true)
    case 'Lowercase':
      // One character after the other: a capital sigma becomes the same letter wherever it stands.
      return (text) => (text.includes('Σ') ? Array.from(text, (one) => one.toLowerCase()).join('') : text.toLowerCase())
    case 'StripAccents':
      return (text) => text.replace(/\p{Mn}/gu, '')
    case 'Prepend':
      return (text) => (text === '' ? '' : `${(json['prepend'] as string | undefined) ?? ''}${text}`)
    default:
      return undefined
  }
}

const WHITE_SPACE = /\p{White_Space}/u

/** By Unicode's White_Space: `trim` takes U+FEFF for white space too, and U+0085 for none. */
function strip(text: string, left: boolean, right: boolean): string {
  let [start, end] = [0, text.length]
  while (left && start < end && WHITE_SPACE.test(text[start] as string)) start++
  while (right && end > start && WHITE_SPACE.test(text[end - 1] as string)) end--
  return text.slice(start, end)
}
