import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createReranker, crossEncoder, server } from '@secondpass/core'
import { callOf } from '../contract/fake-scorer.ts'

/**
 * A real llama.cpp server with the weights of the tiny model, started by `bash test/parity/servers/llama-cpp.sh`, which sets these
 * variables. Without them there is nothing to compare with, and the run says that these tests were skipped.
 */
const oneTypeUrl = process.env['LLAMA_CPP_ONE_TYPE_URL'] ?? ''
const twoTypesUrl = process.env['LLAMA_CPP_TWO_TYPES_URL'] ?? ''
const oneTypeModel = process.env['LLAMA_CPP_ONE_TYPE_MODEL'] ?? ''

/** Its GELU is read from a table of half floats: at most 0.0013 was measured, on logits of 0.6 and less. */
const TOLERANCE = 5e-3

const query = 'where does the water of the river go'
const texts = [
  'the old mill on the river turns',
  'the clock tower is blue',
  'in winter the harbour is closed',
  'water, water: 3 bridges!',
  'the key to the garden door',
  'часы на башне',
  'The old MILL on the river turns and turns, waiting for the deep water of winter',
]

const llamacpp = (url: string) => server({ dialect: 'llamacpp', url, scoreType: 'logit', maxRetries: 0 })

async function inProcess(model: string): Promise<readonly number[]> {
  const scorer = crossEncoder({ model })
  try {
    return await scorer.score(query, texts, callOf())
  } finally {
    await scorer.close()
  }
}

const largestDifference = (some: readonly number[], others: readonly number[]): number =>
  Math.max(...some.map((number, at) => Math.abs(number - (others[at] as number))))

describe.skipIf(oneTypeUrl === '')('a llama.cpp server', () => {
  it('gives the logits of the same weights in this process', async () => {
    const call = callOf()
    const logits = await llamacpp(oneTypeUrl).score(query, texts, call)
    expect(largestDifference(logits, await inProcess(oneTypeModel))).toBeLessThan(TOLERANCE)
    expect(call.stats).toMatchObject({ requests: 1 })
    expect(call.stats['tokens']).toBeGreaterThan(0)
  })

  it('gives the same over several requests', async () => {
    const scorer = server({ dialect: 'llamacpp', url: oneTypeUrl, scoreType: 'logit', maxTexts: 2 })
    expect(largestDifference(await scorer.score(query, texts, callOf()), await inProcess(oneTypeModel))).toBeLessThan(
      TOLERANCE,
    )
  })

  it('refuses a text that does not fit its batch, and the error says what to do', async () => {
    const long = 'the mill turns and '.repeat(40)
    const outcome = llamacpp(oneTypeUrl).score(query, [...texts, long], callOf())
    await expect(outcome).rejects.toMatchObject({ name: 'ProviderError' })
    await expect(outcome).rejects.toThrow(/--ubatch-size/)
  })

  it('is a stage like any other', async () => {
    const { results } = await createReranker({ scorer: llamacpp(oneTypeUrl) }).rerank(query, texts)
    const logits = await inProcess(oneTypeModel)
    const order = texts.map((_, at) => at).toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0))
    expect(results.map(({ index }) => index)).toEqual(order)
    expect(results[0]?.score).toBeCloseTo(1 / (1 + Math.exp(-(results[0]?.logit ?? 0))), 12)
  })
})

describe.skipIf(twoTypesUrl === '')('a llama.cpp server with a model that tells query and text apart', () => {
  it('gives other numbers, because it takes every token for one of the query', async () => {
    const numbers = await llamacpp(twoTypesUrl).score(query, texts, callOf())
    expect(numbers).toEqual(await llamacpp(oneTypeUrl).score(query, texts, callOf()))
    // Held so that a repair there is noticed here.
    const stock = await inProcess(join(import.meta.dirname, '../fixtures/tiny-bert-stock'))
    expect(largestDifference(numbers, stock)).toBeGreaterThan(0.5)
  })
})
