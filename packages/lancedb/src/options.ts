import { createReranker, RerankError, type Reranker, type RerankerOptions } from '@secondpass/core'

/** A ready `reranker` (whoever made it closes it) or the options of `createReranker`. */
export type RerankerSource =
  | { readonly reranker: Reranker }
  | (Omit<RerankerOptions, 'topN' | 'deadlineMs'> & { readonly reranker?: undefined })

/** What is read of a row, and how much comes back. */
export interface RowOptions {
  /** The column that is read. Default `'text'`. */
  readonly textColumn?: string | undefined
  /** How many rows come back, at least 1. Default: all. */
  readonly topN?: number | undefined
  /** Milliseconds for reranking; when they pass, the rows come back in first-stage order. Default: the reranker's. */
  readonly deadlineMs?: number | undefined
}

/** {@link RowOptions} with their defaults. */
export interface RowSettings {
  readonly textColumn: string
  readonly topN: number
  readonly deadlineMs: number | undefined
}

/** @throws RerankError `'invalid-argument'` for a wrong option. */
export function readRowOptions(
  owner: string,
  { textColumn = 'text', topN = Infinity, deadlineMs }: RowOptions,
): RowSettings {
  if (typeof textColumn !== 'string' || textColumn === '') {
    throw wrong(owner, `textColumn is ${shown(textColumn)}: pass the name of the column that holds the text`)
  }
  if (topN !== Infinity && !(Number.isInteger(topN) && topN >= 1)) {
    throw wrong(owner, `topN is ${shown(topN)}: pass a whole number of at least 1, or leave it out`)
  }
  if (deadlineMs !== undefined && !(typeof deadlineMs === 'number' && deadlineMs > 0)) {
    throw wrong(owner, `deadlineMs is ${shown(deadlineMs)}: pass milliseconds above 0, or leave it out`)
  }
  return { textColumn, topN, deadlineMs }
}

/** Takes the ready reranker or makes one; what is left over must be options that `createReranker` knows. */
export function takeReranker(owner: string, source: RerankerSource): { reranker: Reranker; owned: boolean } {
  const { reranker, ...options } = source
  if (reranker === undefined) return { reranker: createReranker(options), owned: true }
  checkReranker(owner, reranker)
  const stray = Object.keys(options)
  if (stray.length > 0) {
    const names = stray.join(', ')
    throw wrong(owner, `${names} given beside a ready reranker: give ${names} to createReranker() instead`)
  }
  return { reranker, owned: false }
}

export function checkReranker(owner: string, reranker: Reranker): void {
  if (typeof reranker?.rerank === 'function') return
  throw wrong(owner, 'reranker has no rerank(): pass what createReranker() returns')
}

/** A value as it may stand in a message, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return ['number', 'boolean', 'undefined'].includes(typeof value) ? String(value) : `of type ${typeof value}`
}

export function wrong(owner: string, message: string): RerankError {
  return new RerankError('invalid-argument', `${owner}: ${message}`)
}
