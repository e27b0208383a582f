/** What was wrong with an answer, if anything. The first that holds, in this order, is named. */
export type AnswerFault =
  /** It is not, from beginning to end, a list of numbers of passages. */
  | 'wrongFormat'
  /** It names a passage twice. */
  | 'repetition'
  /** It leaves a passage out. */
  | 'missing'

/** An order read from an answer. */
export interface Permutation {
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
export function permutation(answer: string, size: number): Permutation {
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
  const end = answer.slice(-LONGEST_ANSWER).normalize('NFKC')
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
    numbers.push(...found.slice(0, 1))
    if (found.length <= 1) continue
    yield numbers
    numbers = found.slice(-1)
  }
  yield numbers
}

function allNumbers(text: string): number[] {
  return Array.from(text.matchAll(NUMBER), ([digits]) => Number(digits))
}
