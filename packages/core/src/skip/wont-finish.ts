import { checkBetween, checkOptions } from '../base/check.js'
import type { SkipPolicy } from '../types.js'
import { definePolicy } from './policy.js'

/** Options of {@link wontFinish}. */
export interface WontFinishOptions {
  /** How many times over the forecast must fit into the time left, 0.1 to 10. Default 1. */
  readonly safety?: number | undefined
}

/**
 * Skips when the stage is forecast to take longer than the time left, instead of spending that time and being late.
 *
 * The forecast is the stage's own: it learns from its earlier runs and the length of the texts, and fades while it keeps
 * the stage from running, so that a scorer that has become faster is tried again. No effect without a deadline and
 * before the first run.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function wontFinish(options: WontFinishOptions = {}): SkipPolicy {
  checkOptions('options', options, ['safety'])
  const { safety = 1 } = options
  checkBetween('safety', safety, [0.1, 10])
  return definePolicy(
    'wont-finish',
    ({ forecastMs, remainingMs }) => {
      return forecastMs === undefined || remainingMs === undefined ? undefined : { forecastMs, remainingMs, safety }
    },
    ({ forecastMs, remainingMs }) => forecastMs * safety > remainingMs,
  )
}
