import type { ResultOrder, Scorer } from '../types.js'
import { checkBetween, checkCount, checkFinite, checkFunction, checkOptions } from '../checks.js'
import { invalidArgument } from '../errors.js'
import type { TokenCounter } from './budget.js'
import type { Diversity } from './diversity.js'

/** How results are chosen and laid out for a prompt, for every call or for one. */
export interface LayoutOptions {
  /**
   * How many tokens the returned texts may have together, 1 or more. Results are taken best first while they fit; one
   * that does not is passed over, and a later, shorter one may still fit. Counted by `countTokens`: what a prompt puts
   * around the texts is not included. The counting is not bound by `deadlineMs`. Default: no limit.
   */
  readonly maxTokens?: number | undefined
  /**
   * `'relevance'` (default): best first. `'edges'`: the best first, the second best last, the third second and so on,
   * because language models read the middle of a long prompt least well. Which results come back is the same, and so is
   * their `rank`.
   */
  readonly order?: ResultOrder | undefined
}

/** What of the options of a reranker says how results are chosen for a prompt. */
export interface PromptOptions extends LayoutOptions {
  /**
   * Counts tokens for `maxTokens`, best with the tokenizer of the model that will read the results. Default: the
   * tokenizer of the last scorer that has one, as the bundled model does; another model may count more. No effect
   * without `maxTokens`.
   */
  readonly countTokens?: TokenCounter | undefined
  /**
   * Leaves out results that say the same as a better one. Default: off; `{}` turns it on with its defaults. Costs
   * about half a millisecond for each text that is looked at, of 150 words; with `topN` that is a little more than `topN`.
   */
  readonly diversity?: Diversity | undefined
}

/** Checks the options that choose results for a prompt, except that somebody counts: {@link checkCounter}. */
export function checkPromptOptions({ maxTokens, countTokens, order, diversity }: PromptOptions): void {
  if (maxTokens !== undefined) checkCount('maxTokens', maxTokens, 1)
  if (countTokens !== undefined) checkFunction('countTokens', countTokens)
  if (order !== undefined && order !== 'relevance' && order !== 'edges') {
    throw invalidArgument('order', order, "pass 'relevance' or 'edges'")
  }
  if (diversity !== undefined) checkDiversity(diversity)
}

function checkDiversity(diversity: Diversity): void {
  checkOptions('diversity', diversity, ['threshold', 'lambda'])
  const { threshold, lambda } = diversity
  if (threshold !== undefined) {
    checkBetween('diversity.threshold', threshold, [0, 1])
    if (threshold === 0) throw invalidArgument('diversity.threshold', threshold, 'pass a number above 0')
  }
  if (lambda !== undefined) checkBetween('diversity.lambda', lambda, [0, 1])
}

/** The tokenizer of the last scorer that has one: it is the one that reads most of what is returned. */
export function counterOf(scorers: readonly Scorer[]): TokenCounter | undefined {
  const scorer = scorers.findLast((one) => one.countTokens !== undefined)
  return scorer && (async (text) => (await scorer.countTokens?.(text)) as number)
}

/** Throws when tokens are to be counted and nobody can. */
export function checkCounter(maxTokens: number | undefined, countTokens: TokenCounter | undefined): void {
  if (maxTokens === undefined || maxTokens === Infinity || countTokens !== undefined) return
  throw invalidArgument(
    'maxTokens',
    maxTokens,
    'no scorer here can count tokens; give createReranker countTokens: (text) => number',
  )
}

/** Throws when a threshold cannot be held against the scores of this scorer. */
export function checkMinScore(minScore: number, scorer: Scorer): void {
  checkFinite('minScore', minScore)
  if ((scorer.primary ?? scorer).scope === 'pool') {
    throw invalidArgument(
      'minScore',
      minScore,
      `the scores of ${scorer.id} mean something within one pool only; leave it out`,
    )
  }
  if (scorer.toProbability !== undefined && (minScore < 0 || minScore > 1)) {
    throw invalidArgument(
      'minScore',
      minScore,
      `the scores of ${scorer.id} are probabilities; pass a number from 0 to 1`,
    )
  }
}
