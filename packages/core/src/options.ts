import {
  checkBlend,
  checkBoolean,
  checkClock,
  checkCount,
  checkDuration,
  checkFunction,
  checkOptions,
  checkScorer,
} from './base/check.js'
import { type Clock, systemClock } from './base/clock.js'
import { invalidArgument } from './base/errors.js'
import { bundledBlend, bundledScorer } from './default.js'
import { Forecast } from './forecast.js'
import type { Diversity } from './select/diversity.js'
import {
  checkCounter,
  checkMinScore,
  checkPromptOptions,
  counterOf,
  type PromptOptions,
  type TokenCounter,
} from './select/select.js'
import type { Blend, Milliseconds, OnError, Report, ResultOrder, Scorer, SkipPolicy } from './types.js'

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

/** How one stage works. */
export interface StageOptions {
  /** What scores the head of the list. */
  readonly scorer: Scorer
  /**
   * How many candidates from the top of the list the stage scores and reorders, 1 or more; the rest, the tail, stays
   * below them in the order found. Default 100, because cost grows with it and most of the gain comes early; `Infinity`
   * for the whole list. No effect beyond the length of the list.
   */
  readonly depth?: number | undefined
  /** Looks at the head before it is scored and may say why not to. Default: never skips. Several: `anyOf`, `allOf`. */
  readonly skip?: SkipPolicy | undefined
  /**
   * What happens when the scorer fails: `'throw'` (default) rejects the call with the scorer's error; `'keep-order'`
   * leaves the list as it was, and the report says `'failed'` with the error. Configuration errors reject either way.
   */
  readonly onError?: OnError | undefined
  /**
   * Time for this stage alone, in milliseconds, more than 0. A stage that runs out of it leaves the list as it was, and
   * the report says `'late'`. Default: none. The deadline of the call holds as well; the earlier one decides.
   */
  readonly deadlineMs?: Milliseconds | undefined
  /**
   * Orders the head by a mix with the first-stage scores instead of by the scorer alone. Default: off for a scorer of
   * your own, {@link bundledBlend} for the bundled model; `false` turns it off. No effect when a score is missing.
   */
  readonly blend?: Blend | false | undefined
}

/** Options of {@link createReranker}, all checked once, at creation. */
export interface RerankerOptions extends Omit<StageOptions, 'scorer' | 'deadlineMs'>, PromptOptions {
  /** What scores, in one stage. Default: the bundled cross-encoder. Not together with `stages`. */
  readonly scorer?: Scorer | undefined
  /**
   * A cascade: each stage works on the list that the one before left, usually on a shorter head with a better scorer.
   * At least one. `depth`, `skip` and `blend` then belong into the stages; `onError` is the default of all stages.
   */
  readonly stages?: readonly StageOptions[] | undefined
  /** How many results come back at most, 1 or more. Default: all. */
  readonly topN?: number | undefined
  /**
   * Results of the last stage's scorer whose `score` is below this are removed; equal stays. On the scale of `score`:
   * a probability in 0..1 when the scorer has them. Default: nothing is removed.
   *
   * A result that this scorer did not score is never removed: the tail below `depth`, and every result when the stage
   * was skipped, failed or late, or when a fallback answered. They follow the kept results; to leave them out, look at
   * `scorerId`, or choose a `depth` that covers the list. Refused for a scorer of scope `'pool'`, whose scores mean
   * something within one pool only.
   */
  readonly minScore?: number | undefined
  /**
   * Time for one call, in milliseconds, more than 0; a call may set its own. When it has passed, no further stage
   * starts, the one under way is given up, and the order reached so far is the answer. Default: none.
   */
  readonly deadlineMs?: Milliseconds | undefined
  /**
   * Called once per call whose arguments were right, with what was done, also when the call rejects (`report.error` is
   * then set, and an aborted stage is not listed). What it throws is reported as a process warning, once, and never
   * changes the result. Default: nothing is called.
   */
  readonly onReport?: ((report: Report) => unknown) | undefined
  /**
   * OpenTelemetry spans and metrics, which hold neither query nor texts. Default: on when the application has set
   * OpenTelemetry up and `@opentelemetry/api` can be found; nothing is loaded otherwise. `true`: also look for the API
   * when nothing was set up, and reject when it is missing. `false`: never.
   */
  readonly telemetry?: boolean | undefined
  /** Where time comes from. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** Every default of the hall. */
export const defaults: {
  readonly depth: number
  readonly onError: OnError
  readonly deadlineMs: Milliseconds
  readonly topN: number
  readonly maxTokens: number
  readonly order: ResultOrder
} = {
  depth: 100,
  onError: 'throw',
  deadlineMs: Infinity,
  topN: Infinity,
  maxTokens: Infinity,
  order: 'relevance',
}

const STAGE_KEYS = ['scorer', 'depth', 'skip', 'onError', 'deadlineMs', 'blend'] as const
const PROMPT_KEYS = ['maxTokens', 'countTokens', 'order', 'diversity'] as const
const RERANKER_KEYS = [
  ...STAGE_KEYS,
  ...PROMPT_KEYS,
  'stages',
  'topN',
  'minScore',
  'onReport',
  'telemetry',
  'clock',
] as const

/** Checks the options of a reranker and fills in the defaults. */
export function resolveOptions(options: RerankerOptions): Settings {
  checkOptions('options', options, RERANKER_KEYS)
  const { stages, prepare } = resolveStages(options)
  if (options.topN !== undefined) checkCount('topN', options.topN, 1)
  if (options.deadlineMs !== undefined) checkDuration('deadlineMs', options.deadlineMs)
  if (options.minScore !== undefined) checkMinScore(options.minScore, stages.at(-1)?.scorer as Scorer)
  checkPromptOptions(options)
  const countTokens = options.countTokens ?? counterOf(stages.map(({ scorer }) => scorer))
  checkCounter(options.maxTokens, countTokens)
  if (options.onReport !== undefined) checkFunction('onReport', options.onReport)
  if (options.telemetry !== undefined) checkBoolean('telemetry', options.telemetry)
  if (options.clock !== undefined) checkClock(options.clock)
  return {
    stages,
    prepare,
    topN: options.topN ?? defaults.topN,
    minScore: options.minScore,
    maxTokens: options.maxTokens ?? defaults.maxTokens,
    countTokens,
    order: options.order ?? defaults.order,
    diversity: options.diversity,
    telemetry: options.telemetry,
    deadlineMs: options.deadlineMs ?? defaults.deadlineMs,
    onReport: options.onReport,
    clock: options.clock ?? systemClock,
  }
}

function resolveStages(options: RerankerOptions): Pick<Settings, 'stages' | 'prepare'> {
  const prepare = async (): Promise<void> => {}
  const { stages, scorer, depth, skip, onError, blend } = options
  if (stages !== undefined) {
    checkStageList(options)
    return {
      stages: stages.map((stage, at) =>
        resolveStage(`stages[${at}].`, { ...stage, onError: stage.onError ?? onError }),
      ),
      prepare,
    }
  }
  if (scorer !== undefined) return { stages: [resolveStage('', { scorer, depth, skip, onError, blend })], prepare }
  const bundled = bundledScorer()
  const stage = { scorer: bundled.scorer, depth, skip, onError, blend: blend ?? bundledBlend }
  return { stages: [resolveStage('', stage)], prepare: bundled.load }
}

function checkStageList({ stages, ...others }: RerankerOptions): void {
  if (!Array.isArray(stages) || stages.length === 0) {
    throw invalidArgument('stages', stages, 'pass an array of at least one stage, or a scorer instead')
  }
  for (const name of ['scorer', 'depth', 'skip', 'blend'] as const) {
    if (others[name] !== undefined) throw invalidArgument(name, others[name], 'with stages, put it into a stage')
  }
  stages.forEach((stage, at) => checkOptions(`stages[${at}]`, stage, STAGE_KEYS))
}

/** `path` is what stands before the name of an option in a message. */
function resolveStage(path: string, stage: StageOptions): ResolvedStage {
  checkScorer(`${path}scorer`, stage.scorer)
  if (stage.depth !== undefined) checkCount(`${path}depth`, stage.depth, 1)
  if (stage.skip !== undefined) checkFunction(`${path}skip`, stage.skip)
  if (stage.deadlineMs !== undefined) checkDuration(`${path}deadlineMs`, stage.deadlineMs)
  if (stage.onError !== undefined && stage.onError !== 'throw' && stage.onError !== 'keep-order') {
    throw invalidArgument(`${path}onError`, stage.onError, "pass 'throw' or 'keep-order'")
  }
  if (stage.blend !== undefined && stage.blend !== false) checkBlend(`${path}blend`, stage.blend)
  return {
    scorer: stage.scorer,
    depth: stage.depth ?? defaults.depth,
    skip: stage.skip,
    onError: stage.onError ?? defaults.onError,
    deadlineMs: stage.deadlineMs ?? defaults.deadlineMs,
    blend: stage.blend === false ? undefined : stage.blend,
    forecast: new Forecast(),
  }
}
