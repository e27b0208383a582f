import type { SkipCalibration } from '../../types.js'

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
  /** How many queries chose, and how many others verified. */
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
