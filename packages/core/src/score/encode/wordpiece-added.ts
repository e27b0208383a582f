/** A token that is looked for in the raw text, before anything else is done to it. */
export interface AddedToken {
  readonly content: string
  readonly id: number
  /** Only where no word character stands beside it. */
  readonly singleWord: boolean
}

/** Looks for added tokens in one text, from left to right; of several at one place the longest is meant. */
export class AddedTokenSearch {
  readonly #tokens: readonly AddedToken[]
  readonly #text: string
  /** A match that was refused uses up its text all the same. */
  #from = 0

  /** `tokens`: longest first. */
  constructor(tokens: readonly AddedToken[], text: string) {
    this.#tokens = tokens
    this.#text = text
  }

  /** The token that starts at `place`. Places are asked for in order. */
  at(place: number): AddedToken | undefined {
    if (place < this.#from) return undefined
    const token = this.#tokens.find(({ content }) => this.#text.startsWith(content, place))
    if (token === undefined || !token.singleWord) return token
    const end = place + token.content.length
    if (this.#standsAlone(place, end)) return token
    this.#from = end
    return undefined
  }

  #standsAlone(start: number, end: number): boolean {
    const before = this.#text.slice(Math.max(0, start - 2), start)
    return !endsWithWord.test(before) && !startsWithWord.test(this.#text.slice(end, end + 2))
  }
}

// `\w` of the Rust crate `regex`.
const endsWithWord = /[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]$/u
const startsWithWord = /^[\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\p{Join_Control}]/u
