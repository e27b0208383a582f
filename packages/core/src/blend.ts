import type { Blend } from './types.js'

/** Spreads numbers over 0..1; equal numbers all become 0, so that this side of a mix decides nothing. */
export function minMax(numbers: readonly number[]): number[] {
  // Not Math.min(...numbers): a long list would overflow the stack.
  let [least, most] = [Infinity, -Infinity]
  for (const number of numbers) {
    least = Math.min(least, number)
    most = Math.max(most, number)
  }
  // Halves, because the difference of two huge finite numbers is infinite.
  const range = most / 2 - least / 2
  return Array.from(numbers, (number) => (range > 0 ? (number / 2 - least / 2) / range : 0))
}

/** Distances from the mean in (population) standard deviations; equal numbers all become 0. */
export function zScores(numbers: readonly number[]): number[] {
  // Moving and scaling all numbers changes no z-score, and keeps squares of huge ones finite.
  const spread = minMax(numbers)
  const mean = spread.reduce((sum, number) => sum + number, 0) / spread.length
  const deviation = Math.sqrt(spread.reduce((sum, number) => sum + (number - mean) ** 2, 0) / spread.length)
  return spread.map((number) => (deviation > 0 ? (number - mean) / deviation : 0))
}

/**
 * Mixes the scorer's numbers with the first stage's, both normalised within this head.
 *
 * @returns the mixed numbers, or nothing when any first-stage score is missing: half a mix would favour one half.
 */
export function mix(
  blend: Blend,
  numbers: readonly number[],
  firstStage: readonly (number | undefined)[],
): number[] | undefined {
  if (!firstStage.every((score) => score !== undefined)) return undefined
  const upward = blend.higherIsBetter === false ? firstStage.map((score) => -score) : firstStage
  const normalise = blend.normalise === 'z-score' ? zScores : minMax
  const [ours, theirs] = [normalise(numbers), normalise(upward)]
  return ours.map((number, at) => blend.weight * number + (1 - blend.weight) * (theirs[at] as number))
}
