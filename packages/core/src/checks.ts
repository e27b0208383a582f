import type { Blend, Scorer } from './types.js'
import type { Clock } from './clock.js'
import { invalidArgument } from './errors.js'

/** Throws unless `value` is a finite number. */
export function checkFinite(name: string, value: unknown, fix = 'pass a finite number'): asserts value is number {
  if (!isFiniteNumber(value)) throw invalidArgument(name, value, fix)
}

/** Throws unless `value` is a number from `least` to `most`. */
export function checkBetween(
  name: string,
  value: unknown,
  range: readonly [least: number, most: number],
): asserts value is number {
  const [least, most] = range
  if (isFiniteNumber(value) && value >= least && value <= most) return
  throw invalidArgument(name, value, `pass a number from ${least} to ${most}`)
}

/** Throws unless `value` is a whole number from `least`, or `Infinity`. */
export function checkCount(name: string, value: unknown, least: number): asserts value is number {
  if (value === Infinity || (Number.isSafeInteger(value) && (value as number) >= least)) return
  throw invalidArgument(name, value, `pass a whole number from ${least}, or leave it out`)
}

/** Throws unless `value` is `true` or `false`. */
export function checkBoolean(name: string, value: unknown): asserts value is boolean {
  if (typeof value !== 'boolean') throw invalidArgument(name, value, 'pass true or false')
}

/** Throws unless `value` is a function. */
export function checkFunction(name: string, value: unknown): void {
  if (typeof value !== 'function') throw invalidArgument(name, value, 'pass a function')
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

/** Throws unless `blend` says a share and, perhaps, a direction. */
export function checkBlend(name: string, blend: Blend): void {
  checkOptions(name, blend, ['weight', 'normalise', 'higherIsBetter'])
  checkBetween(`${name}.weight`, blend.weight, [0, 1])
  if (blend.normalise !== undefined && blend.normalise !== 'min-max' && blend.normalise !== 'z-score') {
    throw invalidArgument(`${name}.normalise`, blend.normalise, "pass 'min-max' or 'z-score'")
  }
  if (blend.higherIsBetter !== undefined) checkBoolean(`${name}.higherIsBetter`, blend.higherIsBetter)
}

/** Throws unless `value` is a time span above 0. */
export function checkDuration(name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0) return
  throw invalidArgument(name, value, 'pass milliseconds, more than 0, or leave it out for no deadline')
}

/** Throws unless `clock` has the shape of one. */
export function checkClock(clock: unknown): void {
  const { now, setTimeout, clearTimeout } = (clock ?? {}) as Partial<Record<keyof Clock, unknown>>
  if ([now, setTimeout, clearTimeout].every((method) => typeof method === 'function')) return
  throw invalidArgument('clock', clock, 'pass { now(), setTimeout(callback, delayMs), clearTimeout(handle) }')
}

export function isFiniteNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
