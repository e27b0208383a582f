import { describe, expect, it } from 'vitest'
import { createReranker, crossEncoder } from '@secondpass/core'
import { withChunks } from '../../../packages/core/src/wrap/chunk.ts'
import { callOf, readingNumbers, scorerOf } from '../../contract/fake-scorer.ts'
import { scorerContract } from '../../contract/scorer-contract.ts'
import { lengthScorer } from '../../contract/length-scorer.ts'

scorerContract('withChunks', () => withChunks(lengthScorer(), { maxLength: 50, overlap: 10 }))

/** The position of the first digit run read as a number: a chunk's score is the number that stands in it. */
const numberOf = (text: string): number => Number(/\d+/.exec(text)?.[0] ?? 0)

describe('withChunks', () => {
  it('gives a text the score of its best chunk, and says where that stands', async () => {
    const seen: string[] = []
    const scorer = scorerOf((_query, texts) => {
      seen.push(...texts)
      return texts.map(numberOf)
    })
    const call = callOf()
    const texts = ['three 3 and four', 'short', 'one 1 two 22 more words here']
    const scores = await withChunks(scorer, { maxLength: 10, overlap: 0 }).score('q', texts, call)
    expect(scores).toEqual([3, 0, 22])
    expect(seen.join('')).toBe(texts.join(''))
    const spanOf = (at: number): { start: number; end: number } =>
      (call.notes.get(at) as { bestSpan: { start: number; end: number } }).bestSpan
    expect(texts[2]?.slice(spanOf(2).start, spanOf(2).end)).toContain('22')
    expect(spanOf(1)).toEqual({ start: 0, end: 5 })
    expect(call.stats['chunks']).toBe(seen.length)
  })

  it('reads only so many chunks as it is told, those with most of the words of the question, each text by itself', async () => {
    const seen: string[] = []
    const scorer = scorerOf((_query, texts) => {
      seen.push(...texts)
      return texts.map(numberOf)
    })
    const texts = ['lamp 1 and one blue lamp 3 and wheel 4', 'lamp 5', '6 7 8 9 10 11 12 13 14']
    const read = async (chunksToRead: number, some = texts): Promise<readonly number[]> => {
      seen.length = 0
      const call = callOf()
      const scores = await withChunks(scorer, { maxLength: 14, overlap: 0, chunksToRead }).score(
        'blue lamp',
        some,
        call,
      )
      expect(call.stats['chunks']).toBe(seen.length)
      const isPartial = [...call.notes.values()].map((note) => (note as { truncated?: boolean }).truncated === true)
      expect(isPartial.filter(Boolean).length).toBe(call.stats['truncatedTexts'] ?? 0)
      return scores
    }
    // Without a word of the question, the first.
    expect(await read(1)).toEqual([3, 5, 6])
    expect(seen.map((text) => text.trim())).toEqual(['blue lamp 3', 'lamp 5', '6 7 8 9 10 11'])
    for (const [at, text] of texts.entries()) expect(await read(1, [text])).toEqual([[3, 5, 6][at]])
    const all = await read(Infinity)
    expect(seen.join('')).toBe(texts.join(''))
    expect(await read(2)).not.toEqual(all)
    expect(await read(100)).toEqual(all)
  })

  it('adds its own place to a span that the scorer below found within a chunk', async () => {
    const inner = scorerOf((_query, texts, call) => {
      for (const at of texts.keys()) call.note(at, { bestSpan: { start: 1, end: 3 }, truncated: true })
      return texts.map(numberOf)
    })
    const call = callOf()
    await withChunks(inner, { maxLength: 6, overlap: 0 }).score('q', ['aaaaa 7bbbb'], call)
    expect(call.notes.get(0)).toEqual({ bestSpan: { start: 7, end: 9 }, truncated: true })
  })

  it('shows the caller the text that answers: rerank documents, then read only the winner', async () => {
    const document = `${'The kitchen opens at noon. '.repeat(80)}The lamp turns itself off after ten minutes.`
    await using reranker = createReranker({ scorer: withChunks(crossEncoder(), { maxLength: 400 }) })
    const { results } = await reranker.rerank('when does the lamp turn off', ['We close on Mondays.', document])
    const { start, end } = results[0]?.bestSpan ?? { start: 0, end: 0 }
    expect(results[0]?.index).toBe(1)
    expect(document.slice(start, end)).toContain('after ten minutes')
    expect(end - start).toBeLessThanOrEqual(400)
  })

  it('has an id of its own, since its numbers are others', () => {
    const ids = [
      readingNumbers(),
      withChunks(readingNumbers()),
      withChunks(readingNumbers(), { maxLength: 9, overlap: 1 }),
    ]
    expect(new Set(ids.map(({ id }) => id)).size).toBe(3)
  })

  it.each([
    ['maxLength', { maxLength: 0 }],
    ['maxLength', { maxLength: 2.5 }],
    ['overlap', { overlap: -1 }],
    ['overlap', { maxLength: 10, overlap: 10 }],
    ['chunksToRead', { chunksToRead: 0 }],
    ['measure', { measure: 'tokens' as never }],
  ])('refuses a wrong %s', (name, options) => {
    expect(() => withChunks(readingNumbers(), options)).toThrow(name)
  })

  it.each([undefined, null, {}, 'local'])('refuses %j in place of a scorer', (wrong) => {
    expect(() => withChunks(wrong as never)).toThrow(/^scorer is .*: pass a scorer: \{ id: string, scope: 'pair'/)
  })

  it("refuses a scorer of scope 'pool', also where types are not checked", () => {
    const pool = scorerOf<'pool'>(() => [], { scope: 'pool' })
    // @ts-expect-error a chunk's score must not depend on the other chunks
    expect(() => withChunks(pool)).toThrow(/'pool'/)
  })
})
