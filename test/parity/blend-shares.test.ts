import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { orderHead } from '../../packages/core/src/order.ts'
import type { BlendWeights } from '../../packages/core/src/types.ts'

/** From `python -m evaluate.rule` in training/, by which models are measured. */
const golden = JSON.parse(readFileSync(new URL('blend-shares.json', import.meta.url), 'utf8')) as {
  readonly rule: BlendWeights
  readonly cases: readonly {
    readonly name: string
    readonly first: readonly (number | null)[]
    readonly logits: readonly number[]
    readonly share?: number
    readonly mixed?: readonly number[]
    readonly order: readonly number[]
  }[]
}

describe('a share for each kind of search, as the models were measured with', () => {
  it.each(golden.cases)('$name', ({ first, logits, share, mixed, order }) => {
    const scores = first.map((score) => score ?? undefined)
    const found = orderHead({
      numbers: logits,
      firstStage: scores,
      blend: { weight: golden.rule },
      inputScores: scores,
    })
    expect(found.order).toEqual(order)
    expect(found.blendWeight).toBe(share)
    expect(found.blended?.length).toBe(mixed?.length)
    found.blended?.forEach((number, at) => expect(number).toBeCloseTo(mixed?.[at] as number, 12))
  })
})
