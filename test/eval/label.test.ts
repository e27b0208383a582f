import { describe, expect, it } from 'vitest'
import { type QueryToLabel, labelQuery } from '../../packages/core/src/eval/label.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { smallPool } from '../../packages/core/src/skip/policy.ts'
import type { Scorer } from '../../packages/core/src/types.ts'
import { withFallback } from '../../packages/core/src/wrap/fallback.ts'

/** Invented. */
const query: QueryToLabel = {
  id: 'q',
  set: 'lamps',
  query: 'How bright is the lamp?',
  candidates: [
    { id: 'a', text: 'The lamp is red.', label: null },
    { id: 'b', text: 'The lamp has 40 lumens.', label: 1 },
  ],
}
const byLength: Scorer = {
  id: 'length',
  scope: 'pair',
  async score(_, texts, call) {
    call.stats['requests'] = (call.stats['requests'] ?? 0) + 1
    return texts.map((text) => text.length / 7)
  },
}
const labelled = {
  id: 'q',
  set: 'lamps',
  query: 'How bright is the lamp?',
  candidates: [
    { id: 'a', text: 'The lamp is red.', label: null, scores: { length: 16 / 7 } },
    { id: 'b', text: 'The lamp has 40 lumens.', label: 1, scores: { length: 23 / 7 } },
  ],
  style: 'original',
}

describe('labelQuery', () => {
  it('gives a line of the training format, its properties always in the same order', async () => {
    const stats = {}
    expect(JSON.stringify(await labelQuery(byLength, query, { stats }))).toBe(JSON.stringify(labelled))
    expect(stats).toEqual({ requests: 1 })
  })

  it('fills in what is missing, and keeps what else stands there', async () => {
    const candidates = [{ text: 'Because.', id: 'd', page: 3, scores: { other: 2 } }]
    const given = { candidates, id: 'q', query: 'Why?', year: 1 }
    const copy = structuredClone(given)
    expect(await labelQuery(byLength, given)).toEqual({
      id: 'q',
      set: '',
      query: 'Why?',
      candidates: [{ id: 'd', text: 'Because.', label: null, scores: { other: 2, length: 8 / 7 }, page: 3 }],
      style: 'original',
      year: 1,
    })
    expect(given).toEqual(copy)
  })

  it('asks no teacher about a query without candidates', async () => {
    const stats = {}
    expect(await labelQuery(byLength, { ...query, candidates: [] }, { stats })).toMatchObject({ candidates: [] })
    expect(stats).toEqual({})
  })

  it('takes a reranker as a teacher, and its logits', async () => {
    const scorer: Scorer = { ...byLength, toProbability: (score) => 1 / (1 + Math.exp(-score)) }
    const stats = {}
    expect(await labelQuery(createReranker({ scorer, topN: 1 }), query, { stats })).toEqual(labelled)
    expect(stats).toMatchObject({ requests: 1 })
  })

  it('refuses a teacher that leaves candidates without a score', async () => {
    const teacher = createReranker({ scorer: byLength, skip: smallPool({ size: 6 }) })
    await expect(labelQuery(teacher, query)).rejects.toThrow('(its stages: skipped); a teacher must score them all')
  })

  it('wants one finite number per text', async () => {
    const of = (scores: number[]): Scorer => ({ id: 'odd', scope: 'pair', score: async () => scores })
    await expect(labelQuery(of([]), query)).rejects.toThrow('The scorer odd gave 0 scores for 2 texts')
    await expect(labelQuery(of([1, Number.NaN]), query)).rejects.toThrow('gave NaN as the score of candidate 1')
  })

  it('writes down the one that answered when a teacher hands over to another', async () => {
    const down: Scorer = { id: 'down', scope: 'pair', score: () => Promise.reject(new Error('down')) }
    expect(await labelQuery(withFallback(down, byLength), query)).toEqual(labelled)
  })

  it('passes the signal on', async () => {
    const reason = new Error('enough')
    const patient: Scorer = {
      ...byLength,
      score: (_, __, { signal }) =>
        new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
    }
    const controller = new AbortController()
    const labelling = labelQuery(patient, query, { signal: controller.signal })
    controller.abort(reason)
    await expect(labelling).rejects.toBe(reason)
  })

  it('refuses what is no teacher, and an option that does not exist', async () => {
    await expect(labelQuery({} as never, query)).rejects.toThrow('pass a scorer, or a reranker')
    await expect(labelQuery(byLength, query, { clock: 1 } as never)).rejects.toThrow('there is no such option')
  })
})
