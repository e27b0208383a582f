import type { Qrels } from '@secondpass/core/eval'
import type { Settings } from '../work/batch.js'

/** One query with what a first stage found for it, best first. */
export interface Pool {
  readonly queryId: string
  /** Where its candidates stand, for messages. */
  readonly place: string
  readonly query: string
  /** Document ids, each once. */
  readonly ids: readonly string[]
  /** First-stage scores; missing where the input gives none. */
  readonly scores: readonly (number | undefined)[]
  readonly texts: readonly string[]
}

/** Queries with their candidates, from a BEIR folder or a file. */
export interface Pools {
  /** In words, for the report and the calibration. */
  readonly retriever: string
  readonly corpus: string
  /** What must be equal for two runs to share their scores. */
  readonly settings: Settings
  /** Text by query id, in the order in which the pools come. */
  readonly queries: ReadonlyMap<string, string>
  /** Judgements of these queries; empty when nothing is judged. */
  readonly qrels: Qrels
  /** The pools of the queries that are not in `done`, one at a time. */
  read(done: ReadonlySet<string>): AsyncIterable<Pool>
  /** The texts of some documents. */
  textsOf(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, string>>
}
