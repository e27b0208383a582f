import { checkCount, checkFunction } from '../../checks.js'
import { invalidArgument } from '../../errors.js'
import { count } from '../../stats.js'
import type { Generate } from './generate.js'
import { type LlmOptions, checkLlmOptions, idOf } from './options.js'
import { permutation } from './permutation.js'
import { listwisePrompt } from './prompts.js'
import { type LlmScorer, type Task, llmScorer, unreadable } from './scorer.js'
import { slidingWindows } from './windows.js'

/** Options of {@link llmListwise}. */
export interface LlmListwiseOptions extends LlmOptions {
  /** Asks the model. */
  readonly generate: Generate
  /** Passages in one prompt, from 2. Default 20. */
  readonly windowSize?: number | undefined
  /** By how many passages each window lies above the one before, from 1 to `windowSize - 1`. Default 10. */
  readonly stride?: number | undefined
  /**
   * Prompts for one query at most, from 1. With the defaults 100 texts take 9. More texts than that allows are an error
   * before anything is asked. Default 20.
   */
  readonly maxCalls?: number | undefined
  /**
   * When an answer names no passage at all, as a refusal does. `'keep-order'` (default): the window stays as it is, and
   * the report counts it in `wrongFormat`. `'throw'`: the call rejects, so that the `onError` of a reranker decides.
   */
  readonly onUnreadable?: 'keep-order' | 'throw' | undefined
}

const ownOptions = ['generate', 'windowSize', 'stride', 'maxCalls', 'onUnreadable']

/**
 * Lets a language model put passages into order, as RankGPT does (Sun et al. 2023): it sees a window of them at a time,
 * from the bottom of the list up to its head. Whatever it answers, no candidate is lost and none comes twice.
 *
 * A score says the place in the order: 1 for the best text, and so on down in equal steps; it is comparable within one
 * call only. The order found depends on the order given, so give it the one of the stage before.
 *
 * The report counts `calls`, and of the answers how many were `ok`, of the `wrongFormat`, with a `repetition`, or with
 * passages `missing`; each answer counts once.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function llmListwise(options: LlmListwiseOptions): LlmScorer<'pool'> {
  const settings = checkLlmOptions(options, ownOptions)
  const { generate, windowSize = 20, stride = 10, maxCalls = 20, onUnreadable = 'keep-order' } = options
  checkFunction('generate', generate)
  checkCount('windowSize', windowSize, 2)
  checkCount('stride', stride, 1)
  if (stride >= windowSize) {
    throw invalidArgument('stride', stride, `pass less than windowSize (${windowSize}), or no passage moves further up`)
  }
  checkCount('maxCalls', maxCalls, 1)
  if (onUnreadable !== 'keep-order' && onUnreadable !== 'throw') {
    throw invalidArgument('onUnreadable', onUnreadable, "pass 'keep-order' or 'throw'")
  }
  const id = idOf('llm-listwise', settings, [`w${windowSize}s${stride}`])
  const judge = { generate, windowSize, stride, onUnreadable, instruction: settings.instruction, id }
  return llmScorer(
    {
      id,
      scope: 'pool',
      maxCalls,
      calls: (passages) => ({
        needed: slidingWindows(passages, windowSize, stride).length,
        fix: `set depth to ${windowSize + (maxCalls - 1) * stride} or less, or raise maxCalls`,
      }),
      score: (task) => rank(task, judge),
    },
    settings,
  )
}

interface Judge {
  readonly generate: Generate
  readonly windowSize: number
  readonly stride: number
  readonly onUnreadable: 'keep-order' | 'throw'
  readonly instruction: string
  readonly id: string
}

async function rank(task: Task, judge: Judge): Promise<readonly number[]> {
  const { passages } = task
  const order = passages.map((_, at) => at)
  for (const { start, end } of slidingWindows(passages.length, judge.windowSize, judge.stride)) {
    const inWindow = order.slice(start, end)
    const best = await orderOf(inWindow, task, judge)
    for (const [place, at] of best.entries()) order[start + place] = inWindow[at] as number
  }
  const scores = new Array<number>(passages.length)
  for (const [place, at] of order.entries()) scores[at] = (passages.length - place) / passages.length
  return scores
}

/** Asks for the order of one window; positions in the window, best first. */
async function orderOf(inWindow: readonly number[], task: Task, judge: Judge): Promise<readonly number[]> {
  const { passages, query, call, ask } = task
  const shown = inWindow.map((at) => passages[at] as string)
  const text = listwisePrompt(query, shown, judge.instruction)
  // "[20] > " is four tokens or so.
  const answer: unknown = await ask(judge.generate, { text, maxAnswerTokens: 6 * shown.length + 20 })
  if (typeof answer !== 'string') throw unreadable(judge.id, answer, 'a string')
  const { order, fault, named } = permutation(answer, shown.length)
  for (const outcome of OUTCOMES) count(call, outcome, outcome === (fault ?? 'ok') ? 1 : 0)
  if (named === 0 && judge.onUnreadable === 'throw') throw unreadable(judge.id, answer, 'an order such as [2] > [1]')
  return order
}

const OUTCOMES = ['ok', 'wrongFormat', 'repetition', 'missing'] as const
