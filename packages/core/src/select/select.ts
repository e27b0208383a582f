import { callable, type Check, type Defaulted, oneOf, record, wholeOrInfinity, withDefault } from '../base/check.js'
import { invalidArgument } from '../base/errors.js'
import { Pacer } from '../base/clock.js'
import type { ResultOrder, Scorer } from '../types.js'
import { type Diversity, DiversityPicker, diversityTable } from './diversity.js'

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

/**
 * Lays a ranked list out for a prompt: the best first, the second best last, the third second, and so on, so that the
 * least relevant stand in the middle, which language models read least well (Liu et al. 2023, "Lost in the Middle").
 */
export function toEdges<T>(ranked: readonly T[]): T[] {
  const front = ranked.filter((_, at) => at % 2 === 0)
  const back = ranked.filter((_, at) => at % 2 === 1)
  return [...front, ...back.reverse()]
}

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
   * When the deadline passes meanwhile, the rest follows as ranked, and the report counts it in `notCompared`.
   */
  readonly diversity?: Diversity | undefined
}

/** The options that lay results out. */
export const layoutTable: { readonly maxTokens: Check<number>; readonly order: Check<ResultOrder> } = {
  maxTokens: wholeOrInfinity(1),
  order: oneOf('relevance', 'edges'),
}

/** The options that choose results for a prompt; whether somebody can count is for {@link checkCounter}. */
export const promptTable: {
  readonly maxTokens: Defaulted<number>
  readonly order: Defaulted<ResultOrder>
  readonly countTokens: Check<TokenCounter>
  readonly diversity: Check<Diversity>
} = {
  maxTokens: withDefault(layoutTable.maxTokens, Infinity),
  order: withDefault(layoutTable.order, 'relevance'),
  countTokens: callable<TokenCounter>(),
  diversity: record<Diversity>(diversityTable),
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

/** What may stand in an answer. */
export interface Selection {
  /** How many at most, `Infinity` for all. */
  readonly topN: number
  /** Tokens of all texts together at most, `Infinity` for no limit. */
  readonly maxTokens: number
  /** Needed when `maxTokens` is finite. */
  readonly countTokens: TokenCounter | undefined
  readonly diversity: Diversity | undefined
  readonly signal?: AbortSignal | undefined
  /** Whether the time is up, so that nothing more is compared. Default: never. */
  readonly isLate?: (() => boolean) | undefined
}

/** The chosen part of a ranked list, and why the rest is not in it. What `topN` cut off is not counted. */
export interface Selected<T> {
  readonly kept: readonly T[]
  readonly overBudget: number
  readonly nearDuplicates: number
  /** How many of those kept were not compared, because the time was up. */
  readonly notCompared: number
}

/**
 * Chooses from a ranked list, best first, until `topN` are chosen or none is left. A text that does not fit what is left
 * of the budget is passed over, and a later, shorter one may still fit: one long text must not empty the answer. What was
 * passed over makes no other text a near-duplicate.
 */
export async function select<T extends { readonly text: string }>(
  ranked: readonly T[],
  selection: Selection,
): Promise<Selected<T>> {
  const { topN, maxTokens, countTokens, diversity } = selection
  let late = false
  const pacer = new Pacer(() => {
    selection.signal?.throwIfAborted()
    late = selection.isLate?.() === true
  })
  const pace = { pacer, isLate: () => late }
  const picker = diversity === undefined ? inOrder(ranked.length) : new DiversityPicker(texts(ranked), diversity, pace)
  const budget =
    countTokens === undefined || maxTokens === Infinity ? undefined : new TokenBudget(maxTokens, countTokens)
  const kept: T[] = []
  let overBudget = 0
  while (kept.length < topN) {
    const position = await picker.next()
    if (position === undefined) break
    const entry = ranked[position] as T
    await pacer.spend(budget === undefined ? 0 : entry.text.length)
    if (budget !== undefined && !(await budget.take(entry.text))) {
      overBudget++
    } else {
      kept.push(entry)
      picker.keep()
    }
    selection.signal?.throwIfAborted()
  }
  return { kept, overBudget, nearDuplicates: picker.nearDuplicates, notCompared: picker.notCompared }
}

function texts(ranked: readonly { readonly text: string }[]): string[] {
  return ranked.map(({ text }) => text)
}

/** Offers every position in turn. */
function inOrder(count: number): Pick<DiversityPicker, 'keep' | 'nearDuplicates' | 'notCompared'> & {
  next(): number | undefined
} {
  let position = 0
  const next = (): number | undefined => (position < count ? position++ : undefined)
  return { nearDuplicates: 0, notCompared: 0, next, keep: () => {} }
}
