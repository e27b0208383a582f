import type { LatencyBin, LatencySummary } from './types.js'

/** The figures and the histogram of some durations in milliseconds; at least one. */
export function latencyOf(durationsMs: readonly number[]): LatencySummary {
  const sorted = [...durationsMs].sort((a, b) => a - b)
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number
  return {
    calls: sorted.length,
    mean: sorted.reduce((sum, value) => sum + value, 0) / sorted.length,
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    histogram: histogramOf(sorted),
  }
}

/** More bins than this are noise. */
const MOST_BINS = 24

/** Bins of one round width (1, 2 or 5 times a power of ten) over the whole range. */
function histogramOf(sorted: readonly number[]): LatencyBin[] {
  const [least, most] = [sorted[0] as number, sorted.at(-1) as number]
  const width = roundWidth((most - least) / (MOST_BINS - 1))
  const first = Math.floor(least / width)
  const count = Math.max(1, Math.ceil(most / width) - first)
  const calls = new Array<number>(count).fill(0)
  for (const value of sorted) {
    const bin = Math.min(count - 1, Math.floor(value / width) - first)
    calls[bin] = (calls[bin] as number) + 1
  }
  // Multiples and not sums: 0.1 + 0.2 would show.
  const edge = (bin: number): number => Number(((first + bin) * width).toPrecision(12))
  return calls.map((number, bin) => ({ from: edge(bin), to: edge(bin + 1), calls: number }))
}

/** The smallest round number that is at least `width`; 1 when that is 0. */
function roundWidth(width: number): number {
  if (!(width > 0)) return 1
  const power = 10 ** Math.floor(Math.log10(width))
  return ([1, 2, 5].find((factor) => factor * power >= width) ?? 10) * power
}
