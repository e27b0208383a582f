import { checkClock, checkCount, checkFunction, checkOptions } from '../../../base/check.js'
import { type Clock, systemClock } from '../../../base/clock.js'
import { invalidArgument } from '../../../base/errors.js'
import { estimateTokens } from '../../../base/words.js'
import type { Call } from '../../../types.js'

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

/** Options that both scorers by language models share. */
export interface LlmOptions {
  /**
   * Name of the model, with its revision where there is one: part of the scorer's id. Scores cached under an id that does
   * not name the model would outlive a change of model. Default `'unnamed'`.
   */
  readonly model?: string | undefined
  /** Put before the task: what counts as relevant here, for example `'The passages are court rulings.'`. Default: none. */
  readonly instruction?: string | undefined
  /** Tokens of a passage that the model reads, from 1; the rest is cut off. Default 300. */
  readonly maxPassageTokens?: number | undefined
  /** Counts the tokens of a piece of text. Default: an estimate that is above what most tokenisers count. */
  readonly countTokens?: ((text: string) => number) | undefined
  /** Prompts under way at a time, over all calls of this scorer; from 1. Default 4. */
  readonly concurrency?: number | undefined
  /** Longest wait for one answer in milliseconds, more than 0. Default 60000. */
  readonly timeoutMs?: number | undefined
  /** Where time comes from, for tests. */
  readonly clock?: Clock | undefined
}

/** The options with defaults filled in. */
export interface LlmSettings {
  readonly model: string
  readonly instruction: string
  readonly maxPassageTokens: number
  readonly countTokens: (text: string) => number
  readonly concurrency: number
  readonly timeoutMs: number
  readonly clock: Clock
}

const optionNames: readonly string[] = [
  'model',
  'instruction',
  'maxPassageTokens',
  'countTokens',
  'concurrency',
  'timeoutMs',
  'clock',
] satisfies (keyof LlmOptions)[]

/** @throws RerankError `'invalid-argument'` for a wrong option, or one that is neither shared nor in `ownNames`. */
export function checkLlmOptions(options: LlmOptions, ownNames: readonly string[]): LlmSettings {
  checkOptions('options', options, [...ownNames, ...optionNames])
  const settings = {
    model: options.model ?? 'unnamed',
    instruction: options.instruction ?? '',
    maxPassageTokens: options.maxPassageTokens ?? 300,
    countTokens: options.countTokens ?? estimateTokens,
    concurrency: options.concurrency ?? 4,
    timeoutMs: options.timeoutMs ?? 60_000,
    clock: options.clock ?? systemClock,
  }
  for (const name of ['model', 'instruction'] as const) {
    if (typeof settings[name] !== 'string') throw invalidArgument(name, settings[name], 'pass a string')
  }
  checkCount('maxPassageTokens', settings.maxPassageTokens, 1)
  checkCount('concurrency', settings.concurrency, 1)
  checkFunction('countTokens', settings.countTokens)
  checkClock(settings.clock)
  if (!(typeof settings.timeoutMs === 'number' && settings.timeoutMs > 0)) {
    throw invalidArgument('timeoutMs', settings.timeoutMs, 'pass milliseconds, more than 0')
  }
  return settings
}

/** The part of a scorer's id that says what all prompts have in common. */
export function idOf(kind: string, settings: LlmSettings, parts: readonly string[]): string {
  const { model, instruction, maxPassageTokens } = settings
  const own = instruction === '' ? [] : [`i${fingerprint(instruction)}`]
  return [kind, model, ...parts, `p${maxPassageTokens}`, ...own].join('/')
}

/** Tells instructions apart, without putting them into an id. FNV-1a, 32 bits. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return (hash >>> 0).toString(16)
}
