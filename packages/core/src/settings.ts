import type { Blend, Milliseconds, OnError, Report, ResultOrder, Scorer, SkipPolicy } from './types.js'
import type { Clock } from './clock.js'
import type { Forecast } from './forecast.js'
import type { TokenCounter } from './select/budget.js'
import type { Diversity } from './select/diversity.js'

/** A stage with its defaults filled in. */
export interface ResolvedStage {
  readonly scorer: Scorer
  readonly depth: number
  readonly skip: SkipPolicy | undefined
  readonly onError: OnError
  readonly deadlineMs: Milliseconds
  readonly blend: Blend | undefined
  /** What this stage has learned of its own cost. */
  readonly forecast: Forecast
}

/** What a reranker works with: options that were checked, with their defaults filled in. */
export interface Settings {
  readonly stages: readonly ResolvedStage[]
  /** Runs before the first stage of a call; must be cheap when it has run before. */
  prepare(): Promise<void>
  readonly topN: number
  readonly minScore: number | undefined
  readonly maxTokens: number
  /** The caller's counter or a scorer's; missing when nobody can count. */
  readonly countTokens: TokenCounter | undefined
  readonly order: ResultOrder
  readonly diversity: Diversity | undefined
  /** `undefined`: when the application traces. */
  readonly telemetry: boolean | undefined
  readonly deadlineMs: Milliseconds
  readonly onReport: ((report: Report) => unknown) | undefined
  readonly clock: Clock
}
