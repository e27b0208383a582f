import { count } from '../../../base/call.js'
import { callable, type OptionTable, whole, wholeOrInfinity, withDefault } from '../../../base/check.js'
import { invalidArgument } from '../../../base/errors.js'
import { normalizeText } from '../../../base/words.js'
import type { RemoteScorer } from '../engine.js'
import {
  type Generate,
  type GenerateCall,
  idOf,
  type Judging,
  type LlmOptions,
  llmScorer,
  type LlmSettings,
  passageBlock,
  promptRules,
  readLlmOptions,
  type Task,
  unreadable,
} from './model.js'

/** Natural logarithms of the probabilities that the answer begins with yes, and with no; `-Infinity` for none. */
export interface YesNo {
  readonly yes: number
  readonly no: number
}

/** One token that a service names as likely, with the natural logarithm of its probability. */
interface LikelyToken {
  readonly token: string
  readonly logprob: number
}

/**
 * Gives a prompt to a language model and hands back how likely the two answers are: as {@link YesNo}, or as the likely
 * first tokens of the answer, as services list them (`top_logprobs`). Of those, all that mean yes or no are added up,
 * whatever their case and the space before them. A word that is not in the list is at most as likely as the least likely
 * that is, and as all that the list leaves over: it is given the smaller of `least` and `1 - sum`, and no less than 1e-6,
 * so that no score is infinite. One token `Yes` of 0.999 therefore has the log-odds ln(0.999 / 0.001).
 */
export type GenerateYesNo = (prompt: string, call: GenerateCall) => Promise<YesNo | readonly LikelyToken[]>

interface PointwiseLimits extends LlmOptions {
  /**
   * Prompts for one query at most, from 1: one for each different text, and those asked again. More texts than that are an
   * error before anything is asked. Default 200.
   */
  readonly maxCalls?: number | undefined
}

/** A grade that the model writes. */
export interface LlmGradeOptions extends PointwiseLimits {
  /** Asks the model for a grade. */
  readonly generate: Generate
  readonly generateYesNo?: undefined
  /** The best grade, from 1 to 100. Fewer grades give more ties, which keep the order they had. Default 10. */
  readonly maxGrade?: number | undefined
  /** How often to ask again when an answer is no grade, from 0. Default 1. */
  readonly maxRetries?: number | undefined
}

/** The chance that the model says yes, where the service tells log-probabilities. */
export interface LlmYesNoOptions extends PointwiseLimits {
  /** Asks the model a question of yes or no, and hands back the log-probabilities of both. */
  readonly generateYesNo: GenerateYesNo
  readonly generate?: undefined
  readonly maxGrade?: undefined
  readonly maxRetries?: undefined
}

/** Options of {@link llmPointwise}: either `generate` or `generateYesNo`. */
export type LlmPointwiseOptions = LlmGradeOptions | LlmYesNoOptions

const table = {
  generate: callable<Generate>(),
  generateYesNo: callable<GenerateYesNo>(),
  maxGrade: withDefault(whole(1, 100), 10),
  maxRetries: withDefault(wholeOrInfinity(0), 1),
  maxCalls: withDefault(wholeOrInfinity(1), 200),
} satisfies OptionTable<
  Omit<LlmGradeOptions, keyof LlmOptions | 'generateYesNo'> & Pick<LlmYesNoOptions, 'generateYesNo'>
>

/**
 * Lets a language model judge each text on its own. With `generate` it writes a grade from 0 to `maxGrade`, and the score
 * is its share of that, 0 to 1, which is no probability. With `generateYesNo` the score is the log-odds of yes against no,
 * a logit: the results carry the probability. That tells texts apart which would get the same grade.
 *
 * An answer that is no grade is asked for again, and is an error after that: a text without a grade has no score. The
 * report counts `calls`, and answers that could not be read in `wrongFormat`.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function llmPointwise(options: LlmPointwiseOptions): RemoteScorer<'pair'> {
  const settings = readLlmOptions(table, options)
  const { generate, generateYesNo, maxCalls } = settings
  if ((generate === undefined) === (generateYesNo === undefined)) {
    throw invalidArgument('generate', generate, 'pass either generate or generateYesNo')
  }
  const judged = generateYesNo ? byYesNo(generateYesNo, settings) : byGrade(generate as Generate, settings)
  const calls = (passages: number): { needed: number; fix: string } => ({
    needed: passages,
    fix: `set depth to ${maxCalls} or less, or raise maxCalls`,
  })
  return llmScorer({ ...judged, scope: 'pair', maxCalls, calls }, settings)
}

type Judged = Pick<Judging<'pair'>, 'id' | 'score' | 'toProbability'>

function byGrade(generate: Generate, settings: LlmSettings & { maxGrade: number; maxRetries: number }): Judged {
  const { maxGrade, maxRetries } = settings
  const id = idOf('llm-pointwise', { ...settings, ask: generate }, [`g${maxGrade}`])
  const grade = async (passage: string, { query, instruction, call, ask }: Task): Promise<number> => {
    const prompt = { text: gradePrompt(query, passage, { instruction, maxGrade }), maxAnswerTokens: 8 }
    for (let retries = 0; ; retries++) {
      const answer: unknown = await ask(generate, prompt)
      const found = typeof answer === 'string' ? gradeOf(answer, maxGrade) : undefined
      count(call, 'wrongFormat', found === undefined ? 1 : 0)
      if (found !== undefined) return found / maxGrade
      if (typeof answer !== 'string' || retries >= maxRetries) {
        throw unreadable(id, answer, `a whole number from 0 to ${maxGrade}`)
      }
    }
  }
  return { id, score: (task) => Promise.all(task.passages.map((passage) => grade(passage, task))) }
}

function byYesNo(generateYesNo: GenerateYesNo, settings: LlmSettings): Judged {
  const id = idOf('llm-pointwise', { ...settings, ask: generateYesNo }, ['yes-no'])
  const logit = async (passage: string, { query, instruction, ask }: Task): Promise<number> => {
    const answer: unknown = await ask(generateYesNo, {
      text: yesNoPrompt(query, passage, instruction),
      maxAnswerTokens: 1,
    })
    const found = logitOf(Array.isArray(answer) ? yesNoOf(answer.filter(isLikelyToken)) : answer)
    if (found === undefined)
      throw unreadable(
        id,
        answer,
        '{ yes, no } with two logarithms of probabilities, or a list of likely tokens with yes or no among them,',
      )
    return found
  }
  return {
    id,
    score: (task) => Promise.all(task.passages.map((passage) => logit(passage, task))),
    toProbability: (score) => 1 / (1 + Math.exp(-score)),
  }
}

/** What a model is asked for the grade of one passage. */
export function gradePrompt(query: string, passage: string, { instruction, maxGrade }: GradeQuestion): string {
  return [
    `You judge how well a passage answers a search query, with a whole number from 0 to ${maxGrade}: 0 means that it has nothing to do with the query, ${maxGrade} that it answers it fully and directly.`,
    ...promptRules(instruction),
    '',
    `<query>${query}</query>`,
    passageBlock(passage),
    '',
    `Answer with the number only, from 0 to ${maxGrade}.`,
  ].join('\n')
}

interface GradeQuestion {
  readonly instruction: string
  readonly maxGrade: number
}

/** What a model is asked whose next token decides. */
export function yesNoPrompt(query: string, passage: string, instruction: string): string {
  return [
    'You judge whether a passage answers a search query.',
    ...promptRules(instruction),
    '',
    `<query>${query}</query>`,
    passageBlock(passage),
    '',
    'Does the passage answer the query? Answer with one word, Yes or No.',
  ].join('\n')
}

/** In code units; far more than a grade takes with all that may stand around it. */
const LONGEST_GRADE = 200

/**
 * The grade that an answer is: a whole number from 0 to `maxGrade`, perhaps after `Grade:` or before `/10`, and nothing
 * else but the thoughts of a reasoning model before it. A number inside a sentence is no grade.
 */
export function gradeOf(answer: string, maxGrade: number): number | undefined {
  const thoughts = answer.lastIndexOf('</think>')
  const given = (thoughts < 0 ? answer : answer.slice(thoughts + '</think>'.length)).trim()
  if (given.length > LONGEST_GRADE) return undefined
  const text = normalizeText(given, 'NFKC').trim()
  const match =
    /^[*_`"']{0,3}(?:(?:grade|score|answer|rating)\s?[:=]\s?)?[*_`"']{0,3}(\d{1,3})(?:\s?\/\s?(\d{1,3}))?[*_`"']{0,3}\.?$/i.exec(
      text,
    )
  if (match === null || (match[2] !== undefined && Number(match[2]) !== maxGrade)) return undefined
  const grade = Number(match[1])
  return grade <= maxGrade ? grade : undefined
}

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

function isLikelyToken(value: unknown): value is LikelyToken {
  const { token, logprob } = (value ?? {}) as Partial<Record<keyof LikelyToken, unknown>>
  return typeof token === 'string' && isLogProbability(logprob)
}

/** What services round logarithms of probabilities to, at best: less than this that a list leaves over is no evidence. */
const LEAST_CHANCE = 1e-6

/** Adds up the tokens that mean yes or no; `-Infinity` for both when neither is among them. See {@link GenerateYesNo}. */
function yesNoOf(tokens: readonly LikelyToken[]): YesNo {
  // Some services list the token that was written once more.
  const chances = new Map(tokens.map(({ token, logprob }) => [token, Math.exp(logprob)]))
  let [yes, no, sum, least] = [0, 0, 0, 1]
  for (const [token, chance] of chances) {
    const word = token.trim().toLowerCase()
    if (word === 'yes') yes += chance
    if (word === 'no') no += chance
    sum += chance
    least = Math.min(least, chance)
  }
  if (yes === 0 && no === 0) return { yes: -Infinity, no: -Infinity }
  const unlisted = Math.max(LEAST_CHANCE, Math.min(least, 1 - sum))
  return { yes: Math.log(yes || unlisted), no: Math.log(no || unlisted) }
}
