import { count } from '../../../base/call.js'
import { callable, oneOf, type OptionTable, required, wholeOrInfinity, withDefault } from '../../../base/check.js'
import { invalidArgument } from '../../../base/errors.js'
import { normalizeText } from '../../../base/words.js'
import type { RemoteScorer } from '../engine.js'
import {
  type Generate,
  idOf,
  type LlmOptions,
  llmScorer,
  passageBlock,
  promptRules,
  readLlmOptions,
  type Task,
  unreadable,
} from './model.js'

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

const table = {
  generate: required(callable<Generate>()),
  windowSize: withDefault(wholeOrInfinity(2), 20),
  stride: withDefault(wholeOrInfinity(1), 10),
  maxCalls: withDefault(wholeOrInfinity(1), 20),
  onUnreadable: withDefault(oneOf('keep-order', 'throw'), 'keep-order'),
} satisfies OptionTable<Omit<LlmListwiseOptions, keyof LlmOptions>>

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
export function llmListwise(options: LlmListwiseOptions): RemoteScorer<'pool'> {
  const settings = readLlmOptions(table, options)
  const { generate, windowSize, stride, maxCalls, onUnreadable } = settings
  if (stride >= windowSize) {
    throw invalidArgument('stride', stride, `pass less than windowSize (${windowSize}), or no passage moves further up`)
  }
  const id = idOf('llm-listwise', { ...settings, ask: generate }, ['v2', `w${windowSize}s${stride}`])
  const judge = { generate, windowSize, stride, onUnreadable, id }
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
  const { passages, query, instruction, call, ask } = task
  const shown = inWindow.map((at) => passages[at] as string)
  const text = listwisePrompt(query, shown, instruction)
  // "[20] > " is four tokens or so.
  const answer: unknown = await ask(judge.generate, { text, maxAnswerTokens: 6 * shown.length + 20 })
  if (typeof answer !== 'string') throw unreadable(judge.id, answer, 'a string')
  const { order, fault, named } = readPermutation(answer, shown.length)
  for (const outcome of OUTCOMES) count(call, outcome, outcome === (fault ?? 'ok') ? 1 : 0)
  if (named === 0 && judge.onUnreadable === 'throw') throw unreadable(judge.id, answer, 'an order such as [2] > [1]')
  return order
}

const OUTCOMES = ['ok', 'wrongFormat', 'repetition', 'missing'] as const

/** What a model is asked for the order of passages, numbered from 1. */
export function listwisePrompt(query: string, passages: readonly string[], instruction: string): string {
  const total = passages.length
  return [
    `You rank passages by how well they answer a search query. Below are the query and ${total} passages, numbered [1] to [${total}].`,
    ...promptRules(instruction),
    '',
    `<query>${query}</query>`,
    ...passages.map((text, at) => passageBlock(text, at + 1)),
    '',
    `The query again: <query>${query}</query>`,
    `Rank all ${total} passages from the most to the least relevant. Answer with their numbers only, each exactly once, the most relevant first, in this form: ${form(total)}`,
  ].join('\n')
}

/** The form of an answer, as long as the list is. Not an example: small models copy one, numbers and all. */
function form(total: number): string {
  const numbers = Array.from({ length: Math.min(total, 3) }, () => '[number]').join(' > ')
  return total > 3 ? `${numbers} > …` : numbers
}

/** A stretch of a list: from `start`, up to but without `end`. */
interface ListWindow {
  readonly start: number
  readonly end: number
}

/**
 * Windows over a list from its bottom up, each `stride` above the one before, so that what is best below is carried on
 * upwards. The last one always begins at the head, also where the lengths do not divide: no candidate is left out.
 */
export function slidingWindows(length: number, windowSize: number, stride: number): ListWindow[] {
  const windows: ListWindow[] = []
  if (length < 2) return windows
  for (let end = length; ; end -= stride) {
    const start = Math.max(0, end - windowSize)
    windows.push({ start, end })
    if (start === 0) return windows
  }
}

/** What was wrong with an answer, if anything. The first that holds, in this order, is named. */
type AnswerFault =
  /** It is not, from beginning to end, a list of numbers of passages. */
  | 'wrongFormat'
  /** It names a passage twice. */
  | 'repetition'
  /** It leaves a passage out. */
  | 'missing'

/** An order read from an answer. */
interface Permutation {
  /** 0-based positions, best first: each of 0 to `size - 1` exactly once. */
  readonly order: readonly number[]
  /** Missing when the answer was right. */
  readonly fault?: AnswerFault
  /** How many positions the answer named; 0 when nothing could be read. */
  readonly named: number
}

/** Longer than any list of numbers; of a longer answer the end counts, where the conclusion stands. */
const LONGEST_ANSWER = 100_000

const NUMBER = /(?<!\d)\d{1,9}(?!\d)/g

/**
 * Reads an order such as `[2] > [3] > [1]` out of whatever a model wrote. Nothing is lost and nothing stands twice:
 * a number counts where it stands first, numbers that mean no passage are left out, and passages that are not named follow
 * in the order they had.
 *
 * @param answer any string.
 * @param size how many passages were shown, numbered from 1.
 */
export function readPermutation(answer: string, size: number): Permutation {
  const text = plain(answer)
  const numbers = numbersOf(text)
  const valid = numbers.filter((number) => number >= 1 && number <= size).map((number) => number - 1)
  const named = new Set(valid)
  const order = [...named]
  for (let position = 0; position < size; position++) if (!named.has(position)) order.push(position)
  const fault = faultOf(text, { numbers, valid, named: named.size, size })
  return { order, named: named.size, ...(fault !== undefined && { fault }) }
}

function faultOf(
  text: string,
  { numbers, valid, named, size }: { numbers: number[]; valid: number[]; named: number; size: number },
): AnswerFault | undefined {
  const isList = /^[\d[\]> ]*$/.test(text) && valid.length === numbers.length
  if (!isList || (named === 0 && size > 0)) return 'wrongFormat'
  if (valid.length > named) return 'repetition'
  return named < size ? 'missing' : undefined
}

/** The answer without the thoughts before it, in the characters we read. */
function plain(answer: string): string {
  const end = normalizeText(answer.slice(-LONGEST_ANSWER), 'NFKC')
  const thoughts = end.lastIndexOf('</think>')
  return (thoughts < 0 ? end : end.slice(thoughts + '</think>'.length)).replace(/\s+/g, ' ').trim()
}

/** The numbers that mean passages: a list that is the whole answer, else the longest chain, else those in brackets. */
function numbersOf(text: string): number[] {
  if (/^[\d\s[\]>,;]*$/.test(text)) return allNumbers(text)
  const chain = longestChain(text)
  if (chain.length > 1) return chain
  // Any other number may be part of a sentence: "I cannot rank these 20 passages."
  return [...text.matchAll(/\[ ?(\d{1,9}) ?\]/g)].map(([, digits]) => Number(digits))
}

/** `[2] > 3 > [1]`; of several as long as each other the last. */
function longestChain(text: string): number[] {
  let longest: number[] = []
  for (const [chain] of text.matchAll(/[\d[\]> ]+/g)) {
    for (const numbers of chainsIn(chain)) if (numbers.length >= longest.length) longest = numbers
  }
  return longest
}

/** Numbers with `>` between them, in a stretch that holds nothing but digits, brackets, `>` and spaces. */
function* chainsIn(stretch: string): Generator<number[]> {
  let numbers: number[] = []
  for (const part of stretch.split('>')) {
    const found = allNumbers(part)
    if (found[0] !== undefined) numbers.push(found[0])
    if (found.length <= 1) continue
    yield numbers
    numbers = found.slice(-1)
  }
  yield numbers
}

function allNumbers(text: string): number[] {
  return Array.from(text.matchAll(NUMBER), ([digits]) => Number(digits))
}
