import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { crossEncoder, server } from '@secondpass/core'
import { callOf } from '../contract/fake-scorer.ts'

/**
 * A real Infinity server with the weights of the tiny model, started by `bash test/parity/servers/infinity.sh`, which sets the two
 * URLs. Without them there is nothing to compare with, and the run says that these tests were skipped.
 */
const torchUrl = process.env['INFINITY_TORCH_URL'] ?? ''
const onnxUrl = process.env['INFINITY_ONNX_URL'] ?? ''

/** Float32 sums in another order: at most 1.2e-6 was measured. */
const TOLERANCE = 1e-5

const query = 'where does the water of the river go'
const texts = [
  'the old mill on the river turns',
  'the clock tower is blue',
  'in winter the harbour is closed',
  '',
  'water, water: 3 bridges!',
  'the key to the garden door',
  'часы на башне',
  'The old mill on the river turns and turns. '.repeat(12),
]

const inProcess = crossEncoder({ model: join(import.meta.dirname, '../fixtures/tiny-bert-stock') })
afterAll(() => inProcess.close())

const largestDifference = (some: readonly number[], others: readonly number[]): number =>
  Math.max(...some.map((number, at) => Math.abs(number - (others[at] as number))))

describe.skipIf(torchUrl === '')('Infinity with its engine torch', () => {
  const infinity = { dialect: 'infinity', url: torchUrl, model: 'tiny' } as const

  it('gives the logits of the same weights in this process', async () => {
    const logits = await server({ ...infinity, scoreType: 'logit' }).score(query, texts, callOf())
    // An empty text goes out as a space, which the tokenizer reads as nothing.
    expect(largestDifference(logits, await inProcess.score(query, texts, callOf()))).toBeLessThan(TOLERANCE)
  })

  it('gives their sigmoids when probabilities are asked for', async () => {
    const probabilities = await server(infinity).score(query, texts, callOf())
    const logits = await inProcess.score(query, texts, callOf())
    const sigmoids = logits.map((logit) => 1 / (1 + Math.exp(-logit)))
    expect(largestDifference(probabilities, sigmoids)).toBeLessThan(TOLERANCE)
  })

  it('gives the same over several requests, and counts tokens', async () => {
    const call = callOf()
    const numbers = await server({ ...infinity, scoreType: 'logit', maxTexts: 2 }).score(query, texts, call)
    expect(largestDifference(numbers, await inProcess.score(query, texts, callOf()))).toBeLessThan(TOLERANCE)
    expect(call.stats).toMatchObject({ requests: 4 })
    expect(call.stats['tokens']).toBeGreaterThan(0)
  })
})

describe.skipIf(onnxUrl === '')('Infinity with its engine optimum', () => {
  it('gives other numbers for BERT-type models, whose token types it drops', async () => {
    const options = { dialect: 'infinity', url: onnxUrl, model: 'tiny', scoreType: 'logit' } as const
    const numbers = await server(options).score(query, texts, callOf())
    // Held so that a repair there is noticed here.
    expect(largestDifference(numbers, await inProcess.score(query, texts, callOf()))).toBeGreaterThan(0.5)
  })
})
