import { RerankError } from '@secondpass/core'

/** What both adapters of this package say of every call, and what one call may say anew. */
export interface RankingOptions {
  /** How many documents come back, at least 1. Default: all, or what a ready `reranker` was made with. */
  readonly topN?: number | undefined
  /**
   * Milliseconds that reranking may take, above 0. When they run out the documents come back in the order they came
   * in, without a relevance score, and the report and the trace say `late`. LangChain hands a compressor no
   * `AbortSignal`, so this is the only bound that reaches it. Default: none, or the `deadlineMs` of the reranker.
   */
  readonly deadlineMs?: number | undefined
  /**
   * What counts as relevant, in words: `'Prefer what holds in Germany.'`. Refused, when documents come, by a reranker
   * whose scorer takes none, such as the bundled model. Default: what the scorer was made with.
   */
  readonly instruction?: string | undefined
}

/** A value as it may stand in a message, whatever it is. */
export function shown(value: unknown): string {
  return ['number', 'string', 'boolean', 'undefined'].includes(typeof value) ? String(value) : `of type ${typeof value}`
}

/** Throws for the name that `deadlineMs` used to have, which would go unnoticed in the options of a call. */
export function refuseTimeout(owner: string, options: unknown): asserts options is object {
  if (typeof options !== 'object' || options === null) {
    throw new RerankError('invalid-argument', `${owner}: options is ${shown(options)}: pass an object`)
  }
  if (!('timeoutMs' in options)) return
  throw new RerankError(
    'invalid-argument',
    `${owner}: timeoutMs is ${shown(options.timeoutMs)}: it is called deadlineMs`,
  )
}
