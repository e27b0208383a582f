import {
  anyText,
  blend as blendCheck,
  type Check,
  callable,
  checkScorer,
  duration,
  finite,
  flag,
  oneOf,
  type OptionTable,
  orExactly,
  readOptions,
  required,
  timeSource,
  wholeOrInfinity,
  withDefault,
} from './base/check.js'
import { type Clock, systemClock } from './base/clock.js'
import { invalidArgument } from './base/errors.js'
import type { Diversity } from './select/diversity.js'
import {
  checkCounter,
  checkMinScore,
  counterOf,
  promptTable,
  type PromptOptions,
  type TokenCounter,
} from './select/select.js'
import type { Blend, Milliseconds, OnError, Report, ResultOrder, Scorer, SkipPolicy } from './types.js'

/** A stage with its defaults filled in. */
export interface ResolvedStage {
  readonly scorer: Scorer
  readonly depth: number
  /** `undefined`: as the scorer recommends; `false`: never. */
  readonly skip: SkipPolicy | false | undefined
  readonly onError: OnError
  readonly deadlineMs: Milliseconds
  /** `undefined`: as the scorer recommends; `false`: none. */
  readonly blend: Blend | false | undefined
}

/** What a reranker works with: options that were checked, with their defaults filled in. */
export interface Settings {
  readonly stages: readonly ResolvedStage[]
  readonly topN: number
  readonly minScore: number | undefined
  readonly keepUnscored: boolean
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
  /**
   * Looks at the head before it is scored and may say why not to. Several: `anyOf`, `allOf`. Default: what the scorer
   * recommends, which leaves queries in a script that the scorer does not read in the order of the first stage. A policy
   * given here takes its place: `anyOf(otherScript(), clearMargin())` keeps both. `false`: never skips.
   */
  readonly skip?: SkipPolicy | false | undefined
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
   * Orders the head by a mix with the first-stage scores instead of by the scorer alone. Default: what the scorer
   * recommends (`scorer.defaults.blend`), as the bundled models do; `false` turns it off. No effect when a score is missing.
   */
  readonly blend?: Blend | false | undefined
}

/** Options of {@link createReranker}, all checked once, at creation. */
export interface RerankerOptions extends Omit<StageOptions, 'scorer' | 'deadlineMs'>, PromptOptions {
  /** What scores, in one stage. Default: the bundled cross-encoder. Not together with `stages`. */
  readonly scorer?: Scorer | undefined
  /**
   * Which cross-encoder scores, by name: `'bundled'`, `'bundled-tiny'`, `'organisation/name'` on the hub or a folder, as
   * `crossEncoder({ model })` takes it. Default: `'bundled'`. Not together with `scorer` or `stages`, which say it themselves.
   */
  readonly model?: string | undefined
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
   * What that scorer did not read, below `depth`, is removed as well, since nothing is known of it: see `keepUnscored`.
   * When the stage was skipped, failed or late, or a fallback answered, there is nothing to hold against the threshold,
   * and every result stays. Refused for a scorer of scope `'pool'`, whose scores mean something within one pool only.
   */
  readonly minScore?: number | undefined
  /**
   * With `minScore`: whether results that the last stage's scorer did not read stay, below those that it kept. They then
   * are the only results of a list whose head is irrelevant. Default `false`. No effect without `minScore`.
   */
  readonly keepUnscored?: boolean | undefined
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

const stageTable = {
  scorer: required<Scorer>(checkScorer),
  depth: withDefault(wholeOrInfinity(1), 100),
  skip: orExactly(callable<SkipPolicy>(), false),
  onError: withDefault(oneOf('throw', 'keep-order'), 'throw'),
  deadlineMs: withDefault(duration, Infinity),
  blend: orExactly(blendCheck, false),
} satisfies OptionTable<StageOptions>

const stageList: Check<readonly StageOptions[]> = (name, value) => {
  if (!Array.isArray(value) || value.length === 0) {
    throw invalidArgument(name, value, 'pass an array of at least one stage, or a scorer instead')
  }
}

const rerankerTable = {
  scorer: checkScorer as Check<Scorer>,
  model: anyText,
  stages: stageList,
  // Left out, these are those of the stage.
  depth: stageTable.depth.check,
  skip: stageTable.skip,
  blend: stageTable.blend,
  onError: stageTable.onError.check,
  ...promptTable,
  topN: withDefault(wholeOrInfinity(1), Infinity),
  minScore: finite,
  keepUnscored: withDefault(flag, false),
  deadlineMs: withDefault(duration, Infinity),
  onReport: callable<(report: Report) => unknown>(),
  telemetry: flag,
  clock: withDefault(timeSource, systemClock),
} satisfies OptionTable<RerankerOptions>

/**
 * Checks the options of a reranker and fills in the defaults.
 *
 * @param byName makes the scorer of a reranker that was given none, but perhaps the name of a model.
 */
export function resolveOptions(options: RerankerOptions, byName: (model?: { model: string }) => Scorer): Settings {
  const { stages, scorer, model, depth, skip, onError, blend, minScore, ...read } = readOptions(rerankerTable, options)
  if (model !== undefined && (scorer ?? stages) !== undefined) {
    const fix = 'leave it out beside a scorer or stages; crossEncoder({ model }) makes a scorer of it'
    throw invalidArgument('model', model, fix)
  }
  const make = (): Scorer => (model === undefined ? byName() : byName({ model }))
  const resolved =
    stages === undefined
      ? [readOptions(stageTable, { scorer: scorer ?? make(), depth, skip, onError, blend })]
      : stages.map((stage, at) => resolveStage(stage, { at, onError, others: { scorer, depth, skip, blend } }))
  if (minScore !== undefined) checkMinScore(minScore, resolved.at(-1)?.scorer as Scorer)
  const countTokens = read.countTokens ?? counterOf(resolved.map((stage) => stage.scorer))
  checkCounter(read.maxTokens, countTokens)
  return { ...read, stages: resolved, minScore, countTokens }
}

interface StageContext {
  readonly at: number
  readonly onError: OnError | undefined
  /** Options that belong into the stages when there are any. */
  readonly others: Readonly<Record<string, unknown>>
}

function resolveStage(stage: StageOptions, { at, onError, others }: StageContext): ResolvedStage {
  for (const [name, value] of Object.entries(others)) {
    if (value !== undefined) throw invalidArgument(name, value, 'with stages, put it into a stage')
  }
  const resolved = readOptions(stageTable, stage, `stages[${at}]`)
  return { ...resolved, onError: stage.onError ?? onError ?? resolved.onError }
}
