import { createReranker, crossEncoder } from '@secondpass/core'
import type { CrossEncoder, CrossEncoderOptions } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { readFamily, withFolder } from '../../../parity/families.ts'

/** One result of a tiny model, and the id it was scored under. */
async function resultOf(name: string, options: CrossEncoderOptions = {}, as: string = name) {
  return withFolder(as, readFamily(name), async (folder) => {
    await using scorer = crossEncoder({ model: folder, ...options })
    const { results } = await createReranker({ scorer }).rerank('what is water', ['water under the bridge'])
    return { ...results[0], id: scorer.id }
  })
}

describe('the activation of a model', () => {
  it('is seen in the results: a probability with its logit, or the bare number', async () => {
    const probability = await resultOf('roberta')
    expect(probability.score).toBeCloseTo(1 / (1 + Math.exp(-(probability.logit as number))), 12)
    const bare = await resultOf('deberta-v2')
    expect(bare).not.toHaveProperty('logit')
  })

  it('can be chosen otherwise, which the id says', async () => {
    const [bare, chosen] = [await resultOf('deberta-v2'), await resultOf('deberta-v2', { activation: 'sigmoid' })]
    expect(chosen.logit).toBe(bare.score)
    expect(chosen.id).toBe(`${bare.id}:sigmoid`)
    const plain = await resultOf('roberta', { activation: 'identity' })
    expect(plain).not.toHaveProperty('logit')
  })
})

describe('the prompt of a language model', () => {
  it('is chosen by the name of its folder, or by the option where that says nothing', async () => {
    const named = await resultOf('qwen3-reranker')
    const renamed = await resultOf('qwen3-reranker', { template: 'qwen3-reranker' }, 'export')
    expect(renamed.logit).toBe(named.logit)
    await expect(resultOf('qwen3-reranker', {}, 'export')).rejects.toThrow(/export is a language model/)
  })

  it('holds the instruction, which changes number and id', async () => {
    const [plain, told] = [
      await resultOf('qwen3-reranker'),
      await resultOf('qwen3-reranker', { instruction: 'Find water' }),
    ]
    expect(told.logit).not.toBe(plain.logit)
    expect(told.id).toBe(`${plain.id}:instruction="Find water"`)
    await expect(resultOf('roberta', { instruction: 'Find water' })).rejects.toThrow(/^instruction is "Find water"/)
  })

  it('holds the instruction of one call in place of its own, and refuses one that it would leave out', async () => {
    await withFolder('qwen3-reranker', readFamily('qwen3-reranker'), async (folder) => {
      await using told = crossEncoder({ model: folder, instruction: 'Find water' })
      await using plain = crossEncoder({ model: folder })
      const logitWith = async (scorer: CrossEncoder, instruction?: string): Promise<number | undefined> => {
        const ranking = await createReranker({ scorer }).rerank('what is water', ['water under the bridge'], {
          instruction,
        })
        return ranking.results[0]?.logit
      }
      const once = [await logitWith(plain), await logitWith(told)]
      expect(await logitWith(plain, 'Find water')).toBe(once[1])
      expect(await logitWith(told, 'Find bridges')).not.toBe(once[1])
      // A call without one is as before.
      expect([await logitWith(plain), await logitWith(told)]).toEqual(once)
    })
    await withFolder('roberta', readFamily('roberta'), async (folder) => {
      await using scorer = crossEncoder({ model: folder })
      const call = createReranker({ scorer }).rerank('what is water', ['water'], { instruction: 'Find water' })
      await expect(call).rejects.toThrow(/^instruction is "Find water": .* takes none; leave it out/)
    })
  })

  it('runs in a worker as it does here', async () => {
    const [here, there] = [await resultOf('qwen3-reranker'), await resultOf('qwen3-reranker', { workers: 1 })]
    expect(there.logit).toBe(here.logit)
  })
})
