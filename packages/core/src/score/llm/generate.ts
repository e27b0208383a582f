import type { Call } from '../../types.js'

/** What travels with one prompt. */
export interface GenerateCall extends Pick<Call, 'signal' | 'deadline' | 'now' | 'stats'> {
  /** Aborts when the caller aborts, the time is up, or another prompt of the same query failed. Hand it to the client. */
  readonly signal: AbortSignal
  /** A time on the clock {@link GenerateCall.now}, `Infinity` for none. */
  readonly deadline: number
  /** The clock: in milliseconds. */
  now(): number
  /**
   * Counters of the report. Add what the service billed, for example
   * `call.stats.cost = (call.stats.cost ?? 0) + usd`, and a spend limit can go by it.
   */
  readonly stats: Record<string, number>
  /** The longest answer that is of use, in tokens. A hint: models that reason aloud before they answer need more. */
  readonly maxAnswerTokens: number
}

/**
 * Gives a prompt to a language model and hands back what it wrote. Retries are yours: most clients have them. Set the
 * temperature to 0 where the model lets you, so that the same question has the same answer.
 */
export type Generate = (prompt: string, call: GenerateCall) => Promise<string>

/** Natural logarithms of the probabilities that the answer begins with yes, and with no; `-Infinity` for none. */
export interface YesNo {
  readonly yes: number
  readonly no: number
}

/** Gives a prompt to a language model and hands back how likely the two answers are. See `yesNoOf`. */
export type GenerateYesNo = (prompt: string, call: GenerateCall) => Promise<YesNo>
