import {
  type Check,
  checkItems,
  isFiniteNumber,
  isObject,
  inside,
  must,
  type OptionsOf,
  type OptionTable,
  readOptions,
  required,
  whole,
  withDefault,
} from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { marginSignal, shapeSignal, topScoreSignal } from '../../skip/first-stage.js'
import type { Signal } from '../../skip/policy.js'
import { queryLengthSignal } from '../../skip/query.js'
import type { SkipCalibration } from '../../types.js'
import { mean, seededRandom, shuffled } from '../bootstrap.js'
import { type Attempt, choose, leastSample, type Plan, SELECTION, type Split, upperBound, verify } from './plan.js'
import {
  type CalibrationQuery,
  curveOf,
  type CurvePoint,
  groupsOf,
  lossesAt,
  measureAll,
  thresholdsOf,
} from './query.js'

/** Where the sample came from, in words: thresholds hold there and nowhere else. */
export interface Provenance {
  /** Id of the scorer whose answers counted as right. */
  readonly scorerId: string
  /** The retriever whose scores were looked at. */
  readonly retriever: string
  /** The collection that was searched. */
  readonly corpus: string
  /** The day, as `YYYY-MM-DD`. Default: today, in UTC. */
  readonly date?: string | undefined
}

/** What was promised, and on what grounds. */
export interface Promised {
  /** What a loss is a loss of, for example `'nDCG@10'`. */
  readonly metric: string
  /** The mean loss over all queries that is not exceeded, on the scale of the metric. */
  readonly maxLoss: number
  /** The chance, over samples like this one, that the promise holds: at least this. */
  readonly confidence: number
  /** Upper bound of the mean loss at this confidence. Below `maxLoss`. */
  readonly bound: number
  /** Mean loss seen on the queries the promise was verified on. */
  readonly loss: number
  /** Share of those queries that was skipped. */
  readonly skipRate: number
  /** How many different queries chose, and how many others verified. */
  readonly queries: { readonly selection: number; readonly verification: number }
  /** What counted as right: judgements, or the reranker's own order. */
  readonly truth: 'labels' | 'reranker'
}

/** The content of `calibration.json`, which `calibrated` turns into a skip policy. */
export interface CalibrationFile extends Provenance, SkipCalibration {
  readonly scorerId: string
  readonly retriever: string
  readonly corpus: string
  readonly date: string
  /** Name of the signal; missing when nothing was promised. */
  readonly signal?: string
  readonly threshold?: number
  readonly promise?: Promised
}

/** Options of {@link calibrateSkip}. */
export interface CalibrateOptions extends Provenance {
  /** The mean loss that is acceptable, on the scale of the metric: 0.01 is one point of nDCG. Above 0, below 1. */
  readonly maxLoss: number
  /** The chance with which the promise must hold, above 0 and below 1. Default 0.9. */
  readonly confidence?: number | undefined
  /** Which signals to try. Default: margin, relative margin, top score, score shape, query length. */
  readonly signals?: readonly Signal[] | undefined
  /** What `loss` is a loss of. Default `'nDCG@10'`. */
  readonly metric?: string | undefined
  /** Fixes the split. A whole number from 0. Default 1. */
  readonly seed?: number | undefined
}

const words: Check<string> = must((value) => typeof value === 'string', 'say in words what the sample is of')
const signalList: Check<readonly Signal[]> = must(
  (value) => Array.isArray(value) && value.length > 0,
  'pass at least one',
)

const CALIBRATE = {
  scorerId: required(words),
  retriever: required(words),
  corpus: required(words),
  date: must<string>((value) => typeof value === 'string', 'pass a day as YYYY-MM-DD'),
  maxLoss: required(inside(0, 1)),
  confidence: withDefault(inside(0, 1), 0.9),
  signals: withDefault(signalList, [
    marginSignal(),
    marginSignal({ relative: true }),
    topScoreSignal(),
    shapeSignal(),
    queryLengthSignal(),
  ]),
  metric: withDefault(
    must<string>((value) => typeof value === 'string', 'pass the name of a metric'),
    'nDCG@10',
  ),
  seed: withDefault(whole(0), 1),
} satisfies OptionTable<CalibrateOptions>

/** The curve of one signal over all queries. It describes the sample and promises nothing. */
export interface SignalCurve {
  readonly signal: string
  /** Share of the queries whose pool holds the signal. */
  readonly measured: number
  readonly curve: readonly CurvePoint[]
}

/** What {@link calibrateSkip} found. */
export interface SkipCalibrationResult {
  readonly outcome: 'promised' | 'no-threshold' | 'too-few-queries'
  /** For a person. */
  readonly sentence: string
  /** What to write to `calibration.json`; its `skip` is `null` unless promised with a signal that a file can hold. */
  readonly file: CalibrationFile
  /** One for each signal, in the order given. */
  readonly curves: readonly SignalCurve[]
}

/**
 * When may reranking be skipped? Finds the signal and the threshold that skip as many queries as possible while the mean
 * loss stays at or below `maxLoss` with the wanted confidence.
 *
 * One part of the queries chooses the signal, the thresholds to try and how to bet. The other part tests the thresholds from
 * the fewest skips to the most and stops at the first that fails, which by fixed-sequence testing (Angelopoulos et al. 2021,
 * "Learn then test"; Laufer-Goldshtein et al. 2023) keeps the chance of any false promise at `1 - confidence`, however many
 * thresholds are tried. A query that is in the sample several times counts once, with its mean loss, and stands in one of
 * the parts alone. The promise is for queries like those of the sample, drawn at random; not for other users, retrievers
 * or scorers, and not for any one query.
 *
 * @throws RerankError `'invalid-argument'` when an option or a loss is wrong.
 */
export function calibrateSkip(queries: readonly CalibrationQuery[], options: CalibrateOptions): SkipCalibrationResult {
  const read = readOptions(CALIBRATE, options)
  checkSample(queries)
  checkItems('signals', read.signals, isSignal, 'pass signals such as marginSignal()')
  const { maxLoss, confidence, seed, signals } = read
  const curves = signals.map((signal) => describe(queries, signal))
  const least = leastSample({ maxLoss, confidence })
  const groups = groupsOf(queries)
  if (groups.length < least) {
    const different = groups.length === queries.length ? '' : ` different ones among ${queries.length}`
    const sentence = `No promise: it needs at least ${least} queries to bound a loss of ${maxLoss} with ${confidence * 100} % confidence, and there are ${groups.length}${different}.`
    return { outcome: 'too-few-queries', sentence, file: fileOf(read, queries), curves }
  }
  const order = shuffled(groups, seededRandom(seed))
  const cut = Math.floor(order.length * SELECTION)
  const split = { selection: order.slice(0, cut).flat(), verification: order.slice(cut).flat() }
  const plan = choose(split, signals, { maxLoss, confidence })
  const attempt = plan === undefined ? undefined : verify(plan, split.verification, { maxLoss, confidence })
  if (plan === undefined || attempt === undefined) {
    const sentence = `Do not skip: no threshold of ${signals.map(({ name }) => name).join(', ')} was shown to keep the mean loss within ${maxLoss}. More queries may show one; see the curves.`
    return { outcome: 'no-threshold', sentence, file: fileOf(read, queries), curves }
  }
  return { ...promise(plan, attempt, { ...read, split, queries }), curves }
}

function promise(
  { signal }: Plan,
  { threshold, share }: Attempt,
  options: OptionsOf<typeof CALIBRATE> & { readonly split: Split; readonly queries: readonly CalibrationQuery[] },
): Omit<SkipCalibrationResult, 'curves'> {
  const { maxLoss, confidence, metric, split } = options
  const measured = measureAll(split.verification, signal)
  const losses = lossesAt(measured, threshold)
  const [{ skipRate }] = curveOf(measured, [threshold]) as [CurvePoint]
  const promised: Promised = {
    metric,
    maxLoss,
    confidence,
    bound: upperBound(losses, { share, confidence }),
    loss: mean(losses),
    skipRate,
    queries: { selection: groupsOf(split.selection).length, verification: losses.length },
    truth: split.verification.some(({ truth }) => truth === 'reranker') ? 'reranker' : 'labels',
  }
  const skip = signal.policy?.(threshold) ?? null
  const apply = skip === null ? ' No file can hold this signal: give the threshold to a policy of your own.' : ''
  return {
    outcome: 'promised',
    sentence: `Skip when ${signal.name} is at least ${Number(threshold.toPrecision(4))}: ${(skipRate * 100).toFixed(0)} % of the queries, at a mean loss of at most ${promised.bound.toFixed(4)} in ${metric} with ${confidence * 100} % confidence.${apply}`,
    file: { ...fileOf(options, options.queries), skip, signal: signal.name, threshold, promise: promised },
  }
}

function fileOf(provenance: Provenance, queries: readonly CalibrationQuery[]): CalibrationFile {
  const { scorerId, retriever, corpus, date = new Date().toISOString().slice(0, 10) } = provenance
  const topScores = topScoresOf(queries)
  return { version: 1, scorerId, retriever, corpus, date, ...(topScores && { topScores }), skip: null }
}

/** The least and the largest score on top of a list; nothing where no list has one. */
function topScoresOf(queries: readonly CalibrationQuery[]): readonly [number, number] | undefined {
  let [least, largest] = [Infinity, -Infinity]
  for (const { candidates } of queries) {
    const top = candidates[0]?.score
    if (isFiniteNumber(top)) [least, largest] = [Math.min(least, top), Math.max(largest, top)]
  }
  return largest < least ? undefined : [least, largest]
}

function describe(queries: readonly CalibrationQuery[], signal: Signal): SignalCurve {
  const measured = measureAll(queries, signal)
  const having = measured.filter(({ value }) => value !== undefined).length
  return {
    signal: signal.name,
    measured: having / queries.length,
    curve: curveOf(measured, thresholdsOf(measured, signal)),
  }
}

function isSignal(value: unknown): boolean {
  return isObject(value) && typeof value['name'] === 'string' && typeof value['measure'] === 'function'
}

function checkSample(queries: readonly CalibrationQuery[]): void {
  const isQuery = (one: unknown): boolean =>
    isObject(one) && typeof one['query'] === 'string' && Array.isArray(one['candidates'])
  checkItems('queries', queries, isQuery, 'pass { query, candidates, loss }')
  if (queries.length === 0) throw invalidArgument('queries', queries, 'pass a sample of queries')
  const wrong = queries.findIndex(({ loss }) => !(isFiniteNumber(loss) && loss >= -1 && loss <= 1))
  if (wrong >= 0) throw invalidArgument(`queries[${wrong}].loss`, queries[wrong]?.loss, 'pass a number from -1 to 1')
}
