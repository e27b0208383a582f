import type { Blend, BlendWeights, Scorer, TruncationSide } from '../types.js'
import type { Clock } from './clock.js'
import { invalidArgument } from './errors.js'

/**
 * Throws a `RerankError` of code `'invalid-argument'` unless `value` is a `T`: the message names the argument, shows the
 * value and says the fix. The combinators below make checks of checks; a table of them describes options (see
 * {@link OptionTable}).
 */
export interface Check<T> {
  (name: string, value: unknown): void
  /** Never there: it makes a check of a wider or narrower type an error where a table of options is written. */
  readonly accepted?: (value: T) => T
}

/** A check made of a test and of what to do when it fails, as an imperative: `'pass a function'`. */
export function must<T>(test: (value: unknown) => boolean, fix: string): Check<T> {
  return (name, value) => {
    if (!test(value)) throw invalidArgument(name, value, fix)
  }
}

export const finite: Check<number> = must(isFiniteNumber, 'pass a finite number')

export const anyText: Check<string> = must((value) => typeof value === 'string', 'pass a string')

/** A sentence to judge by, which says something. */
export const sentence: Check<string> = must(
  (value) => typeof value === 'string' && value.trim() !== '',
  'pass a sentence, or leave it out',
)

export const flag: Check<boolean> = must((value) => typeof value === 'boolean', 'pass true or false')

/** A time span above 0, `Infinity` for none. */
export const duration: Check<number> = must(
  (value) => isNumber(value) && value > 0,
  'pass milliseconds, more than 0, or leave it out for no deadline',
)

/** A time span above 0 of something that always ends, `Infinity` for as long as it takes. */
export const timeSpan: Check<number> = must((value) => isNumber(value) && value > 0, 'pass milliseconds, more than 0')

/** A clock, to test without waiting. */
export const timeSource: Check<Clock> = must((value) => {
  const { now, setTimeout, clearTimeout } = (value ?? {}) as Partial<Record<keyof Clock, unknown>>
  return [now, setTimeout, clearTimeout].every((method) => typeof method === 'function')
}, 'pass { now(), setTimeout(callback, delayMs), clearTimeout(handle) }')

/** Any function: what it takes and gives is for the compiler. */
export function callable<T>(): Check<T> {
  return must((value) => typeof value === 'function', 'pass a function')
}

/** A finite number from `least` to `most`. */
export function between(least: number, most: number): Check<number> {
  return must(
    (value) => isFiniteNumber(value) && value >= least && value <= most,
    `pass a number from ${least} to ${most}`,
  )
}

/** A number above `least` and below `most`. */
export function inside(least: number, most: number): Check<number> {
  return must(
    (value) => isNumber(value) && value > least && value < most,
    `pass a number above ${least} and below ${most}`,
  )
}

/** A number from `least`, `Infinity` as well. */
export function atLeast(least: number): Check<number> {
  return must((value) => isNumber(value) && value >= least, `pass a number from ${least}`)
}

/** A whole number from `least` to `most`. */
export function whole(least: number, most: number = Infinity): Check<number> {
  const range = most === Infinity ? `from ${least}` : `from ${least} to ${most}`
  return must((value) => isWhole(value) && value >= least && value <= most, `pass a whole number ${range}`)
}

/** A whole number from `least`, or `Infinity`. */
export function wholeOrInfinity(least: number): Check<number> {
  return must(
    (value) => value === Infinity || (isWhole(value) && value >= least),
    `pass a whole number from ${least}, or leave it out`,
  )
}

/** One of a few words. */
export function oneOf<const T extends string>(...known: readonly T[]): Check<T> {
  return oneAmong(known)
}

/** The same, of a list of words. */
export function oneAmong<T extends string>(known: readonly T[]): Check<T> {
  return must((value) => known.includes(value as T), `pass ${alternatives(known)}`)
}

export const truncationSide: Check<TruncationSide> = oneOf('left', 'right')

function alternatives(known: readonly string[]): string {
  const quoted = known.map((word) => `'${word}'`)
  return quoted.length > 2 ? `one of ${quoted.join(', ')}` : quoted.join(' or ')
}

/** Either what a first check takes or exactly this value. */
export function orExactly<T, const U>(check: Check<T>, value: U): Check<T | U> {
  return (name, given) => {
    if (given !== value) check(name, given)
  }
}

/** An object with these options and no others. */
export function record<T extends object>(table: OptionTable<T>): Check<T> {
  return (name, value) => void readOptions(table, value, name)
}

/** A check with what stands in for an option that is left out. */
export interface Defaulted<T> {
  readonly check: Check<T>
  readonly fallback: T
}

/** `T` as the other argument has it: what `NoInfer` says in TypeScript 5.4 and newer. */
type Fixed<T> = [T][T extends unknown ? 0 : never]

/** An option that has this value when it is left out. */
export function withDefault<T>(check: Check<T>, fallback: Fixed<T>): Defaulted<T> {
  return { check, fallback }
}

/** An option that must be given. */
export function required<T>(check: Check<T>): Mandatory<T> {
  return { check, isRequired: true }
}

/** See {@link required}. */
export interface Mandatory<T> {
  readonly check: Check<T>
  readonly isRequired: true
}

type Entry<T> = Check<T> | Defaulted<T> | Mandatory<T>

/**
 * The options of `T`, each described once: how it is checked and what it is when left out. The compiler holds the keys and
 * the types to those of the interface, which has the documentation.
 */
export type OptionTable<T> = { readonly [K in keyof T]-?: Entry<Exclude<T[K], undefined>> }

/** A table of options none of which has a default. */
export type Checks<T> = { readonly [K in keyof T]-?: Check<Exclude<T[K], undefined>> }

/** What {@link readOptions} makes of a table: options with a default or that are required are there, others perhaps. */
export type OptionsOf<Table> = {
  readonly [K in keyof Table]: Table[K] extends Defaulted<infer T> | Mandatory<infer T>
    ? T
    : Table[K] extends Check<infer T>
      ? T | undefined
      : never
}

/**
 * Checks what a caller gave and fills in the defaults. An option that is `undefined` counts as left out.
 *
 * @param name what the options are called: messages say `name.option`, and just `option` where it is `'options'`.
 * @throws RerankError `'invalid-argument'` for what is no object, an option that does not exist, and a wrong value.
 */
export function readOptions<Table extends Readonly<Record<string, unknown>>>(
  table: Table,
  given: unknown,
  name: string = 'options',
): OptionsOf<Table> {
  checkOptions(name, given, Object.keys(table))
  const prefix = name === 'options' ? '' : `${name}.`
  const read = Object.entries(table as Readonly<Record<string, Entry<unknown>>>).map(([key, entry]) => {
    const value = (given as Readonly<Record<string, unknown>>)[key]
    const { check, fallback, isRequired }: { check: Check<unknown>; fallback?: unknown; isRequired?: true } =
      typeof entry === 'function' ? { check: entry } : entry
    if (value === undefined && isRequired !== true) return [key, fallback]
    check(`${prefix}${key}`, value)
    return [key, value]
  })
  return Object.fromEntries(read)
}

/** Throws when an option is given under a name that it had once: the message says the present one. */
export function checkRenamed(options: unknown, renamed: Readonly<Record<string, string>>): void {
  for (const [former, present] of Object.entries(renamed)) {
    const value = (options as Readonly<Record<string, unknown>> | null)?.[former]
    if (value !== undefined) throw invalidArgument(`options.${former}`, value, `it is called ${present} now; use that`)
  }
}

/** Throws unless `value` is an object with no keys but those in `known`: a misspelt option must not go unnoticed. */
export function checkOptions(name: string, value: unknown, known: readonly string[]): asserts value is object {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(name, value, 'pass an object with options')
  }
  const unknown = Object.keys(value).filter((key) => !known.includes(key))
  if (unknown.length > 0) {
    throw invalidArgument(
      `${name}.${unknown[0]}`,
      (value as Record<string, unknown>)[unknown[0] as string],
      `there is no such option; use ${known.join(', ')}`,
    )
  }
}

/** Throws unless `scorer` has the shape of one. */
export function checkScorer(name: string, scorer: unknown): void {
  const { id, scope, score } = (scorer ?? {}) as Partial<Record<keyof Scorer, unknown>>
  if (typeof id !== 'string' || typeof score !== 'function' || (scope !== 'pair' && scope !== 'pool')) {
    throw invalidArgument(
      name,
      scorer,
      "pass a scorer: { id: string, scope: 'pair' | 'pool', score(query, texts, call) }",
    )
  }
}

const shares: Check<BlendWeights> = record<BlendWeights>({
  lexical: required(between(0, 1)),
  fused: between(0, 1),
  other: required(between(0, 1)),
})

const share: Check<number> = between(0, 1)

/** At least one language, as two letters of ISO 639-1: the same for a policy and for what a model says of itself. */
export const languageCodes: Check<readonly string[]> = must(
  (value) => Array.isArray(value) && value.length > 0 && value.every((code) => /^[a-z]{2}$/.test(String(code))),
  "pass the languages that the scorer reads, two letters each, as in ['en']",
)

/** What every item of a list must be, and what the message says to do. */
export type ItemRule = readonly [isRight: (item: unknown) => boolean, fix: string]

/** Throws unless this is an array of which every item, also a hole, passes. */
export function checkItems(name: string, list: unknown, ...[isRight, fix]: ItemRule): void {
  if (!Array.isArray(list)) throw invalidArgument(name, list, `pass an array; ${fix}`)
  for (let at = 0; at < list.length; at++)
    if (!isRight(list[at])) throw invalidArgument(`${name}[${at}]`, list[at], fix)
}

/** Whether something has properties to look at. */
export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Throws unless these are a query and texts, as a scorer takes them: what else comes in would fail far from its cause. */
export function checkTexts(query: unknown, texts: unknown): void {
  if (typeof query !== 'string') throw invalidArgument('query', query, 'pass a string')
  checkItems('texts', texts, (text) => typeof text === 'string', 'pass strings')
}

const blendTable = {
  weight: required<number | BlendWeights>((name, value) => {
    if (typeof value === 'object' && value !== null) shares(name, value)
    else share(name, value)
  }),
  normalize: oneOf('min-max', 'z-score'),
  higherIsBetter: flag,
} satisfies OptionTable<Blend>

/** A share and, perhaps, how the two sides are brought together. */
export const blend: Check<Blend> = record<Blend>(blendTable)

export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value)
}

/** The text without what it ends in: `/x+$/` would try anew at each `x` of a run that does not stand at the end. */
export function trimEndWhile(text: string, isUnwanted: (unit: string) => boolean): string {
  let end = text.length
  while (end > 0 && isUnwanted(text[end - 1] as string)) end -= 1
  return text.slice(0, end)
}

/**
 * Whether three or more scores never fall and rise at least once. A retriever puts its best first, so such scores are
 * most likely distances, and mixing them as if higher were better would turn the first stage upside down.
 */
export function onlyRise(scores: readonly (number | undefined)[]): boolean {
  if (scores.length < 3) return false
  for (let at = 0; at < scores.length; at++) {
    const [previous, score] = [scores[at - 1] ?? -Infinity, scores[at]]
    if (score === undefined || score < previous) return false
  }
  return (scores.at(-1) as number) > (scores[0] as number)
}

/** An AbortSignal, by what it can do: one of a test runner's or of a polyfill is no instance of the class seen here. */
export const signalOption: Check<AbortSignal> = must((value) => {
  const { aborted, addEventListener } = (value ?? {}) as Partial<Record<keyof AbortSignal, unknown>>
  return typeof aborted === 'boolean' && typeof addEventListener === 'function'
}, 'pass an AbortSignal')
