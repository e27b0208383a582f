import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createReranker } from '../../../../packages/core/src/rerank.ts'
import { colbert } from '../../../../packages/core/src/score/colbert/colbert.ts'
import { crossEncoder } from '../../../../packages/core/src/score/cross-encoder/cross-encoder.ts'
import type { CrossEncoderOptions } from '../../../../packages/core/src/score/cross-encoder/options.ts'
import { prepareScoring } from '../../../../packages/core/src/score/cross-encoder/scoring.ts'
import { withCache } from '../../../../packages/core/src/wrap/cache.ts'
import { withChunks } from '../../../../packages/core/src/wrap/chunk.ts'
import { callOf } from '../../../contract/fake-scorer.ts'
import { readFamily } from '../../../parity/families.ts'

const fixtures = join(import.meta.dirname, '../../../fixtures')
const model = join(fixtures, 'tiny-bert')
/** A conversation that ends in the question; invented. */
const chat = `${'We spoke of the weather, and of the harvest. '.repeat(30)}So where is the key of the lamp?`
const texts = ['The key is in the drawer.', 'Bread from the oven.', 'key '.repeat(200)]

async function scored(query: string, options: CrossEncoderOptions = {}): Promise<readonly number[]> {
  await using scorer = crossEncoder({ model, ...options })
  return await scorer.score(query, texts, callOf())
}

describe('a query that does not fit the model', () => {
  it.each([
    ['cut', {}],
    ['read beside windows', { longText: 'windows' as const }],
    ['cut at its beginning', { queryTruncationSide: 'left' as const }],
  ])('is noted on each result and counted once: %s', async (_name, options) => {
    await using reranker = createReranker({ scorer: crossEncoder({ model, ...options }), skip: false })
    const { results, report } = await reranker.rerank(chat, texts)
    expect(results.map(({ queryTruncated }) => queryTruncated)).toEqual([true, true, true])
    expect(report.stages[0]?.stats).toMatchObject({ truncatedQueries: 1 })
    const short = await reranker.rerank('where is the key', texts.slice(0, 2))
    expect(short.results.some((result) => 'queryTruncated' in result)).toBe(false)
    expect(short.report.stages[0]?.stats).not.toHaveProperty('truncatedQueries')
  })

  it('is refused where long texts are, by its own name', async () => {
    await using scorer = crossEncoder({ model, longText: 'error' })
    const scoring = scorer.score(chat, ['A short text.'], callOf())
    await expect(scoring).rejects.toMatchObject({ name: 'RerankError', code: 'invalid-argument' })
    await expect(scoring).rejects.toThrow(/^The query "We spoke of the weather.* does not fit the model with its text/)
    await expect(scorer.score('where', texts, callOf())).rejects.toThrow(/^The text "key key .* with its query/)
  })

  it('loses its end by default, and its beginning where that was asked for', async () => {
    const otherEnd = chat.replace('where is the key of the lamp', 'who baked the bread')
    const otherStart = chat.replace('We spoke of the weather', 'They sang of the sea')
    expect(await scored(otherEnd)).toEqual(await scored(chat))
    expect(await scored(otherStart)).not.toEqual(await scored(chat))
    const left = { queryTruncationSide: 'left' } as const
    expect(await scored(otherStart, left)).toEqual(await scored(chat, left))
    expect(await scored(otherEnd, left)).not.toEqual(await scored(chat, left))
    expect(await scored('where is the key', left)).toEqual(await scored('where is the key'))
  })

  it('is noted through wrappers, and again when its scores come from a cache', async () => {
    const scorer = withChunks(withCache(crossEncoder({ model }), new Map()), { maxLength: 40 })
    await using reranker = createReranker({ scorer, skip: false })
    for (let turn = 0; turn < 2; turn++) {
      const { results, report } = await reranker.rerank(chat, texts)
      expect(results.map(({ queryTruncated }) => queryTruncated)).toEqual([true, true, true])
      expect(report.stages[0]?.stats['truncatedQueries']).toBe(1)
    }
  })

  it.each(['qwen3-reranker', 'mxbai-rerank-v2'])('keeps what a prompt says before it: %s', async (name) => {
    const { files } = readFamily(name)
    const json = {
      name,
      config: files['config.json'],
      tokenizer: files['tokenizer.json'],
      tokenizerConfig: files['tokenizer_config.json'],
    }
    const { pairs } = await prepareScoring(json, { maxLength: 340 })
    const left = (await prepareScoring(json, { maxLength: 340, queryTruncationSide: 'left' })).pairs
    const long = `${'weather '.repeat(400)}lamp`
    const pair = await left.encodePair(await left.encodeQuery(long), 'a text')
    const whole = await pairs.encodePair(await pairs.encodeQuery(long), 'a text')
    expect(pair.queryTruncated && whole.queryTruncated).toBe(true)
    expect(pair.ids.length).toBe(whole.ids.length)
    // The same words before the query and behind the text; other ones at the end of the query.
    expect(pair.ids.slice(0, 12)).toEqual(whole.ids.slice(0, 12))
    expect(pair.ids.slice(-8)).toEqual(whole.ids.slice(-8))
    expect(pair.ids).not.toEqual(whole.ids)
    const short = await left.encodePair(await left.encodeQuery('lamp'), 'a text')
    expect(short).toEqual(await pairs.encodePair(await pairs.encodeQuery('lamp'), 'a text'))
  })
})

describe('a query that does not fit a late-interaction model', () => {
  const tinyColbert = join(fixtures, 'tiny-colbert')
  it.each(['right', 'left'] as const)('is noted and counted, cut at the %s', async (queryTruncationSide) => {
    await using reranker = createReranker({ scorer: colbert({ model: tinyColbert, queryTruncationSide }) })
    const { results, report } = await reranker.rerank(chat, texts.slice(0, 2))
    expect(results.map(({ queryTruncated }) => queryTruncated)).toEqual([true, true])
    expect(report.stages[0]?.stats).toMatchObject({ truncatedQueries: 1 })
  })

  it('keeps its end where that was asked for', async () => {
    const numbers = async (query: string, queryTruncationSide: 'left' | 'right'): Promise<readonly number[]> => {
      await using scorer = colbert({ model: tinyColbert, queryTruncationSide })
      return await scorer.score(query, texts, callOf())
    }
    const otherEnd = chat.replace('where is the key of the lamp', 'who baked the bread')
    expect(await numbers(otherEnd, 'right')).toEqual(await numbers(chat, 'right'))
    expect(await numbers(otherEnd, 'left')).not.toEqual(await numbers(chat, 'left'))
  })

  it('is encoded instead of waiting for a store that hangs, fails, or holds something else', async () => {
    const lost = { get: async () => Promise.reject(new Error('down')), set: () => {} }
    await using scorer = colbert({ model: tinyColbert, store: lost })
    await using bare = colbert({ model: tinyColbert, precision: 'float16' })
    const call = callOf()
    expect(await scorer.score('key', texts, call)).toEqual(await bare.score('key', texts, callOf()))
    expect(call.stats).toMatchObject({ storeErrors: 3 })
    const wrong = {
      get: () => ({ precision: 'float16', rows: 9, dimensions: 9, data: new Uint16Array(3) }),
      set: () => {},
    }
    await using other = colbert({ model: tinyColbert, store: wrong as never })
    await expect(other.score('key', texts, callOf())).rejects.toThrow(
      /^store\.get\(text\) is an object .* fill it with/,
    )
    const hanging = { get: () => new Promise<never>(() => {}), set: () => {} }
    await using patient = colbert({ model: tinyColbert, store: hanging })
    const waited = callOf()
    expect(await patient.score('key', texts.slice(0, 1), waited)).toHaveLength(1)
    expect(waited.stats).toMatchObject({ storeErrors: 1 })
  })
})
