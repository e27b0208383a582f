import { systemClock } from '../base/clock.js'
import { type OnnxCrossEncoder, openCrossEncoder } from '../score/cross-encoder/cross-encoder.js'
import { USUAL } from '../score/cross-encoder/lean/trial.js'
import type { CrossEncoderOptions } from '../score/cross-encoder/options.js'
import {
  choose,
  type DtypeTime,
  type Limits,
  type Measured,
  mostThreads,
  mostWorkers,
  type Step,
} from '../score/cross-encoder/tuning/choice.js'
import { byTurns, rounded } from '../score/cross-encoder/tuning/measure.js'
import { limitsOf, measured, placeOf, type TuningRequest } from '../score/cross-encoder/tuning/tuning.js'
import { oneCall } from './trial.js'

/** What was measured of one number, and what `'measured'` makes of it. */
export interface MeasuredCount {
  /** In the order in which they were tried, up to the first that did not pay; empty where nothing was measured. */
  readonly steps: readonly Step[]
  readonly chosen: number
  readonly reason: string
}

/** What pays off on this machine. */
export interface MeasuredReport {
  /** Where it is kept; `null` where nothing was measured with this model and these options, or it could not be kept. */
  readonly file: string | null
  /** What was read of the machine and its container. */
  readonly limits: Limits
  /** Inside one run, beside the workers that the options ask for. */
  readonly threads: MeasuredCount
  readonly workers: MeasuredCount
  /** The same pair by one thread in each number format; empty where there is one format, or it was not measured. */
  readonly dtypes: readonly DtypeTime[]
}

/** @param measure whether to measure now and keep it, or only to say what is kept */
export async function measuredReport(
  scorer: OnnxCrossEncoder,
  options: CrossEncoderOptions,
  measure: boolean,
): Promise<MeasuredReport> {
  const request = scorer.tuning
  if (request === undefined) throw new Error('the model is not loaded')
  const kept = await placeOf(request)
  const now = measure ? await measureAll(request, options) : undefined
  if (now !== undefined && Object.values(now).some((list: readonly object[]) => list.length > 0)) await kept.write(now)
  const known = await kept.read()
  const { threads = [], workers = [], dtypes = [] } = known ?? now ?? {}
  const limits = limitsOf(request)
  const beside = scorer.placement?.workers ?? 0
  return {
    file: known === undefined ? null : kept.path,
    limits,
    threads: reported('thread', threads, mostThreads(limits, beside)),
    workers: reported('worker', workers, mostWorkers(limits)),
    dtypes,
  }
}

function reported(noun: 'thread' | 'worker', steps: readonly Step[], most: number): MeasuredCount {
  const { count, reason } = choose(noun, steps, most)
  return { steps, chosen: count, reason }
}

async function measureAll(request: TuningRequest, options: CrossEncoderOptions): Promise<Measured> {
  const found = await measured(request, ['threads', 'workers'], { isAnew: true })
  return { ...found, dtypes: await dtypeTimes(options) }
}

const DTYPE_MS = 100

/** The authors' own numbers against bytes, where both can be had without a download. */
async function dtypeTimes(options: CrossEncoderOptions): Promise<readonly DtypeTime[]> {
  const scorers: OnnxCrossEncoder[] = []
  try {
    for (const dtype of ['fp32', 'int8'] as const) {
      const scorer = openCrossEncoder({ ...options, dtype, threads: 1, workers: 0 }, true)
      scorers.push(scorer)
      await scorer.warmup()
    }
    const [one, other] = scorers as [OnnxCrossEncoder, OnnxCrossEncoder]
    // Of a model that cannot be rounded, both are the same graph.
    if (one.id === other.id) return []
    const call = oneCall()
    const run = (scorer: OnnxCrossEncoder) => () => scorer.score(USUAL.query, [USUAL.text], call)
    const [fp32, int8] = await byTurns(run(one), run(other), { clock: systemClock, shareMs: DTYPE_MS })
    return [
      { dtype: 'fp32', pairMs: rounded(fp32) },
      { dtype: 'int8', pairMs: rounded(int8) },
    ]
  } catch {
    // There is one format only, as of the bundled model.
    return []
  } finally {
    for (const scorer of scorers) await scorer.close()
  }
}
