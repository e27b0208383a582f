import type * as Arrow from 'apache-arrow'
import { createReranker, RerankError, type Report, type Scorer } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { HybridReranker } from '../../packages/lancedb/src/index.ts'
import { query, texts } from '../fixtures/key-passages.ts'
import { failingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { arrow, batchOf, rowsOf, throughIpc } from './support.ts'

const rows = texts.map((text, id) => ({ id, text }))
const pickRows = (...ids: number[]) => ids.map((id) => rows[id] as { id: number; text: string })
const idsOf = (batch: Arrow.RecordBatch) => rowsOf(batch).map(({ id }) => id)

describe('HybridReranker', () => {
  it('reranks the rows of both searches, each once, and says how relevant each is', async () => {
    const reports: Report[] = []
    const reranker = new HybridReranker({ scorer: overlapScorer(), onReport: (report) => reports.push(report) })
    const merged = await reranker.rerankHybrid(
      query,
      batchOf(pickRows(0, 1, 2), '_distance'),
      batchOf(pickRows(2, 3), '_score'),
    )
    const read = throughIpc(merged)
    expect(new Set(idsOf(read))).toEqual(new Set([0, 1, 2, 3]))
    expect(read.numRows).toBe(4)
    expect(idsOf(read)[0]).toBe(3)
    const scores = rowsOf(read).map(({ _relevance_score }) => _relevance_score as number)
    expect(scores).toEqual(scores.toSorted((left, right) => right - left))
    expect(scores[0]).toBeCloseTo(5 / 7, 6)
    expect(reports[0]).toMatchObject({ candidates: 4, returned: 4 })
  })

  it('keeps the columns of both, and leaves a number open where only the other search has it', async () => {
    const reranker = new HybridReranker({ scorer: overlapScorer() })
    const merged = await reranker.rerankHybrid(
      query,
      batchOf(pickRows(0, 2), '_distance'),
      batchOf(pickRows(2, 3), '_score'),
    )
    const byId = Object.fromEntries(rowsOf(throughIpc(merged)).map((row) => [String(row['id']), row]))
    expect(byId['0']).toMatchObject({ text: texts[0], _distance: 0, _score: null, _rowid: 0n })
    // The row that both found is the one of the vectors' search.
    expect(byId['2']).toMatchObject({ text: texts[2], _distance: 0.125, _score: null })
    expect(byId['3']).toMatchObject({ text: texts[3], _distance: null, _score: 0.125 })
  })

  it('gives the reranker the order of reciprocal rank fusion, and its scores', async () => {
    const seen: string[][] = []
    const constant: Scorer<'pair'> = {
      id: 'constant',
      scope: 'pair',
      async score(_query, asked) {
        seen.push([...asked])
        return asked.map(() => 0)
      },
    }
    const reranker = new HybridReranker({ scorer: constant })
    const merged = await reranker.rerankHybrid(
      query,
      batchOf(pickRows(0, 1, 2), '_distance'),
      batchOf(pickRows(2, 3), '_score'),
    )
    // 2 is third and first, the others stand in one list only.
    expect(seen).toEqual([[2, 0, 1, 3].map((id) => texts[id])])
    expect(idsOf(merged)).toEqual([2, 0, 1, 3])
  })

  it('cuts with topN, reads another column, and takes a text that is null for an empty one', async () => {
    const reranker = new HybridReranker({ scorer: overlapScorer(), topN: 2, textColumn: 'body' })
    const merged = await reranker.rerankHybrid(
      query,
      batchOf([{ id: 9, text: null }, ...pickRows(0, 3)], '_distance', 'body'),
      batchOf(pickRows(1), '_score', 'body'),
    )
    expect(merged.numRows).toBe(2)
    expect(idsOf(throughIpc(merged))[0]).toBe(3)
  })

  it('leaves the score open and keeps the fused order when nothing was ranked', async () => {
    const reranker = new HybridReranker({ scorer: failingScorer('down'), onError: 'keep-order' })
    const merged = await reranker.rerankHybrid(
      query,
      batchOf(pickRows(0, 1), '_distance'),
      batchOf(pickRows(1), '_score'),
    )
    expect(rowsOf(throughIpc(merged)).map(({ id, _relevance_score: score }) => [id, score])).toEqual([
      [1, null],
      [0, null],
    ])
  })

  it('copes with a search that found nothing, and with none at all', async () => {
    const reranker = new HybridReranker({ scorer: overlapScorer() })
    const none = batchOf([], '_score')
    expect(idsOf(await reranker.rerankHybrid(query, batchOf(pickRows(0, 3), '_distance'), none))).toEqual([3, 0])
    const empty = await reranker.rerankHybrid(query, batchOf([], '_distance'), none)
    expect(empty.numRows).toBe(0)
    expect(empty.schema.fields.map(({ name }) => name)).toContain('_relevance_score')
  })

  it('names the columns that are there when the text is not among them', async () => {
    const reranker = new HybridReranker({ scorer: overlapScorer(), textColumn: 'body' })
    const merged = reranker.rerankHybrid(query, batchOf(rows, '_distance'), batchOf(rows, '_score'))
    await expect(merged).rejects.toThrow(
      'HybridReranker: there is no column "body" among id, text, _distance, _rowid: set textColumn, and select() it too',
    )
  })

  it('refuses wrong options, and closes only what it made', async () => {
    for (const [options, message] of [
      [{ topN: 0 }, 'topN is 0'],
      [{ textColumn: '' }, 'textColumn is ""'],
      [{ deadlineMs: -1 }, 'deadlineMs is -1'],
      [{ reranker: createReranker({ scorer: overlapScorer() }), depth: 3 }, 'depth given beside a ready reranker'],
      [{ reranker: {} }, 'reranker has no rerank()'],
      [{ k: 3 }, 'k'],
      [null, 'options is of type object'],
      [{ instruction: '' }, 'instruction is ""'],
    ] as const) {
      expect(() => new HybridReranker(options as never)).toThrow(RerankError)
      expect(() => new HybridReranker(options as never)).toThrow(message)
    }
    const ready = createReranker({ scorer: overlapScorer() })
    await new HybridReranker({ reranker: ready }).close()
    await expect(ready.rerank(query, texts)).resolves.toBeDefined()
    const own = new HybridReranker({ scorer: overlapScorer() })
    await own.close()
    await expect(own.rerankHybrid(query, batchOf(rows, '_distance'), batchOf(rows, '_score'))).rejects.toMatchObject({
      code: 'closed',
    })
  })
})

describe('columns of every kind come back as they went in', () => {
  const day = (at: number) => new Date(Date.UTC(2026, 10, at))
  const list = (type: Arrow.DataType) => new arrow.List(new arrow.Field('item', type, true))
  const nested = new arrow.Struct([
    new arrow.Field('page', new arrow.Int32(), true),
    new arrow.Field('words', list(new arrow.Utf8()), true),
  ])
  const columns: [string, Arrow.DataType, unknown[]][] = [
    ['utf8', new arrow.Utf8(), ['ä', null, '', 'word']],
    ['large utf8', new arrow.LargeUtf8(), ['ä', null, '', 'word']],
    ['binary', new arrow.Binary(), [Uint8Array.of(1, 2), null, Uint8Array.of(), Uint8Array.of(255)]],
    [
      'fixed binary',
      new arrow.FixedSizeBinary(2),
      [Uint8Array.of(1, 2), null, Uint8Array.of(3, 4), Uint8Array.of(5, 6)],
    ],
    ['bool', new arrow.Bool(), [true, null, false, true]],
    ['int8', new arrow.Int8(), [-1, null, 0, 127]],
    ['int64', new arrow.Int64(), [-1n, null, 0n, 2n ** 62n]],
    ['float16', new arrow.Float16(), [0.5, null, -2, 1]],
    ['float64', new arrow.Float64(), [0.1, null, -0, 1e300]],
    ['microseconds', new arrow.TimestampMicrosecond(), [day(1), null, day(2), day(3)]],
    ['date', new arrow.DateDay(), [day(1), null, day(2), day(3)]],
    ['list', list(new arrow.Utf8()), [['a', 'b'], null, [], ['c']]],
    [
      'vector',
      new arrow.FixedSizeList(2, new arrow.Field('item', new arrow.Float32(), true)),
      [[1, 2], null, [3, 4], [5, 6]],
    ],
    ['struct', nested, [{ page: 1, words: ['x'] }, null, { page: null, words: [] }, { page: 4, words: ['y', 'z'] }]],
    ['null', new arrow.Null(), [null, null, null, null]],
  ]

  it.each(columns)('%s', async (_name, type, values) => {
    const of = (places: readonly number[], score: string): Arrow.RecordBatch => {
      const column = arrow.vectorFromArray(places.map((at) => values[at]) as never[], type)
      const base = batchOf(
        places.map((at) => ({ id: at, text: texts[at] as string })),
        score as '_score',
      )
      const children = Object.fromEntries(
        base.schema.fields.map(({ name }) => [name, new arrow.Vector([base.getChild(name as never)!.data[0]!])]),
      )
      return throughIpc(new arrow.Table({ ...children, kind: column } as never))
    }
    const reranker = new HybridReranker({ scorer: overlapScorer() })
    const [left, right] = [of([0, 1], '_distance'), of([2, 3, 1], '_score')]
    const merged = throughIpc(await reranker.rerankHybrid(query, left, right))
    const expected = new Map(
      [left, right].flatMap((batch) => rowsOf(batch).map(({ id, kind }) => [id, JSON.stringify(kind, bigints)])),
    )
    expect(merged.numRows).toBe(4)
    for (const { id, kind } of rowsOf(merged)) expect(JSON.stringify(kind, bigints)).toBe(expected.get(id))
  })

  const bigints = (_key: string, value: unknown): unknown => (typeof value === 'bigint' ? `${value}n` : value)
})
