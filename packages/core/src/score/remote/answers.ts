import { count } from '../../base/call.js'
import { isFiniteNumber } from '../../base/check.js'
import { ProviderError, show } from '../../base/errors.js'
import type { Call, TextNote } from '../../types.js'
import { answerError, type ProviderNames, sentenceIn, statusError } from './http.js'

/** What a provider bills by, as its answer says. */
export type BillingUnit = 'searchUnits' | 'rerankUnits' | 'billedTokens' | 'tokens'

/** How many units one answer cost. */
export interface Bill {
  readonly unit: BillingUnit
  /** As it stood in the answer; anything but a number counts for nothing. */
  readonly units: unknown
  /** What the provider says that the request cost, where it does; in its own currency. */
  readonly cost?: unknown
}

/** What one unit costs, in any currency, for the units that a caller has set a price for. */
export type Prices = Readonly<Partial<Record<BillingUnit, number | undefined>>>

/** The price of a token. */
export function perToken(pricePerMillion: number | undefined): number | undefined {
  return pricePerMillion === undefined ? undefined : pricePerMillion / 1e6
}

/** The unit that an answer bills by, of those that it may name: the first that is not 0; the last one when it names none. */
export function billOf(candidates: readonly Bill[]): Bill {
  const said = candidates.filter(({ units }) => isFiniteNumber(units))
  return said.find(({ units }) => units !== 0) ?? said[0] ?? (candidates.at(-1) as Bill)
}

/**
 * Adds a bill to the report: the units and, when the caller said what one costs, their cost in the caller's currency; else
 * what the provider says that they cost.
 */
export function countBill(call: Call, { unit, units, cost }: Bill, prices: Prices = {}): void {
  const price = prices[unit]
  if (isFiniteNumber(units)) count(call, unit, units)
  if (price === undefined) {
    if (isFiniteNumber(cost)) count(call, 'cost', cost)
  } else if (isFiniteNumber(units)) count(call, 'cost', units * price)
}

/** An answer as a provider's file reads it: where the rows are, and under which name their scores. */
export interface Answer {
  /** Due to be an array of objects with an `index`. */
  readonly rows: unknown
  readonly scoreKey: string
  readonly bill?: Bill
  /** What there is to say about the texts of the request, by their places in it. */
  readonly notes?: ReadonlyMap<number, TextNote>
}

/**
 * One number per text, put in place by `index`, whatever order the rows came in.
 *
 * @throws ProviderError unless every text has exactly one row with a finite score.
 */
export function readScores({ rows, scoreKey }: Answer, texts: number, names: ProviderNames): number[] {
  if (!Array.isArray(rows)) throw answerError(names, `${show(rows)} stands where the list of scores was due`)
  const scores = new Array<number | undefined>(texts).fill(undefined)
  for (const row of rows as unknown[]) {
    const { index, [scoreKey]: score } = (row ?? {}) as Record<string, unknown>
    if (!Number.isInteger(index) || (index as number) < 0 || (index as number) >= texts) {
      throw answerError(names, `it has a score for index ${show(index)}, and ${texts} texts were sent`)
    }
    if (typeof score !== 'number' || !Number.isFinite(score)) {
      throw answerError(names, `the ${scoreKey} of text ${String(index)} is ${show(score)}, not a finite number`)
    }
    if (scores[index as number] !== undefined) throw answerError(names, `it has two scores for text ${String(index)}`)
    scores[index as number] = score
  }
  const missing = scores.flatMap((score, at) => (score === undefined ? [at] : []))
  if (missing.length > 0) throw answerError(names, missingTexts(missing, texts))
  return scores as number[]
}

function missingTexts(missing: readonly number[], texts: number): string {
  const few = missing.slice(0, 5).join(', ')
  return `${missing.length} of ${texts} texts have no score (${few}${missing.length > 5 ? ', …' : ''})`
}

/** The value under a path of names, or nothing. */
export function field(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (inner as Record<string, unknown> | null | undefined)?.[name], value)
}

/**
 * Reads an answer. A body without scores in which the provider says what went wrong is an error with that sentence, also
 * under status 200, as gateways send them.
 *
 * @throws ProviderError with the status that the body names, or 200.
 */
export function readAnswer(body: unknown, read: (body: unknown) => Answer, { names, host }: AnswerOrigin): Answer {
  const answer = read(body)
  if (Array.isArray(answer.rows) && (answer.rows.length > 0 || Array.isArray(body))) return answer
  const sentence = sentenceIn(body, names.secrets ?? [])
  if (sentence === undefined) return answer
  const status = statusIn(body)
  if (status !== undefined) throw statusError(names, { status, host, providerMessage: sentence })
  const message = `${names.provider} at ${host} answered 200 with an error instead of scores (${JSON.stringify(sentence)}): check the model and the options against ${names.docs}.`
  throw new ProviderError(message, {
    provider: names.provider,
    status: 200,
    retryable: false,
    providerMessage: sentence,
  })
}

interface AnswerOrigin {
  readonly names: ProviderNames
  readonly host: string
}

/** The status that a body claims for itself, beside the 200 it came with: 400 to 599. */
function statusIn(body: unknown, depth: number = 2): number | undefined {
  if (typeof body !== 'object' || body === null || depth === 0) return undefined
  const { status, code, statusCode, status_code: snake, error } = body as Readonly<Record<string, unknown>>
  const own = [status, code, statusCode, snake].map(Number).find((value) => value >= 400 && value <= 599)
  return own === undefined || !Number.isInteger(own) ? statusIn(error, depth - 1) : own
}

/** Maps a logit to a probability. */
export const sigmoid = (logit: number): number => 1 / (1 + Math.exp(-logit))
