import type { LabelJob, LabelSummary } from './options.js'
import type { Resumed } from './resume.js'

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
