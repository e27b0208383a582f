import type { YesNo } from './generate.js'

/** Beyond this a sigmoid is 0 or 1 to the last bit, so nothing is lost by it. */
const MOST = 40

/** A logarithm of a probability may come out a little above 0. */
const ROUNDING = 1e-3

/** The log-odds of yes against no, within -40 to 40; nothing when these are no log-probabilities. */
export function logitOf(answer: unknown): number | undefined {
  const { yes, no } = (answer ?? {}) as Partial<Record<keyof YesNo, unknown>>
  if (!isLogProbability(yes) || !isLogProbability(no)) return undefined
  // -Infinity - -Infinity: the model said neither.
  if (yes === -Infinity && no === -Infinity) return undefined
  return Math.max(-MOST, Math.min(MOST, yes - no))
}

function isLogProbability(value: unknown): value is number {
  return typeof value === 'number' && value <= ROUNDING
}

/** One token that a service names as likely, with the natural logarithm of its probability. */
export interface LikelyToken {
  readonly token: string
  readonly logprob: number
}

/**
 * Adds up the likely first tokens that mean yes or no, whatever their case and the space before them, as services list
 * them (`top_logprobs`). One that is not in the list is less likely than all that are: it is given the probability of the
 * least likely, so that no score is infinite.
 *
 * @param tokens the likely tokens at the first place of the answer.
 * @returns `-Infinity` for both when neither is among them: `llmPointwise` then fails the call.
 */
export function yesNoOf(tokens: readonly LikelyToken[]): YesNo {
  const chance = (word: string): number =>
    tokens
      .filter(({ token }) => token.trim().toLowerCase() === word)
      .reduce((sum, { logprob }) => sum + Math.exp(logprob), 0)
  const [yes, no] = [chance('yes'), chance('no')]
  if (yes === 0 && no === 0) return { yes: -Infinity, no: -Infinity }
  const least = Math.exp(Math.min(...tokens.map(({ logprob }) => logprob)))
  return { yes: Math.log(yes || least), no: Math.log(no || least) }
}
