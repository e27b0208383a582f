import { createRequire } from 'node:module'
import type * as Arrow from 'apache-arrow'

/** LanceDB loads Arrow by require(), and the ES module is another copy. */
export const arrow = createRequire(import.meta.url)('apache-arrow') as typeof Arrow

/** A row as the table has it. */
export interface Row {
  readonly id: number
  readonly text: string | null
}

/** A batch as LanceDB hands it over: the table's columns, the number of the search and the row's id, read from IPC. */
export function batchOf(rows: readonly Row[], score: '_distance' | '_score', textColumn = 'text'): Arrow.RecordBatch {
  const column = <T extends Arrow.DataType>(values: readonly unknown[], type: T): Arrow.Vector<T> =>
    arrow.vectorFromArray(values as never[], type) as unknown as Arrow.Vector<T>
  const table = new arrow.Table({
    id: column(
      rows.map(({ id }) => id),
      new arrow.Int32(),
    ),
    [textColumn]: column(
      rows.map(({ text }) => text),
      new arrow.Utf8(),
    ),
    [score]: column(
      rows.map((_, at) => at / 8),
      new arrow.Float32(),
    ),
    _rowid: column(
      rows.map(({ id }) => BigInt(id)),
      new arrow.Uint64(),
    ),
  })
  return throughIpc(table)
}

/** What a reader on the other side gets of a table of one batch, or of a batch. */
export function throughIpc(table: Arrow.Table | Arrow.RecordBatch): Arrow.RecordBatch {
  const bytes = arrow.tableToIPC(table instanceof arrow.Table ? table : new arrow.Table([table]), 'file')
  const read = arrow.tableFromIPC(bytes)
  const batch = read.batches[0]
  if (batch === undefined) throw new Error('no batch')
  return batch
}

/** The rows of a batch as plain objects. */
export function rowsOf(batch: Arrow.RecordBatch): Record<string, unknown>[] {
  return new arrow.Table([batch]).toArray().map((row: object) => ({ ...row }))
}
