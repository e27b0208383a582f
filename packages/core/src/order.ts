import { onlyRise } from './base/check.js'
import { RerankError, show } from './base/errors.js'
import type { Blend, BlendOmitted, BlendWeights, Scorer } from './types.js'

/**
 * Holds a scorer to its contract: as many numbers as texts, all finite.
 *
 * @throws RerankError `'scorer'` when it is broken.
 */
export function checkNumbers(numbers: unknown, count: number, scorer: Scorer): asserts numbers is readonly number[] {
  if (!Array.isArray(numbers) && !ArrayBuffer.isView(numbers)) {
    throw brokenContract(scorer, `answered with ${show(numbers)} where an array of ${count} numbers was due`)
  }
  const given = numbers as readonly unknown[]
  if (given.length !== count) throw brokenContract(scorer, `gave ${given.length} scores for ${count} texts`)
  for (let at = 0; at < count; at++) {
    if (!Number.isFinite(given[at])) throw brokenContract(scorer, `gave ${show(given[at])} as the score of text ${at}`)
  }
}

/**
 * The numbers as probabilities, or nothing when the scorer has none.
 *
 * @throws RerankError `'scorer'` when `toProbability` leaves 0..1.
 */
export function probabilities(numbers: readonly number[], scorer: Scorer): number[] | undefined {
  if (scorer.toProbability === undefined) return undefined
  return Array.from(numbers, (number) => {
    const probability = scorer.toProbability?.(number)
    if (typeof probability === 'number' && probability >= 0 && probability <= 1) return probability
    throw brokenContract(scorer, `maps the score ${number} to the probability ${show(probability)}, outside 0..1`)
  })
}

/** Positions from the highest key to the lowest. Equal keys keep the order in which they were found. */
export function orderByDescending(keys: readonly number[]): number[] {
  // The default sort of the language is stable; comparing instead of subtracting is safe for huge keys.
  const descending = (a: number, b: number): number => {
    const [left, right] = [keys[a] as number, keys[b] as number]
    return left === right ? 0 : left > right ? -1 : 1
  }
  return Array.from(keys, (_, at) => at).sort(descending)
}

function brokenContract(scorer: Scorer, what: string): RerankError {
  return new RerankError(
    'scorer',
    `The scorer ${scorer.id} ${what}: a scorer gives one finite number per text, in order.`,
  )
}

/** The numbers of one head, side by side. */
export interface Head {
  /** What the scorer gave, one for each candidate in the order found; finite. */
  readonly numbers: readonly number[]
  /** The first stage's scores in the same order; `undefined` where there is none. */
  readonly firstStage: readonly (number | undefined)[]
  /** How the two are mixed. Missing: the scorer alone decides. */
  readonly blend?: Blend | undefined
  /** The first-stage scores of the whole input, in its order: whether they look like distances shows only there. */
  readonly inputScores: readonly (number | undefined)[]
}

/** Where the candidates of a head go. */
export interface HeadOrder {
  /** Positions in the head, best first; equals keep the order found. */
  readonly order: readonly number[]
  /** The mixed numbers that the order is by, in the order of the head. Missing when nothing was mixed. */
  readonly blended?: readonly number[]
  /** The scorer's share in that mix. */
  readonly blendWeight?: number
  /** Why a blend that was asked for had no effect. */
  readonly blendOmitted?: BlendOmitted
}

/**
 * Orders a head by the scorer's numbers, or by their blend with the first stage's. What a stage does and what
 * `adviseDepth` promises of it are this one function.
 */
export function orderHead({ numbers, firstStage, blend, inputScores }: Head): HeadOrder {
  if (blend === undefined) return { order: orderByDescending(numbers) }
  const omitted = whyNotBlended(blend, firstStage, inputScores)
  if (omitted !== undefined) return { order: orderByDescending(numbers), blendOmitted: omitted }
  const weight = typeof blend.weight === 'number' ? blend.weight : weightFor(blend.weight, blend, inputScores)
  const blended = mix({ ...blend, weight }, numbers, firstStage as readonly number[])
  return { order: orderByDescending(blended), blended, blendWeight: weight }
}

/** What no cosine, probability or fused rank is above, give or take what a sum of 32-bit floats is off. */
const HIGHEST_SIMILARITY = 1.001

/** What no fused rank is above: the best of six lists has 6 / 61. */
const HIGHEST_FUSED_RANK = 0.1

/** What searches by words leave the last of their candidates, of the best one's score. */
const LEXICAL_FALL = 0.8

/**
 * The share for the kind of search that gave these scores: see {@link BlendWeights}. It is looked for in the whole input,
 * since a few of its best are too close together to tell. Of BM25's first 20 and first 100 at least 95 % are known by this
 * rule in each of five collections, of cosines none.
 */
function weightFor(
  { lexical, other, fused = other }: BlendWeights,
  { higherIsBetter }: Blend,
  inputScores: readonly (number | undefined)[],
): number {
  let [lowest, highest] = [Infinity, -Infinity]
  for (const score of inputScores) {
    if (score === undefined) continue
    lowest = Math.min(lowest, score)
    highest = Math.max(highest, score)
  }
  if (higherIsBetter === false) return other
  if (highest > HIGHEST_SIMILARITY && lowest >= 0 && lowest <= LEXICAL_FALL * highest) return lexical
  return lowest > 0 && highest <= HIGHEST_FUSED_RANK ? fused : other
}

function whyNotBlended(
  { higherIsBetter }: Blend,
  firstStage: readonly (number | undefined)[],
  inputScores: readonly (number | undefined)[],
): BlendOmitted | undefined {
  // Half a mix would favour one half.
  if (firstStage.includes(undefined)) return 'missing-score'
  return higherIsBetter === undefined && onlyRise(inputScores) ? 'rising-scores' : undefined
}

/** Mixes the scorer's numbers with the first stage's, both normalised within this head. */
export function mix(
  blend: Blend & { readonly weight: number },
  numbers: readonly number[],
  firstStage: readonly number[],
): number[] {
  const upward = blend.higherIsBetter === false ? firstStage.map((score) => -score) : firstStage
  const normalize = blend.normalize === 'z-score' ? zScores : minMax
  const [ours, theirs] = [normalize(numbers), normalize(upward)]
  return ours.map((number, at) => blend.weight * number + (1 - blend.weight) * (theirs[at] as number))
}

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
