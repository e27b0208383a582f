import { RerankError } from '@secondpass/core'

/** What is read of a row, and how much comes back. */
export interface RowOptions {
  /** The column that is read. Default `'text'`. */
  readonly textColumn?: string | undefined
  /** How many rows come back, at least 1. Default: all. */
  readonly topN?: number | undefined
  /** Milliseconds for reranking; when they pass, the rows come back in first-stage order. Default: the reranker's. */
  readonly deadlineMs?: number | undefined
  /** What counts as relevant, in words; refused by a reranker whose scorer takes none. Default: the scorer's. */
  readonly instruction?: string | undefined
}

/** @throws RerankError `'invalid-argument'` for what is no name of a column. */
export function columnName(owner: string, textColumn: string = 'text'): string {
  if (typeof textColumn === 'string' && textColumn !== '') return textColumn
  throw wrong(owner, `textColumn is ${shown(textColumn)}: pass the name of the column that holds the text`)
}

/** A value as it may stand in a message, whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 60))
  return ['number', 'boolean', 'undefined'].includes(typeof value) ? String(value) : `of type ${typeof value}`
}

export function wrong(owner: string, message: string): RerankError {
  return new RerankError('invalid-argument', `${owner}: ${message}`)
}
