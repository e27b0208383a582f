import { waitFor } from './base/clock.js'
import { asError, deadlineError, invalidArgument, isDeadline, isSetupError, warn } from './base/errors.js'
import type { ResolvedStage } from './options.js'
import { checkNumbers, orderHead, probabilities } from './order.js'
import type { Entry, Run, StageResult } from './request.js'
import { otherScript } from './skip/unread.js'
import type {
  Call,
  Candidate,
  OnError,
  Outcome,
  Pool,
  Scorer,
  ScorerDefaults,
  SkipPolicy,
  SkipReason,
  StageReport,
  TextNote,
} from './types.js'

/**
 * Runs one stage: may reorder only the head of the list it is given. Skipped, failed or late, it leaves the list as it
 * found it, and the report says so.
 *
 * @throws the reason of the caller's signal, or what a broken skip policy threw; everything else is in the result.
 */
export async function runStage<C extends Candidate>(
  stage: ResolvedStage,
  list: readonly Entry<C>[],
  run: Run,
): Promise<StageResult<C>> {
  const head = list.slice(0, stage.depth)
  const work = new StageWork(stage, head, run)
  if (run.clock.now() >= work.deadline) return { list, report: work.report('late', { error: lateError(stage.scorer) }) }
  const skipReason = askPolicy(stage, work.pool())
  if (skipReason !== undefined) return { list, report: work.report('skipped', { skipReason }) }
  try {
    const { ordered, ...blend } = reorder(head, await work.score(), work)
    return { list: [...ordered, ...list.slice(head.length)], report: work.report('ranked', blend) }
  } catch (thrown) {
    // An abort outranks whatever the scorer made of it.
    run.signal?.throwIfAborted()
    return { list, ...failure(thrown, stage.onError, work) }
  }
}

/** The scoring of one head: what it was given, what it counted, when it began. */
class StageWork {
  readonly notes: TextNote[] = []
  readonly deadline: number
  readonly #startedAt: number
  readonly #stats: Record<string, number> = {}
  #answeredBy: Scorer
  #fallbackReason: Error | undefined

  constructor(
    readonly stage: ResolvedStage,
    readonly head: readonly Entry[],
    readonly run: Run,
  ) {
    this.#startedAt = run.clock.now()
    this.deadline = Math.min(run.deadline, this.#startedAt + stage.deadlineMs)
    this.#answeredBy = stage.scorer
  }

  pool(): Pool {
    const candidates = this.head.map((entry) => entry.candidate)
    return { query: this.run.query, candidates, scorerId: this.stage.scorer.id }
  }

  /** Scores the head and holds the scorer to its contract. */
  async score(): Promise<Scored> {
    const { stage, head, run, deadline } = this
    const texts = head.map((entry) => entry.text)
    const numbers = await waitFor((signal) => stage.scorer.score(run.query, texts, this.#call(signal)), {
      clock: run.clock,
      deadline,
      signal: run.signal,
      deadlineError: () => lateError(stage.scorer),
    })
    const scorer = this.#answeredBy
    checkNumbers(numbers, head.length, scorer)
    const asProbabilities = probabilities(numbers, scorer)
    return asProbabilities === undefined ? { scorer, numbers } : { scorer, numbers, probabilities: asProbabilities }
  }

  report(outcome: Outcome, details: Partial<StageReport>): StageReport {
    return {
      scorerId: this.#answeredBy.id,
      outcome,
      candidates: this.head.length,
      blended: false,
      durationMs: this.run.clock.now() - this.#startedAt,
      // A copy: a scorer that hangs on may still be counting.
      stats: { ...this.#stats },
      ...(this.#fallbackReason && { fallbackReason: this.#fallbackReason }),
      ...details,
    }
  }

  #call(signal: AbortSignal): Call {
    const { instruction } = this.run
    return {
      signal,
      ...(instruction !== undefined && { instruction }),
      deadline: this.deadline,
      now: () => this.run.clock.now(),
      stats: this.#stats,
      caller: this.stage,
      note: (position, note) => {
        this.notes[position] = { ...this.notes[position], ...note }
      },
      answeredBy: (scorer, because) => {
        this.#answeredBy = scorer
        this.#fallbackReason = because
      },
    }
  }
}

/** The caller's policy, or what the scorer says of itself: it leaves alone what it cannot read. */
function askPolicy({ skip, scorer }: ResolvedStage, pool: Pool): SkipReason | undefined {
  if (skip === false) return undefined
  if (skip === undefined) return unread(scorer)?.(pool)
  const reason: unknown = skip(pool)
  if (reason === undefined) warnOfUnread(scorer, pool)
  if (reason === undefined || isSkipReason(reason)) return reason
  throw invalidArgument('skip', reason, 'a policy answers with { policy, evidence } or undefined, and is not async')
}

let hasWarned = false

/** A policy of the caller's takes the place of the scorer's own, which is easily forgotten. */
function warnOfUnread(scorer: Scorer, pool: Pool): void {
  if (hasWarned) return
  const reason = unread(scorer)?.(pool)
  if (reason === undefined) return
  hasWarned = true
  const what = reason.policy === 'other-language' ? 'Passages are in a language' : 'A query is mostly in a script'
  warn(
    `${what} that ${scorer.id} does not read, where its order is worse than that of the first stage, and the skip policy of ` +
      "this reranker lets it pass. Pass skip: anyOf(otherScript({ languages: ['en'] }), yourPolicy) to leave such queries " +
      'alone, skip: false to score them without this warning, or a scorer that reads them.',
  )
}

/** One policy for each list of scripts: to make one compiles a regular expression, which takes milliseconds. */
const unreadPolicies = new WeakMap<ScorerDefaults, SkipPolicy>()

function unread({ defaults }: Scorer): SkipPolicy | undefined {
  if (defaults?.scripts === undefined && defaults?.languages === undefined) return undefined
  const { scripts, languages } = defaults
  // A scorer that names no script reads all of them: none of its letters is of another.
  const policy =
    unreadPolicies.get(defaults) ?? otherScript({ scripts, languages, ...(scripts ? {} : { maxShare: 1 }) })
  unreadPolicies.set(defaults, policy)
  return policy
}

function isSkipReason(value: unknown): value is SkipReason {
  const { policy, evidence } = (value ?? {}) as Partial<Record<keyof SkipReason, unknown>>
  return typeof policy === 'string' && typeof evidence === 'object' && evidence !== null
}

function failure(thrown: unknown, onError: OnError, work: StageWork): { report: StageReport; fatal?: unknown } {
  const error = asError(thrown, work.stage.scorer)
  if (isDeadline(error)) return { report: work.report('late', { error }) }
  const report = work.report('failed', { error })
  return onError === 'throw' || isSetupError(error) ? { report, fatal: error } : { report }
}

function lateError(scorer: Scorer): Error {
  return deadlineError(scorer.id, 'the order was kept as it was')
}

/** The numbers of one head, checked, with the scorer that gave them. */
interface Scored {
  readonly scorer: Scorer
  readonly numbers: readonly number[]
  /** The numbers as probabilities, when the scorer has them. */
  readonly probabilities?: readonly number[]
}

/** The head in its new order, each entry with the numbers of this stage, and what became of the blend. */
function reorder<C extends Candidate>(
  head: readonly Entry<C>[],
  { scorer, numbers, probabilities: asProbabilities }: Scored,
  { stage, run, notes }: StageWork,
): { ordered: Entry<C>[] } & Pick<StageReport, 'blended' | 'blendWeight' | 'blendOmitted'> {
  const firstStage = head.map((entry) => entry.firstStageScore)
  const blend = stage.blend === false ? undefined : (stage.blend ?? scorer.defaults?.blend)
  const { order, blended, ...details } = orderHead({ numbers, firstStage, blend, inputScores: run.inputScores })
  const ordered = order.map((at): Entry<C> => {
    const { candidate, index, text, firstStageScore } = head[at] as Entry<C>
    const number = numbers[at] as number
    return {
      ...notes[at],
      candidate,
      index,
      text,
      ...(firstStageScore === undefined ? {} : { firstStageScore }),
      ...(asProbabilities ? { score: asProbabilities[at] as number, logit: number } : { score: number }),
      ...(blended ? { blendedScore: blended[at] as number } : {}),
      scorerId: scorer.id,
    }
  })
  return { ordered, blended: blended !== undefined, ...details }
}
