import { invalidArgument } from '../errors.js'

/** Throws unless `value` is a number between `least` and `most`, both excluded. */
export function checkInside(name: string, value: unknown, [least, most]: readonly [number, number]): void {
  if (typeof value === 'number' && value > least && value < most) return
  throw invalidArgument(name, value, `pass a number above ${least} and below ${most}`)
}

/** Throws unless `value` is a number from `least` to `most`. */
export function checkWithin(name: string, value: unknown, [least, most]: readonly [number, number]): void {
  if (typeof value === 'number' && value >= least && value <= most) return
  throw invalidArgument(name, value, `pass a number from ${least} to ${most}`)
}

/** Throws unless `value` is a whole number from `least`. */
export function checkWhole(name: string, value: unknown, least: number): void {
  if (Number.isSafeInteger(value) && (value as number) >= least) return
  throw invalidArgument(name, value, `pass a whole number from ${least}`)
}

/** Throws unless `value` is one of `known`. */
export function checkOneOf(name: string, value: unknown, known: readonly string[]): void {
  if (known.includes(value as string)) return
  throw invalidArgument(name, value, `pass one of ${known.map((word) => `'${word}'`).join(', ')}`)
}

/** Throws when `options` has a key that is not in `known`: a misspelt option must not go unnoticed. */
export function checkKeys(name: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null) throw invalidArgument(name, options, 'pass an object')
  for (const [key, value] of Object.entries(options)) {
    if (!known.includes(key))
      throw invalidArgument(`${name}.${key}`, value, `there is no such option; use ${known.join(', ')}`)
  }
}
