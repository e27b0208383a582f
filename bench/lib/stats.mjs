/** The few statistics the benchmarks print. */
import { seededRandom } from './random.mjs'

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** @param {number[]} sorted ascending @param {number} share from 0 to 1; 0.95 gives the 95th percentile */
export function quantile(sorted, share) {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN
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

/**
 * The 95 % interval of a statistic of measurements, by drawing them again with replacement (percentile bootstrap).
 *
 * @param {number[]} values @param {(values: number[]) => number} statistic @returns {[least: number, most: number]}
 */
export function bootstrap95(values, statistic = median, draws = 2000) {
  const random = seededRandom(values.length)
  const again = () => values.map(() => values[Math.floor(random() * values.length)])
  const drawn = Array.from({ length: draws }, () => statistic(again())).sort((a, b) => a - b)
  return [quantile(drawn, 0.025), quantile(drawn, 0.975)]
}

/** The straight line nearest to points by least squares, and how much of their spread it explains. */
export function straightLine(/** @type {[x: number, y: number][]} */ points) {
  const [meanX, meanY] = [mean(points.map(([x]) => x)), mean(points.map(([, y]) => y))]
  const sum = (/** @type {(x: number, y: number) => number} */ of) =>
    points.reduce((total, [x, y]) => total + of(x - meanX, y - meanY), 0)
  const slope = sum((x, y) => x * y) / sum((x) => x * x)
  const unexplained = sum((x, y) => (y - slope * x) ** 2)
  return { slope, intercept: meanY - slope * meanX, r2: 1 - unexplained / sum((_x, y) => y * y) }
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
