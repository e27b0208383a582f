import { waitFor } from './base/clock.js'
import { invalidArgument, RerankError, show } from './base/errors.js'
import { sizeOf } from './forecast.js'
import type { ResolvedStage } from './options.js'
import { checkNumbers, mix, orderByDescending, probabilities } from './order.js'
import type { Entry, Run, Scored, StageResult } from './request.js'
import type { Call, Candidate, OnError, Outcome, Pool, Scorer, SkipReason, StageReport, TextNote } from './types.js'

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
  if (skipReason !== undefined) {
    if (isOnForecast(skipReason)) stage.forecast.doubt()
    return { list, report: work.report('skipped', { skipReason }) }
  }
  try {
    const scored = await work.score()
    const { ordered, blended } = reorder(stage, head, { scored, notes: work.notes, scoresRise: run.scoresRise })
    return { list: [...ordered, ...list.slice(head.length)], report: work.report('ranked', { blended }) }
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
    const pool = { query: this.run.query, candidates, scorerId: this.stage.scorer.id }
    const forecastMs = this.stage.forecast.durationOf(sizeOf(this.head))
    return {
      ...pool,
      ...(forecastMs === undefined ? {} : { forecastMs }),
      ...(this.deadline === Infinity ? {} : { remainingMs: this.deadline - this.run.clock.now() }),
    }
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
    stage.forecast.learn(sizeOf(head), run.clock.now() - this.#startedAt)
    const scorer = this.#answeredBy
    checkNumbers(numbers, head.length, scorer)
    const asProbabilities = probabilities(numbers, scorer)
    return asProbabilities === undefined ? { scorer, numbers } : { scorer, numbers, probabilities: asProbabilities }
  }

  report(outcome: Outcome, details: { skipReason?: SkipReason; error?: Error; blended?: boolean }): StageReport {
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
    return {
      signal,
      deadline: this.deadline,
      now: () => this.run.clock.now(),
      stats: this.#stats,
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

function askPolicy(stage: ResolvedStage, pool: Pool): SkipReason | undefined {
  const reason: unknown = stage.skip?.(pool)
  if (reason === undefined || isSkipReason(reason)) return reason
  throw invalidArgument('skip', reason, 'a policy answers with { policy, evidence } or undefined, and is not async')
}

function isSkipReason(value: unknown): value is SkipReason {
  const { policy, evidence } = (value ?? {}) as Partial<Record<keyof SkipReason, unknown>>
  return typeof policy === 'string' && typeof evidence === 'object' && evidence !== null
}

/** Whether a policy decided on the forecast: its evidence then names it, alone or behind the name of a policy. */
function isOnForecast({ evidence }: SkipReason): boolean {
  return Object.keys(evidence).some((key) => key === 'forecastMs' || key.endsWith('.forecastMs'))
}

/** Errors that no other order of candidates can answer: the setup is wrong. */
const ALWAYS_THROWN = new Set(['invalid-argument', 'model-files', 'runtime', 'closed'])

function failure(thrown: unknown, onError: OnError, work: StageWork): { report: StageReport; fatal?: unknown } {
  const code = RerankError.is(thrown) ? thrown.code : undefined
  const error = thrown instanceof Error ? thrown : asError(thrown, work.stage.scorer)
  if (code === 'deadline') {
    const report = work.report('late', { error })
    work.stage.forecast.learnAtLeast(sizeOf(work.head), report.durationMs)
    return { report }
  }
  const report = work.report('failed', { error })
  const isFatal = onError === 'throw' || (code !== undefined && ALWAYS_THROWN.has(code))
  return isFatal ? { report, fatal: error } : { report }
}

function asError(thrown: unknown, scorer: Scorer): Error {
  return new RerankError('scorer', `The scorer ${scorer.id} rejected with ${show(thrown)}: reject with an Error.`, {
    cause: thrown,
  })
}

function lateError(scorer: Scorer): RerankError {
  return new RerankError(
    'deadline',
    `The deadline passed before the scorer ${scorer.id} was done: the order was kept as it was.`,
  )
}

/** A head that was scored, as the order needs it. */
export interface ScoredHead {
  readonly scored: Scored
  readonly notes: readonly (TextNote | undefined)[]
  readonly scoresRise: boolean
}

/** The head in its new order, each entry with the numbers of this stage. */
export function reorder<C extends Candidate>(
  stage: ResolvedStage,
  head: readonly Entry<C>[],
  { scored, notes, scoresRise }: ScoredHead,
): { ordered: Entry<C>[]; blended: boolean } {
  const blended = blendedNumbers(stage, head, { scored, notes, scoresRise })
  const ordered = orderByDescending(blended ?? scored.numbers).map((at): Entry<C> => {
    const { candidate, index, text, firstStageScore } = head[at] as Entry<C>
    const number = scored.numbers[at] as number
    return {
      ...notes[at],
      candidate,
      index,
      text,
      ...(firstStageScore === undefined ? {} : { firstStageScore }),
      ...(scored.probabilities ? { score: scored.probabilities[at] as number, logit: number } : { score: number }),
      ...(blended ? { blendedScore: blended[at] as number } : {}),
      scorerId: scored.scorer.id,
    }
  })
  return { ordered, blended: blended !== undefined }
}

function blendedNumbers(
  stage: ResolvedStage,
  head: readonly Entry[],
  { scored, scoresRise }: ScoredHead,
): number[] | undefined {
  const { blend } = stage
  if (blend === undefined || (blend.higherIsBetter === undefined && scoresRise)) return undefined
  return mix(
    blend,
    scored.numbers,
    head.map((entry) => entry.firstStageScore),
  )
}
