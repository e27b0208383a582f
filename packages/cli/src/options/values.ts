import { type MetricName, metricOf } from '@secondpass/core/eval'
import { oneLine, usageError } from '../errors.js'

/** Reads a whole number from `least`. */
export function wholeFrom(option: string, least: number): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (/^\d+$/.test(text.trim()) && Number.isSafeInteger(number) && number >= least) return number
    throw usageError(option, text, `pass a whole number from ${least}`)
  }
}

/** Reads a number between two limits. */
export function numberFrom(option: string, [least, most]: readonly [number, number]): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (text.trim() !== '' && number >= least && number <= most) return number
    throw usageError(
      option,
      text,
      most === Infinity ? `pass a number from ${least}` : `pass a number from ${least} to ${most}`,
    )
  }
}

/** Reads a number between two limits, both excluded. */
export function numberInside(option: string, [least, most]: readonly [number, number]): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (text.trim() !== '' && number > least && number < most) return number
    throw usageError(option, text, `pass a number above ${least} and below ${most}`)
  }
}

/** Reads a number above 0. */
export function aboveZero(option: string): (text: string) => number {
  return (text) => {
    const number = Number(text)
    if (number > 0 && number < Infinity) return number
    throw usageError(option, text, 'pass a number above 0')
  }
}

/** Reads any finite number. */
export function finiteNumber(option: string): (text: string) => number {
  return (text) => {
    if (text.trim() !== '' && Number.isFinite(Number(text))) return Number(text)
    throw usageError(option, text, 'pass a number')
  }
}

/** Reads one of a few words. */
export function oneOf<const T extends string>(option: string, words: readonly T[]): (text: string) => T {
  return (text) => {
    const word = words.find((known) => known === text)
    if (word !== undefined) return word
    throw usageError(option, text, `pass one of ${words.join(', ')}`)
  }
}

/** Reads the name of a metric. */
export function readMetric(option: string): (text: string) => MetricName {
  return (text) => {
    const name = spelt(text.trim()) as MetricName
    try {
      metricOf(name)
      return name
    } catch (error) {
      throw usageError(option, text, oneLine(error).replace(/^.*?: /, ''))
    }
  }
}

/** As it is written in the literature: nobody should have to remember which letters of nDCG are large. */
function spelt(name: string): string {
  const [family = '', ...cut] = name.split('@')
  const known = METRICS.find((metric) => metric.toLowerCase() === family.toLowerCase())
  return [known ?? family, ...cut].join('@')
}

const METRICS = ['nDCG', 'nDCG-exp', 'MRR', 'MAP', 'recall', 'precision', 'success', 'judged'] as const

/** Reads names of metrics with commas between them. */
export function readMetrics(text: string): readonly MetricName[] {
  return [...new Set(text.split(',').map(readMetric('--metrics')))]
}
