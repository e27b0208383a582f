/** The few statistics the benchmarks print. */

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

export function mean(values) {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

/** Half the width of the 95 % interval of a mean, by the normal approximation. */
export function halfWidth95(values) {
  const centre = mean(values)
  const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / Math.max(1, values.length - 1)
  return 1.96 * Math.sqrt(variance / values.length)
}

/** Kendall's tau-b between two lists of numbers of the same length. 1 when both order alike; NaN when one is constant. */
export function kendallTau(left, right) {
  let [agreement, leftPairs, rightPairs] = [0, 0, 0]
  for (let i = 0; i < left.length; i++) {
    for (let j = 0; j < i; j++) {
      const a = Math.sign(left[i] - left[j])
      const b = Math.sign(right[i] - right[j])
      agreement += a * b
      leftPairs += a * a
      rightPairs += b * b
    }
  }
  return agreement / Math.sqrt(leftPairs * rightPairs)
}

export function maxDifference(left, right) {
  return Math.max(...left.map((value, i) => Math.abs(value - right[i])))
}

export function sigmoid(logit) {
  return 1 / (1 + Math.exp(-logit))
}
