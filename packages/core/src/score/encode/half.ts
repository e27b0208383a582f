/** The number that sixteen bits stand for (IEEE 754 binary16). */
export function floatOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/**
 * Reads the numbers of a tensor. Half floats become floats first: nothing is computed with eleven bits, and runtimes
 * without `Float16Array` hand over their bare bits.
 */
export function numbersOf({
  type,
  data,
}: {
  readonly type: string
  readonly data: ArrayLike<unknown>
}): (at: number) => number {
  const isHalf = type === 'float16' && data instanceof Uint16Array
  return isHalf ? (at) => floatOf(data[at] as number) : (at) => Number(data[at])
}
