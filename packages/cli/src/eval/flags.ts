import type { MetricName } from '@secondpass/core/eval'
import type { PoolFlags } from '../measure/options.js'
import type { ScorerFlags } from '../scorer/options.js'

/** The options of `secondpass eval`. */
export interface EvalFlags extends PoolFlags, ScorerFlags {
  readonly qrels?: string
  readonly baseline?: string
  readonly metrics: readonly MetricName[]
  readonly confidence: number
  readonly maxLoss: number
  readonly contextTopN: number
  readonly price?: number
  readonly currency?: string
  readonly json?: boolean
  readonly html?: string
  readonly markdown?: string
  readonly saveRun?: string
  readonly title?: string
}
