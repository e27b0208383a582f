import { type MetricName, metricOf } from '@secondpass/core/eval'
import { oneLine, usageError } from '../errors.js'

/** Reads the name of a metric. */
export function readMetric(option: string): (text: string) => MetricName {
  return (text) => {
    const name = text.trim() as MetricName
    try {
      metricOf(name)
      return name
    } catch (error) {
      throw usageError(option, text, oneLine(error).replace(/^.*?: /, ''))
    }
  }
}

/** Reads names of metrics with commas between them. */
export function readMetrics(text: string): readonly MetricName[] {
  return [...new Set(text.split(',').map(readMetric('--metrics')))]
}
