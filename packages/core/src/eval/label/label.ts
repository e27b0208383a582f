import { type Clock, onAbort, waitFor } from '../../base/clock.js'
import { invalidArgument, RerankError } from '../../base/errors.js'
import {
  countQueries,
  lineOf,
  LineWriter,
  type NumberedQuery,
  readQueries,
  resume,
  type Resumed,
  wholeLines,
} from './files.js'
import { checkLabelOptions, type LabelJob, type LabelOptions, type LabelSummary } from './options.js'
import { ask, type ScoresById } from './teacher.js'

/**
 * Labels queries and their candidates with the scores of a teacher, for training a smaller model: reads JSONL, writes
 * the same lines with `scores`, one query a line, in the order of the input. The whole input is checked before anything
 * is spent.
 *
 * A run that ended early, however it did, is continued by the same call: its output is the file that one long run would
 * have written, as far as the teacher gives the same numbers twice. Only one run may write an output at a time.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, a malformed line (with file and line), an output of
 *   another input or teacher; the reason of `signal`; with `onError: 'stop'` an error that names the query, with the
 *   teacher's own as its `cause`.
 */
export async function label(options: LabelOptions): Promise<LabelSummary> {
  const job = checkLabelOptions(options)
  job.signal?.throwIfAborted()
  const total = await countQueries(job.input)
  const bytes = await wholeLines(job.output, job.input)
  const queries = readQueries(job.input)
  try {
    const resumed = await resume(queries, job.output, bytes)
    const writer = await LineWriter.open(job.output, bytes)
    try {
      return await new LabelRun(job, writer, { resumed, total }).through(queries)
    } finally {
      await writer.close()
    }
  } finally {
    await queries.return(undefined)
  }
}

/** A query that was given to the teacher. */
interface Asked {
  readonly query: NumberedQuery
  readonly answer: Promise<PromiseSettledResult<ScoresById[]>>
  readonly stats: Record<string, number>
}

class LabelRun {
  readonly #job: LabelJob
  readonly #writer: LineWriter
  readonly #pace: Pace
  readonly #spend: Spend
  readonly #progress: ProgressTeller
  readonly #underWay: Asked[] = []
  /** Tells those under way that nobody waits for them any more. */
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  #earlierIds: ReadonlySet<string>

  constructor(job: LabelJob, writer: LineWriter, { resumed, total }: { resumed: Resumed; total: number }) {
    this.#job = job
    this.#writer = writer
    this.#pace = new Pace(job.queriesPerMinute ?? Infinity, job.clock)
    this.#spend = new Spend(job.spendLimit)
    this.#progress = new ProgressTeller(job, { resumed, total, spent: this.#spend.total })
    this.#earlierIds = resumed.scorerIds
    const ending = this.#ending.signal
    this.#signal = job.signal === undefined ? ending : AbortSignal.any([job.signal, ending])
  }

  async through(queries: AsyncIterable<NumberedQuery>): Promise<LabelSummary> {
    this.#progress.tell()
    try {
      for await (const query of queries) {
        if (!(await this.#mayBegin())) return this.#progress.summary('spend-limit')
        this.#underWay.push(this.#begin(query))
        if (this.#underWay.length >= this.#job.concurrency) await this.#finishOldest()
      }
      while (this.#underWay.length > 0) await this.#finishOldest()
      return this.#progress.summary()
    } finally {
      this.#ending.abort(new Error('The labelling ended.'))
    }
  }

  /** Waits until one more query may be begun; `false` when none may any more. */
  async #mayBegin(): Promise<boolean> {
    while (!this.#spend.fitsOneMore(this.#underWay.length)) {
      if (this.#underWay.length === 0) return false
      await this.#finishOldest()
    }
    await this.#pace.turn(this.#job.signal)
    return true
  }

  #begin(query: NumberedQuery): Asked {
    const { teacher, clock } = this.#job
    const stats: Record<string, number> = {}
    const { query: asked, candidates } = query.query
    const start = (signal: AbortSignal): Promise<ScoresById[]> =>
      candidates.length === 0
        ? Promise.resolve([])
        : ask(teacher, { query: asked, candidates, signal, now: () => clock.now(), stats })
    const limits = { clock, deadline: Infinity, signal: this.#signal, deadlineError: () => new Error('no deadline') }
    const answer = waitFor(start, limits).then(
      (value) => ({ status: 'fulfilled' as const, value }),
      (reason: unknown) => ({ status: 'rejected' as const, reason }),
    )
    return { query, answer, stats }
  }

  async #finishOldest(): Promise<void> {
    const { query, answer, stats } = this.#underWay[0] as Asked
    const outcome = await answer
    this.#underWay.shift()
    this.#spend.add(stats)
    this.#job.signal?.throwIfAborted()
    if (outcome.status === 'rejected') this.#fail(query, outcome.reason)
    else await this.#write(query, outcome.value)
    this.#progress.tell()
  }

  async #write(query: NumberedQuery, scores: readonly ScoresById[]): Promise<void> {
    this.#checkTeacher(scores)
    await this.#writer.append(lineOf(query.query, scores))
    this.#progress.written += 1
    const fault = scores.length > 0 ? this.#spend.fault() : undefined
    if (fault !== undefined) throw fault
  }

  /** A file labelled by one teacher above and by another below would train on two scales. */
  #checkTeacher(scores: readonly ScoresById[]): void {
    if (scores.length === 0 || this.#earlierIds.size === 0) return
    const ids = new Set(scores.flatMap((byId) => Object.keys(byId)))
    if (![...ids].some((id) => this.#earlierIds.has(id))) {
      const [now, before] = [[...ids].join(', '), [...this.#earlierIds].join(', ')]
      throw invalidArgument('output', this.#job.output, `${before} labelled it so far, not ${now}; choose another file`)
    }
    this.#earlierIds = new Set()
  }

  #fail({ query, line }: NumberedQuery, reason: unknown): void {
    const { onError, onFailure, input } = this.#job
    const error = reason instanceof Error ? reason : new Error(String(reason))
    const code = RerankError.is(reason) ? reason.code : 'scorer'
    if (onError !== 'skip' || SETUP_CODES.has(code)) {
      const message = `${input}, line ${line.number}: query ${JSON.stringify(query.id)} was not labelled: ${error.message} What is written stays; the same call goes on from there.`
      throw new RerankError(code, message, { cause: reason })
    }
    this.#progress.failed += 1
    onFailure?.({ id: query.id, line: line.number, error })
  }
}

/** Errors that the next query would meet as well. */
const SETUP_CODES = new Set<string>(['invalid-argument', 'model-files', 'runtime', 'closed'])

const MINUTE_MS = 60_000
/** A longer delay overflows the 32-bit timer of Node.js, which would then fire at once. */
const LONGEST_DELAY_MS = 2 ** 31 - 1

/** Lets so many begin per minute, evenly spaced. */
export class Pace {
  readonly #clock: Clock
  readonly #intervalMs: number
  #next = -Infinity

  constructor(perMinute: number, clock: Clock) {
    this.#clock = clock
    this.#intervalMs = MINUTE_MS / perMinute
  }

  /** Waits for its turn; rejects at once with the signal's reason when that aborts. */
  async turn(signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted()
    const at = Math.max(this.#next, this.#clock.now())
    this.#next = at + this.#intervalMs
    for (let left = at - this.#clock.now(); left > 0; left = at - this.#clock.now()) {
      await pause(Math.min(left, LONGEST_DELAY_MS), this.#clock, signal)
    }
  }
}

function pause(delayMs: number, clock: Clock, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimeout(() => {
      unwatch?.()
      resolve()
    }, delayMs)
    const unwatch =
      signal &&
      onAbort(signal, () => {
        unwatch?.()
        clock.clearTimeout(timer)
        reject(signal.reason)
      })
  })
}

/** Counts what is done, and says how long the rest will take. */
export class ProgressTeller {
  written = 0
  failed: number
  readonly #job: LabelJob
  readonly #start: {
    readonly resumed: Resumed
    readonly total: number
    readonly spent: Readonly<Record<string, number>>
  }
  readonly #startedAt: number

  constructor(job: LabelJob, start: { resumed: Resumed; total: number; spent: Readonly<Record<string, number>> }) {
    this.#job = job
    this.#start = start
    this.#startedAt = job.clock.now()
    this.failed = start.resumed.leftOut
  }

  tell(): void {
    const { onProgress } = this.#job
    if (onProgress === undefined) return
    const { written: _, ...progress } = this.summary()
    const { leftOut, labelled } = this.#start.resumed
    const doneNow = progress.done - leftOut - labelled
    const perQueryMs = progress.elapsedMs / doneNow
    onProgress({
      ...progress,
      ...(doneNow > 0 && { remainingMs: perQueryMs * (progress.total - progress.done) }),
    })
  }

  summary(stoppedBy?: 'spend-limit'): LabelSummary {
    const { resumed, total, spent } = this.#start
    return {
      done: resumed.labelled + this.written + this.failed,
      total,
      resumed: resumed.labelled,
      failed: this.failed,
      written: this.written,
      spent: { ...spent },
      elapsedMs: this.#job.clock.now() - this.#startedAt,
      ...(stoppedBy !== undefined && { stoppedBy }),
    }
  }
}

type Counters = Readonly<Record<string, number>>

/** What a run spends, and whether it may go on. */
export class Spend {
  readonly total: Record<string, number> = {}
  readonly #limit: Counters
  readonly #dearest: Record<string, number> = {}
  #queries = 0

  constructor(limit: Counters = {}) {
    this.#limit = limit
  }

  /**
   * Whether one more query fits, beside those under way, were each as dear as the dearest so far. Nothing is known before
   * the first: it goes alone.
   */
  fitsOneMore(underWay: number): boolean {
    const limits = Object.entries(this.#limit)
    if (limits.length === 0) return true
    if (this.#queries === 0) return underWay === 0
    return limits.every(
      ([counter, most]) => (this.total[counter] ?? 0) + (underWay + 1) * (this.#dearest[counter] ?? 0) <= most,
    )
  }

  /** @param stats what the teacher counted for one query, whether it succeeded or not. */
  add(stats: Counters): void {
    this.#queries += 1
    for (const [counter, by] of Object.entries(stats)) {
      this.total[counter] = (this.total[counter] ?? 0) + by
      this.#dearest[counter] = Math.max(this.#dearest[counter] ?? 0, by)
    }
  }

  /** The error for a limit on what the teacher does not count, which would limit nothing. Or nothing. */
  fault(): RerankError | undefined {
    const unknown = Object.keys(this.#limit).find((counter) => this.total[counter] === undefined)
    // A cache answers without spending anything.
    if (unknown === undefined || (this.total['cacheHits'] ?? 0) > 0) return undefined
    const known = Object.keys(this.total).join(', ') || 'nothing'
    const fix = `the teacher does not count it; limit what it counts (${known}), or set its price for 'cost'`
    return invalidArgument(`spendLimit.${unknown}`, this.#limit[unknown], fix)
  }
}
