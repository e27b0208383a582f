import { asReranker, type Reranker } from '@secondpass/core'
import { RELEVANCE } from './hybrid.js'
import { columnName, type RowOptions, shown, wrong } from './options.js'

/** Options of {@link rerankRows}. */
export interface RerankRowsOptions extends RowOptions {
  /** Aborting it rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined
}

/** A row as {@link rerankRows} returns it. */
export type RerankedRow<R extends object> = R & {
  /** The scorer's number; missing when no model scored the row. */
  readonly _relevance_score?: number
}

const OWNER = 'rerankRows'

/**
 * Reranks the rows of any query of LanceDB, `await table.search(v).limit(50).toArray()`: for Node.js LanceDB has rerankers
 * for hybrid queries only.
 *
 * The first-stage score of a row is its `_distance`, turned round, since a small distance is a good match; else its
 * `_score` (full text) or `_relevance_score` (hybrid). Where a row has none of them, none has a score, and nothing is blended.
 *
 * @param rows in the order of the query. They are not changed.
 * @returns copies of the best `topN`, best first, with the column `_relevance_score`.
 * @throws RerankError `'invalid-argument'` for a wrong argument, or a row without its text; otherwise what `rerank` throws.
 */
export async function rerankRows<R extends object>(
  reranker: Reranker,
  { query, rows, ...options }: { readonly query: string; readonly rows: readonly R[] } & RerankRowsOptions,
): Promise<RerankedRow<R>[]> {
  const { signal, topN, deadlineMs, instruction } = options
  const ready = asReranker({ reranker, topN, deadlineMs, instruction }, OWNER)
  const textColumn = columnName(OWNER, options.textColumn)
  if (!Array.isArray(rows)) throw wrong(OWNER, `rows is ${shown(rows)}: pass what toArray() gave`)
  const candidates = rows.map((row: R, at) => ({ text: textOf(row, { at, textColumn }), score: scoreOf(row) }))
  const { results } = await ready.rerank(query, candidates, { signal })
  return results.map(({ index, score }) => {
    // A row of Arrow hands out its columns as own properties, so it is copied like any object.
    const { [RELEVANCE]: _earlier, ...row } = { ...rows[index] } as R & { [RELEVANCE]?: unknown }
    return { ...row, ...(score !== undefined && { [RELEVANCE]: score }) } as unknown as RerankedRow<R>
  })
}

function textOf(row: object, { at, textColumn }: { at: number; textColumn: string }): string {
  const text: unknown = (row as Record<string, unknown> | null)?.[textColumn] ?? ''
  const isThere = typeof row === 'object' && row !== null && textColumn in row
  if (isThere && typeof text === 'string') return text
  const fix = 'set textColumn to a column of texts, and select() it too'
  throw wrong(OWNER, `rows[${at}] has ${isThere ? shown(text) : 'nothing'} under ${shown(textColumn)}: ${fix}`)
}

function scoreOf(row: object): number | undefined {
  const { _distance, _score, [RELEVANCE]: relevance } = row as Record<string, unknown>
  if (isNumber(_distance)) return -_distance
  return [_score, relevance].find(isNumber)
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}
