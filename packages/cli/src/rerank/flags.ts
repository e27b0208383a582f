import type { ScorerFlags } from '../scorer/options.js'
import type { Shard } from '../work/shard.js'

/** The options of `secondpass rerank`. */
export interface RerankFlags extends ScorerFlags {
  readonly input?: string
  readonly output?: string
  readonly overwrite?: boolean
  readonly shard?: Shard
  readonly topN?: number
  readonly depth?: number
  readonly minScore?: number
  readonly skip?: string
  readonly onError?: 'throw' | 'keep-order'
  readonly badLines: 'stop' | 'skip'
  readonly concurrency: number
  readonly idsOnly?: boolean
}
