import { asReranker, type Candidate, reciprocalRankFusion, type Reranker, type RerankerSource } from '@secondpass/core'
import {
  type ArrowBatch,
  type ArrowData,
  type ArrowField,
  batchLike,
  columnOf,
  floatsLike,
  gather,
  nullableField,
  type RowPick,
} from './arrow.js'
import { columnName, type RowOptions, shown, wrong } from './options.js'

/** A ready `reranker` or the options of `createReranker`; and what is read of a row. */
export type HybridRerankerOptions = RerankerSource & RowOptions

const OWNER = 'HybridReranker'

/** What LanceDB calls the number of a reranker. */
export const RELEVANCE = '_relevance_score'

/**
 * Reranks LanceDB's hybrid queries: `table.query().nearestTo(v).fullTextSearch(q).rerank(new HybridReranker())`.
 *
 * LanceDB hands over the rows of both searches. Rows that both found are merged by `_rowid`; their order as given to the
 * reranker, and their first-stage scores, are those of reciprocal rank fusion. The `limit` of the query bounds what each
 * search finds: make it as large as the pool, and cut with `topN`.
 *
 * Rows come back best first, with the columns of both searches and the column `_relevance_score`: the scorer's number, 0..1
 * with the bundled model, and null for a row that no model scored.
 */
export class HybridReranker {
  private readonly reranker: Reranker
  private readonly textColumn: string

  /** @throws RerankError `'invalid-argument'` for an option that is unknown, wrong, or given beside a ready reranker. */
  constructor(options: HybridRerankerOptions = {}) {
    if (typeof options !== 'object' || options === null)
      throw wrong(OWNER, `options is ${shown(options)}: pass an object`)
    const { textColumn, ...source } = options
    this.textColumn = columnName(OWNER, textColumn)
    this.reranker = asReranker(source, OWNER)
  }

  /**
   * Called by LanceDB.
   *
   * @throws RerankError `'invalid-argument'` when a batch has no text column, or one whose values cannot be copied;
   *   otherwise what `rerank` throws.
   */
  async rerankHybrid<B extends ArrowBatch>(query: string, vecResults: B, ftsResults: B): Promise<B> {
    const { textColumn } = this
    const batches: readonly B[] = [vecResults, ftsResults]
    const lists = batches.map((batch, source) => rowsOf(batch, { source, textColumn }))
    const fused = reciprocalRankFusion(lists, { key: ({ id }) => id })
    const pool = fused.map(({ candidate, score }) => ({ ...candidate, score }))
    const { results } = await this.reranker.rerank(query, pool)
    const picks = results.map(({ candidate }) => candidate)
    const scores = results.map(({ score }) => score)
    return together(batches, { picks, scores })
  }

  /** Loads the model ahead of the first query. Idempotent. */
  async warmup(): Promise<void> {
    await this.reranker.warmup()
  }

  /** Closes the reranker that this object made; a ready `reranker` is left to its maker. Idempotent. */
  async close(): Promise<void> {
    await this.reranker.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

interface Row extends Candidate, RowPick {
  readonly id: string
}

/** The rows of one search, in its order. */
function rowsOf(batch: ArrowBatch, { source, textColumn }: { source: number; textColumn: string }): Row[] {
  const texts = columnOf(batch, textColumn)
  if (texts === null) {
    const there = batch.schema.fields.map(({ name }) => name).join(', ')
    throw wrong(OWNER, `there is no column ${shown(textColumn)} among ${there}: set textColumn, and select() it too`)
  }
  const ids = columnOf(batch, '_rowid')
  return Array.from({ length: batch.numRows }, (_, row) => {
    const text = texts.get(row) ?? ''
    if (typeof text !== 'string') {
      throw wrong(OWNER, `the column ${shown(textColumn)} holds ${shown(text)}: name a column of texts`)
    }
    // Without ids nothing tells that two rows are one.
    return { text, source, row, id: ids === null ? `${source}/${row}` : String(ids.get(row)) }
  })
}

/** One batch of these rows, with every column that either search has, and one for the score. */
function together<B extends ArrowBatch>(
  batches: readonly B[],
  { picks, scores }: { picks: readonly RowPick[]; scores: readonly (number | undefined)[] },
): B {
  const all = batches.flatMap(({ schema }) => schema.fields).filter(({ name }) => name !== RELEVANCE)
  const byName = new Map(all.map((field) => [field.name, field]))
  const fields: ArrowField[] = []
  const columns: ArrowData[] = []
  for (const [name, field] of byName) {
    const sources = batches.map((batch) => dataOf(batch, name))
    fields.push(sources.every((source) => source !== undefined) ? field : nullableField(field))
    try {
      columns.push(gather(sources, picks))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      throw wrong(OWNER, `the column ${shown(name)} cannot be copied (${error.message}): leave it out with select()`)
    }
  }
  const [model, at] = floatColumn(fields, columns)
  fields.push(nullableField(model, RELEVANCE))
  columns.push(floatsLike(columns[at] as ArrowData, scores))
  return batchLike(batches[0] as B, { fields, columns, length: picks.length })
}

function dataOf({ schema, data }: ArrowBatch, name: string): ArrowData | undefined {
  const at = schema.fields.findIndex((field) => field.name === name)
  return at < 0 ? undefined : (data.children[at] as ArrowData)
}

/** By its name: the table may be of another realm than this module. */
function isFloat32(values: { readonly [Symbol.toStringTag]?: string } | undefined): boolean {
  return values?.[Symbol.toStringTag] === 'Float32Array'
}

/** A column of 32-bit floats to make another one like it: the distances, or the scores. */
function floatColumn(fields: readonly ArrowField[], columns: readonly ArrowData[]): [ArrowField, number] {
  const at = columns.findIndex(({ values, type }) => isFloat32(values) && type.precision === 1)
  if (at >= 0) return [fields[at] as ArrowField, at]
  throw wrong(OWNER, `neither search gave its scores: select() their columns _distance and _score too`)
}
