import { invalidArgument } from '../errors.js'

/** Counts the tokens of a text as the model that will read the answer does. */
export type TokenCounter = (text: string) => number | Promise<number>

/** What is left of a token budget. */
export class TokenBudget {
  #left: number
  readonly #count: TokenCounter

  constructor(maxTokens: number, count: TokenCounter) {
    this.#left = maxTokens
    this.#count = count
  }

  /**
   * Takes the tokens of a text out of the budget when they fit, and says whether they did.
   *
   * @throws RerankError `'invalid-argument'` when the counter gives anything but a number from 0, or what it threw.
   */
  async take(text: string): Promise<boolean> {
    const tokens: unknown = await this.#count(text)
    if (typeof tokens !== 'number' || !(tokens >= 0)) {
      throw invalidArgument('countTokens(text)', tokens, 'return how many tokens the text has, a number from 0')
    }
    if (tokens > this.#left) return false
    this.#left -= tokens
    return true
  }
}
