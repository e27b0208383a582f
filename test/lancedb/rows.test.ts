import { createReranker, type Candidate, type Pool, RerankError } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { rerankRows } from '../../packages/lancedb/src/index.ts'
import { deepFreeze } from '../fixtures/deep-freeze.ts'
import { query, texts } from '../fixtures/key-passages.ts'
import { failingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { arrow, batchOf } from './support.ts'

/** A reranker that keeps what its stage saw. */
function watched() {
  const seen: Candidate[] = []
  const skip = ({ candidates }: Pool): undefined => void seen.push(...candidates)
  return { seen, reranker: createReranker({ scorer: overlapScorer(), skip }) }
}

describe('rerankRows', () => {
  it('puts the best row first, in copies with its score, and changes nothing', async () => {
    const rows = deepFreeze(texts.map((text, id) => ({ id, text, _distance: id / 10, page: { number: id } })))
    const reranker = createReranker({ scorer: overlapScorer() })
    const [best, second, ...more] = await rerankRows(reranker, { query, rows, topN: 2 })
    expect(best).toEqual({ ...rows[3], _relevance_score: 5 / 7 })
    expect(second).toBeDefined()
    expect(more).toEqual([])
  })

  it.each([
    [{ _distance: 0.25 }, -0.25],
    [{ _score: 7.5 }, 7.5],
    [{ _relevance_score: 0.5 }, 0.5],
    [{ _distance: 0.25, _score: 3 }, -0.25],
    [{ _distance: null, _score: 3 }, 3],
    [{ _distance: Number.NaN }, undefined],
    [{}, undefined],
  ])('reads the first-stage score of %o as %o, higher is better', async (columns, score) => {
    const { seen, reranker } = watched()
    await rerankRows(reranker, { query, rows: [{ text: 'a', ...columns }, { text: 'b' }] })
    expect(seen.map((candidate) => candidate.score)).toEqual([score, undefined])
  })

  it("takes the rows of Arrow's own tables", async () => {
    const rows = new arrow.Table([
      batchOf(
        texts.map((text, id) => ({ id, text })),
        '_distance',
      ),
    ]).toArray()
    const [best] = await rerankRows(createReranker({ scorer: overlapScorer() }), { query, rows })
    expect(best).toMatchObject({ id: 3, text: texts[3], _distance: 3 / 8, _rowid: 3n, _relevance_score: 5 / 7 })
  })

  it('gives no relevance where nothing was ranked, not even an earlier one', async () => {
    const reranker = createReranker({ scorer: failingScorer('down'), onError: 'keep-order' })
    const found = await rerankRows(reranker, { query, rows: [{ text: 'a', _relevance_score: 0.5 }, { text: 'b' }] })
    expect(found).toEqual([{ text: 'a' }, { text: 'b' }])
  })

  it('names what is wrong', async () => {
    const reranker = createReranker({ scorer: overlapScorer() })
    for (const [call, message] of [
      [() => rerankRows({} as never, { query, rows: [] }), 'reranker has no rerank()'],
      [() => rerankRows(reranker, { query, rows: 3 as never }), 'rows is 3: pass what toArray() gave'],
      [() => rerankRows(reranker, { query, rows: [{ id: 1 }] }), 'rows[0] has nothing under "text": set textColumn'],
      [() => rerankRows(reranker, { query, rows: [{ text: 4 }] }), 'rows[0] has 4 under "text"'],
      [() => rerankRows(reranker, { query, rows: [], topN: 1.5 }), 'topN is 1.5'],
      [() => rerankRows(reranker, { query: ' ', rows: [{ text: 'a' }] }), 'query'],
    ] as const) {
      const error: unknown = await call().catch((reason: unknown) => reason)
      expect(error).toBeInstanceOf(RerankError)
      expect((error as Error).message).toContain(message)
    }
  })

  it('ends when the caller aborts', async () => {
    const reason = new Error('gone')
    const call = rerankRows(createReranker({ scorer: overlapScorer() }), {
      query,
      rows: [{ text: 'a' }],
      signal: AbortSignal.abort(reason),
    })
    await expect(call).rejects.toBe(reason)
  })
})
