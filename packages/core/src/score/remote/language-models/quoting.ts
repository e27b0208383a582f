import type { TruncationSide } from '../../../types.js'

/*
 * How foreign text gets into a prompt: cut to a bound, on one line, and without anything that could be taken for a part of
 * the prompt itself or of the chat template around it.
 */

/** A token stands for fewer characters than this, even in the most compact tokenisers. */
const MOST_CHARACTERS_A_TOKEN = 20

/** Longer than this it is no word, and is cut in the middle. */
const LONGEST_WORD = 40

/**
 * Invisible characters, which can hide a marker: all that Unicode says may be left undrawn (zero-width, joiners, turns of
 * the direction of writing, variation selectors, fillers, tags), and the marks of annotations.
 */
const INVISIBLE = /[\p{Default_Ignorable_Code_Point}\u180e\ufff9-\ufffb]/gu

/** The start of a tag or of a control token, as in `</passage>`, `<|im_end|>`, `<｜User｜>`, `<s>`, `<<SYS>>`; and what ends one. */
const OPENS = /[<＜﹤](?=\p{M}*(?:[/|｜¦│∣!?<＜﹤\p{L}]|\s+(?:[/|｜¦│∣]|passage|query)))/giu
const CLOSES = /(?<=[|｜¦│∣\p{L}\p{N}"'/])[>＞﹥]/gu

/** The names of control tokens that stand in square brackets, in the tokenisers of public models. */
const CONTROLS =
  'INST|SYS|SYSTEM_PROMPT|TOOL_CALLS|TOOL_RESULTS|TOOL_CONTENT|AVAILABLE_TOOLS|ARGS|CALL_ID|IMG|IMG_BREAK|IMG_END|PREFIX|SUFFIX|MIDDLE|THINK|GMASK|SMASK|SOP|EOP|BOS|EOS|SEP|CLS|MASK|UNK|PAD|UNUSED\\d{1,3}'

/** A number in brackets, which is how passages and answers are numbered here; and control tokens such as `[INST]`. */
const BRACKETED = new RegExp(`[[［【〔]\\s*(\\p{Nd}{1,9}|/?\\s*(?:${CONTROLS}))\\s*[\\]］】〕]`, 'giu')

/**
 * A text that cannot be taken for anything else in the prompt: one line, without control or invisible characters, and with
 * what looks like our own delimiters, numbers or a chat template written in other brackets.
 */
export function neutralise(text: string): string {
  return text
    .replace(/\p{Surrogate}/gu, '\ufffd')
    .replace(INVISIBLE, '')
    .replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')
    .trim()
    .replace(BRACKETED, '($1)')
    .replace(OPENS, '‹')
    .replace(CLOSES, '›')
}

/** How much of a text is quoted, and which side of a longer one. */
interface Bound {
  readonly maxTokens: number
  readonly countTokens: (text: string) => number
  readonly side: TruncationSide
}

/** The options that bound what is quoted. */
interface Bounds {
  readonly maxPassageTokens: number
  readonly maxQueryTokens: number
  readonly queryTruncationSide: TruncationSide
  readonly countTokens: (text: string) => number
}

interface Quoted {
  readonly text: string
  readonly truncated: boolean
}

/** A passage cut to the number of tokens, between words where there are spaces, and neutralised. */
export function truncatePassage(
  passage: string,
  { maxPassageTokens, countTokens }: Pick<Bounds, 'maxPassageTokens' | 'countTokens'>,
): Quoted {
  return quote(passage, { maxTokens: maxPassageTokens, countTokens, side: 'right' })
}

/** A query likewise, cut at its end or at its beginning. */
export function truncateQuery(
  query: string,
  { maxQueryTokens, countTokens, queryTruncationSide: side }: Omit<Bounds, 'maxPassageTokens'>,
): Quoted {
  return quote(query, { maxTokens: maxQueryTokens, countTokens, side })
}

function quote(given: string, bound: Bound): Quoted {
  const { maxTokens, side } = bound
  if (maxTokens === Infinity) return { text: neutralise(given), truncated: false }
  // A text of a megabyte is not measured to its end.
  const longest = maxTokens * MOST_CHARACTERS_A_TOKEN
  const part = side === 'right' ? given.slice(0, 2 * longest) : given.slice(-2 * longest)
  const all = neutralise(part)
  const isCut = given.length > part.length
  if (side === 'right') {
    const end = endThatFits(all, Math.min(all.length, longest), bound)
    return { text: all.slice(0, end).trimEnd(), truncated: end < all.length || isCut }
  }
  const start = startThatFits(all, Math.max(0, all.length - longest), bound)
  return { text: all.slice(start).trimStart(), truncated: start > 0 || isCut }
}

/** Where to cut a text so that it keeps the limit: between words when one of its last words can be left out whole. */
function endThatFits(text: string, longest: number, { maxTokens, countTokens }: Bound): number {
  const fits = (end: number): boolean => countTokens(text.slice(0, end)) <= maxTokens
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

/** The same from the other side. */
function startThatFits(text: string, earliest: number, { maxTokens, countTokens }: Bound): number {
  const fits = (start: number): boolean => countTokens(text.slice(start)) <= maxTokens
  if (earliest === 0 && fits(0)) return 0
  let [least, most] = [earliest, text.length]
  while (least < most) {
    const middle = Math.floor((least + most) / 2)
    if (fits(middle)) most = middle
    else least = middle + 1
  }
  const space = text.indexOf(' ', least)
  if (least > 0 && text.charAt(least - 1) === ' ') return least
  if (space >= 0 && space < least + LONGEST_WORD) return space + 1
  const isInsidePair = /[\udc00-\udfff]/.test(text.charAt(least))
  return isInsidePair ? least + 1 : least
}
