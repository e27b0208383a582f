import { type Clock, RerankError } from '@secondpass/core'
import { type LabelledQuery, type Teacher, labelQuery } from '@secondpass/core/eval'
import { CliError, misuse } from '../errors.js'
import { checkFiles } from '../files/identity.js'
import type { LineFile } from '../files/line-file.js'
import type { Io } from '../io.js'
import { countQueries, newScorers, type NumberedQuery, openOutput, readQueries, resume } from './files.js'
import { machineClock, Pace, Spend, untilAborted } from './limits.js'
import { labelledSource } from './source.js'

/** What is to be labelled, and how. */
export interface LabelJob {
  /** Path of a JSONL file with one query and its candidates on each line; may be packed (`.gz`). */
  readonly input: string
  /** Path of the JSONL file to write. One that an earlier run began is continued. */
  readonly output: string
  readonly teacher: Teacher
  /** Queries under way at a time, from 1. Lines are written in the order of the input all the same. */
  readonly concurrency: number
  /** Queries begun per minute at most, evenly spaced. Default: no limit. */
  readonly queriesPerMinute?: number | undefined
  /**
   * What this run may spend, by what the teacher counts. The run ends before a query that would exceed it if it cost as
   * much as the most expensive so far; the first cannot be foreseen. What an earlier run spent does not count.
   */
  readonly spendLimit?: Readonly<Record<string, number>> | undefined
  /**
   * When the teacher fails on a query. `'stop'`: the run rejects, and the next one begins there. `'skip'`: the query is
   * left out and counted, and the next run does not come back to it. An abort, and an error of the setup, always stop.
   */
  readonly onError: 'stop' | 'skip'
  /** Told once before the first query and after each. */
  readonly onProgress?: ((progress: LabelProgress) => void) | undefined
  /** Told of every query that `onError: 'skip'` leaves out. */
  readonly onFailure?: ((failure: LabelFailure) => void) | undefined
  /** Where time comes from. Default: the clock of the machine. */
  readonly clock?: Clock | undefined
}

/** A query that was left out. */
export interface LabelFailure {
  readonly id: string
  /** 1-based line of the input. */
  readonly line: number
  readonly error: Error
}

/** How far a run is. */
export interface LabelProgress {
  /** Queries of the input that are behind us: labelled now or by an earlier run, or left out. */
  readonly done: number
  /** Queries in the input. */
  readonly total: number
  /** How many of `done` an earlier run had labelled. */
  readonly resumed: number
  /** How many of `done` were left out because the teacher failed. */
  readonly failed: number
  /** What the teacher counted in this run: `requests`, `tokens`, `cost`, `calls`, … */
  readonly spent: Readonly<Record<string, number>>
  /** Time since this run began, in milliseconds. */
  readonly elapsedMs: number
}

/** What a run did. */
export interface LabelSummary extends LabelProgress {
  /** Lines this run wrote. */
  readonly written: number
  /** Present when the run ended early and cleanly. */
  readonly stoppedBy?: 'spend-limit'
}

/**
 * Labels the queries of a file with the scores of a teacher, in the order of the input. The whole input is checked before
 * anything is spent.
 *
 * A run that ended early, however it did, is continued by the same command: its output is the file that one long run would
 * have written, as far as the teacher gives the same numbers twice. Only one run may write an output at a time.
 *
 * @throws CliError for a malformed line (with file and line), an output of another input or teacher, and with
 *   `onError: 'stop'` naming the query, with the teacher's error as its `cause`; the reason of the signal of `io`.
 */
export async function labelFile(job: LabelJob, io: Io): Promise<LabelSummary> {
  const { input, output } = job
  io.signal.throwIfAborted()
  checkFiles([{ option: '--input', path: input, again: true }], [{ option: '--output', path: output }], io)
  const { lines, close } = openOutput(output)
  const queries = readQueries(input, io)
  try {
    const total = await countQueries(input, io)
    const resumed = await resume(queries, lines)
    lines.mend()
    const summary = await new LabelRun(job, { ...resumed, lines, total, signal: io.signal }).through(queries)
    lines.sync()
    return summary
  } finally {
    close()
    await queries.return(undefined)
  }
}

/** A query that was given to the teacher. */
interface Asked {
  readonly query: NumberedQuery
  readonly answer: Promise<PromiseSettledResult<LabelledQuery>>
  readonly stats: Record<string, number>
}

/** Where a run begins. */
interface Start {
  readonly lines: LineFile
  readonly total: number
  readonly labelled: number
  readonly leftOut: number
  readonly scorerIds: ReadonlySet<string>
  readonly signal: AbortSignal
}

class LabelRun {
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #spend: Spend
  readonly #startedAt: number
  readonly #underWay: Asked[] = []
  /** Tells the calls under way that their answers are no longer awaited. */
  readonly #ending = new AbortController()
  readonly #signal: AbortSignal
  #earlierIds: ReadonlySet<string>
  #written = 0
  #failed: number

  constructor(
    readonly job: LabelJob,
    readonly start: Start,
  ) {
    this.#clock = job.clock ?? machineClock
    this.#pace = new Pace(job.queriesPerMinute ?? Infinity, this.#clock)
    this.#spend = new Spend(job.spendLimit)
    this.#startedAt = this.#clock.now()
    this.#earlierIds = start.scorerIds
    this.#failed = start.leftOut
    this.#signal = AbortSignal.any([start.signal, this.#ending.signal])
  }

  async through(queries: AsyncIterable<NumberedQuery>): Promise<LabelSummary> {
    this.#tell()
    try {
      for await (const query of queries) {
        if (!(await this.#mayBegin())) return { ...this.#summary(), stoppedBy: 'spend-limit' }
        this.#underWay.push(this.#begin(query))
        if (this.#underWay.length >= this.job.concurrency) await this.#finishOldest()
      }
      while (this.#underWay.length > 0) await this.#finishOldest()
      return this.#summary()
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
    await this.#pace.turn(this.start.signal)
    return true
  }

  #begin(query: NumberedQuery): Asked {
    const stats: Record<string, number> = {}
    const work = labelQuery(this.job.teacher, query.query, { signal: this.#signal, stats })
    const answer = untilAborted(work, this.#signal).then(
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
    this.start.signal.throwIfAborted()
    if (outcome.status === 'rejected') this.#fail(query, outcome.reason)
    else this.#write(query, outcome.value)
    this.#tell()
  }

  #write({ query, line }: NumberedQuery, labelled: LabelledQuery): void {
    const ids = newScorers(labelled, query)
    this.#checkTeacher(ids)
    this.start.lines.add(labelledSource(line, query, labelled))
    this.#written += 1
    if (labelled.candidates.length > 0) this.#spend.refuseUncounted()
  }

  /** A file labelled by one teacher above and by another below would train on two scales. */
  #checkTeacher(ids: ReadonlySet<string>): void {
    if (ids.size === 0 || this.#earlierIds.size === 0) return
    if (![...ids].some((id) => this.#earlierIds.has(id))) {
      const [now, before] = [[...ids].join(', '), [...this.#earlierIds].join(', ')]
      throw misuse(`--output ${this.job.output}: ${before} labelled it so far, not ${now}; choose another file`)
    }
    this.#earlierIds = new Set()
  }

  #fail({ query, line }: NumberedQuery, reason: unknown): void {
    const { onError, onFailure, input } = this.job
    const error = reason instanceof Error ? reason : new Error(String(reason))
    if (onError !== 'skip' || (RerankError.is(reason) && SETUP_CODES.has(reason.code))) {
      throw new CliError(
        `${input}, line ${line.number}: query ${JSON.stringify(query.id)} was not labelled: ${error.message} What is written stays; the same command resumes from there.`,
        { cause: reason },
      )
    }
    this.#failed += 1
    onFailure?.({ id: query.id, line: line.number, error })
  }

  #tell(): void {
    const { written: _, ...progress } = this.#summary()
    this.job.onProgress?.(progress)
  }

  #summary(): LabelSummary {
    const { labelled, total } = this.start
    return {
      done: labelled + this.#written + this.#failed,
      total,
      resumed: labelled,
      failed: this.#failed,
      written: this.#written,
      spent: { ...this.#spend.total },
      elapsedMs: this.#clock.now() - this.#startedAt,
    }
  }
}

/** Errors that the next query would meet as well. */
const SETUP_CODES = new Set<string>(['invalid-argument', 'model-files', 'runtime', 'closed'])
