import type { LlmSettings } from './options.js'

/** A token stands for fewer characters than this, even in the most compact tokenisers. */
const MOST_CHARACTERS_A_TOKEN = 20

/** Longer than this it is no word, and is cut in the middle. */
const LONGEST_WORD = 40

/** Invisible characters that can hide a marker: zero-width, turning the direction of writing, tags. */
const INVISIBLE = /[\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff\u{e0000}-\u{e007f}]/gu

/** The start of a tag or of a control token, as in `</passage>`, `<|im_end|>`, `<s>`, `<<SYS>>`; and what ends one. */
const OPENS = /[<＜﹤](?=[/|!?<＜﹤\p{L}]|\s+(?:[/|]|passage|query))/giu
const CLOSES = /(?<=[|\p{L}\p{N}"'/])>/gu

/** A number in brackets, which is how passages and answers are numbered here; and `[INST]`. */
const BRACKETED = /[[［【〔]\s*(\p{Nd}{1,9}|\/?\s*INST)\s*[\]］】〕]/giu

/** A passage as a model may read it. */
export interface ShownPassage {
  readonly text: string
  /** The end was left out because it was too long. */
  readonly truncated: boolean
}

/**
 * A passage that cannot be taken for anything else in the prompt: one line, without control or invisible characters, and
 * with what looks like our own delimiters, numbers or a chat template written in other brackets.
 */
export function harmless(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(INVISIBLE, '')
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .replace(BRACKETED, '($1)')
    .replace(OPENS, '‹')
    .replace(CLOSES, '›')
}

/** A passage cut to the number of tokens, between words where there are spaces, and made {@link harmless}. */
export function shown(text: string, settings: Pick<LlmSettings, 'maxPassageTokens' | 'countTokens'>): ShownPassage {
  const { maxPassageTokens } = settings
  if (maxPassageTokens === Infinity) return { text: harmless(text), truncated: false }
  // A text of a megabyte is not measured to its end.
  const longest = maxPassageTokens * MOST_CHARACTERS_A_TOKEN
  const all = harmless(text.slice(0, 2 * longest))
  const end = endThatFits(all, Math.min(all.length, longest), settings)
  return { text: all.slice(0, end).trimEnd(), truncated: end < all.length || text.length > 2 * longest }
}

/** Where to cut a text so that it keeps the limit: between words when one of its last words can be left out whole. */
function endThatFits(
  text: string,
  longest: number,
  { maxPassageTokens, countTokens }: Pick<LlmSettings, 'maxPassageTokens' | 'countTokens'>,
): number {
  const fits = (end: number): boolean => countTokens(text.slice(0, end)) <= maxPassageTokens
  if (longest === text.length && fits(longest)) return longest
  let [least, most] = [0, longest]
  while (least < most) {
    const middle = Math.ceil((least + most) / 2)
    if (fits(middle)) least = middle
    else most = middle - 1
  }
  const space = text.lastIndexOf(' ', least)
  if (space > least - LONGEST_WORD && space > 0) return space
  const isInsidePair = /[\ud800-\udbff]/.test(text.charAt(least - 1))
  return isInsidePair ? least - 1 : least
}
