import { createReranker, RerankError, type Reranker, type RerankerOptions } from '@secondpass/core'

/** Either a ready reranker, shared with other code, or the options of `createReranker` to make one. */
export type RerankerSource =
  | {
      /** A reranker from `createReranker`. Whoever made it closes it. */
      readonly reranker: Reranker
    }
  | (Omit<RerankerOptions, 'topN' | 'deadlineMs'> & { readonly reranker?: undefined })

/** What both adapters of this package take besides the reranker itself. */
export interface RankingOptions {
  /** How many documents come back, at least 1. Default: all, or what a ready `reranker` was made with. */
  readonly topN?: number | undefined
  /**
   * Milliseconds that reranking may take, above 0. When they run out the documents come back in the order they came
   * in, without a relevance score, and the report and the trace say `late`. LangChain hands a compressor no
   * `AbortSignal`, so this is the only bound that reaches it. Default: none, or the `deadlineMs` of the reranker.
   */
  readonly deadlineMs?: number | undefined
}

/** Takes the ready reranker or makes one; what is left over must be options that `createReranker` knows. */
export function takeReranker(owner: string, source: RerankerSource): { reranker: Reranker; owned: boolean } {
  const { reranker, ...options } = source
  refuseTimeout(owner, options)
  if (reranker === undefined) return { reranker: createReranker(options), owned: true }
  if (typeof reranker?.rerank !== 'function') {
    throw new RerankError('invalid-argument', `${owner}: reranker has no rerank(): pass what createReranker() returns`)
  }
  const stray = Object.keys(options)
  if (stray.length > 0) {
    const names = stray.join(', ')
    throw new RerankError(
      'invalid-argument',
      `${owner}: ${names} given beside a ready reranker: give ${names} to createReranker() instead`,
    )
  }
  return { reranker, owned: false }
}

/** Throws for the name that `deadlineMs` used to have, which would go unnoticed in the options of a call. */
/** A value as it may stand in a message, whatever it is. */
export function shown(value: unknown): string {
  return ['number', 'string', 'boolean', 'undefined'].includes(typeof value) ? String(value) : `of type ${typeof value}`
}

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

/** Checks the options that every call uses, once, at construction. */
export function checkRankingOptions(owner: string, { topN, deadlineMs }: RankingOptions): void {
  if (topN !== undefined && topN !== Infinity && !(Number.isInteger(topN) && topN >= 1)) {
    throw new RerankError(
      'invalid-argument',
      `${owner}: topN is ${shown(topN)}: pass a whole number of at least 1, or leave it out`,
    )
  }
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && deadlineMs > 0)) {
    throw new RerankError(
      'invalid-argument',
      `${owner}: deadlineMs is ${shown(deadlineMs)}: pass milliseconds above 0, or leave it out`,
    )
  }
}
