/**
 * Whether a peer computes what we compute, so that nothing else is timed silently. Everything is held against our
 * exact fp32 graph: fp32 peers number by number, int8 and bf16 ones by the order within each question. A row that runs
 * another model says so and is held against nothing.
 */
import { kendallTau, maxDifference, mean, sigmoid } from './stats.mjs'

/** Largest difference of two fp32 implementations of the same model that is rounding alone. */
const fp32Tolerance = 1e-3
/** Least Kendall tau of a quantised implementation against fp32. The stock int8 file is near 0.9. */
const leastTau = 0.75
/** Pairs longer than this were truncated; libraries differ in how (transformers.js drops the final [SEP]). */
const longestPair = 512

/**
 * @param {{ precision: 'fp32' | 'int8' | 'bf16' | 'another model', scale: 'logit' | 'probability' }} peer
 * @param {{ tokens: number[] }[]} sets
 * @param {number[][]} reference our fp32 logits per set @param {number[][]} scores the peer's numbers per set
 * @returns {{ agrees: boolean, maxDifference: number, tau: number, truncatedDifference?: number, text: string }}
 */
export function agreement({ precision, scale }, sets, reference, scores) {
  const wanted = scale === 'probability' ? reference.map((set) => set.map(sigmoid)) : reference
  const whole = (set, values) => values.filter((_, i) => sets[set].tokens[i] <= longestPair)
  const cut = (set, values) => values.filter((_, i) => sets[set].tokens[i] > longestPair)
  const worst = (choose) =>
    Math.max(0, ...wanted.map((set, i) => maxDifference(choose(i, scores[i]), choose(i, set))).filter(Number.isFinite))
  const difference = worst(whole)
  const truncatedDifference = worst(cut)
  const tau = mean(wanted.map((set, i) => kendallTau(set, scores[i])))
  const isOther = precision === 'another model'
  const agrees = isOther || (precision === 'fp32' ? difference <= fp32Tolerance : tau >= leastTau)
  return {
    agrees,
    maxDifference: difference,
    truncatedDifference,
    tau,
    text: isOther ? precision : inWords({ precision, difference, truncatedDifference, tau, agrees }),
  }
}

function inWords({ precision, difference, truncatedDifference, tau, agrees }) {
  const numbers = precision === 'fp32' ? `max difference ${difference.toExponential(1)}` : `tau ${tau.toFixed(3)}`
  const cut =
    precision === 'fp32' && truncatedDifference > fp32Tolerance
      ? `; ${truncatedDifference.toFixed(2)} on pairs over ${longestPair} tokens`
      : ''
  return `${agrees ? numbers : `DIFFERS: ${numbers}`}${cut}`
}
