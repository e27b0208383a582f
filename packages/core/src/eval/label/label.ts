import { waitFor } from '../../clock.js'
import { RerankError, invalidArgument } from '../../errors.js'
import { type NumberedQuery, countQueries, lineOf, readQueries } from './line.js'
import { type LabelJob, type LabelOptions, type LabelSummary, checkLabelOptions } from './options.js'
import { LineWriter, wholeLines } from './output.js'
import { Pace } from './pace.js'
import { ProgressTeller } from './progress.js'
import { type Resumed, resume } from './resume.js'
import { Spend } from './spend.js'
import { type ScoresById, ask } from './teacher.js'

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
