import { createReranker, crossEncoder, fetchModel } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { type ModelFolder, readTokenizerFiles } from '../../../../packages/core/src/score/cross-encoder/model-files.ts'
import { ModelSource } from '../../../../packages/core/src/score/cross-encoder/model-source.ts'

it('has no revisions, and comes in int8 and nothing else', () => {
  const make = (options: object) => () => new ModelSource({ model: 'bundled-tiny', ...options })
  expect(make({ revision: 'main' })).toThrow(/^revision is "main": it is for models on the hub only/)
  const message = 'dtype is "fp32": the bundled-tiny model comes as int8 only; leave it out, or pass another model'
  expect(make({ dtype: 'fp32' })).toThrow(expect.objectContaining({ code: 'invalid-argument', message }))
})

it('is nothing to download', async () => {
  const message =
    'model is "bundled-tiny": pass \'organisation/name\'; this one comes with the package @secondpass/model-en-tiny'
  await expect(fetchModel('bundled-tiny')).rejects.toMatchObject({ code: 'invalid-argument', message })
  await expect(fetchModel('./bundled-tiny')).rejects.toThrow(/nothing else needs downloading$/)
})

describe('the small model as it is installed', () => {
  const query = 'how do I rotate an access key'
  const candidates = [
    { text: 'Invoices are sent on the first day of the month.', score: 3.1 },
    { text: 'Rotate a key in the settings: create the new access key, deploy it, then delete the old one.', score: 3 },
    { text: 'The office is closed on public holidays.', score: 1 },
    { text: 'An access key is shown once.', score: 2.9 },
  ]

  it('is named as int8 too, and has every file of its sums', async () => {
    const { folder } = new ModelSource({ model: 'bundled-tiny', dtype: 'int8' })
    await expect(readTokenizerFiles(folder as ModelFolder)).resolves.toHaveProperty('tokenizer.model.vocab')
  })

  it('puts the passage that answers above those that do not', async () => {
    await using scorer = crossEncoder({ model: 'bundled-tiny' })
    expect(scorer.id).toMatch(/^model-en-tiny@[0-9a-f]{12}$/)
    const { results } = await createReranker({ scorer }).rerank(
      query,
      candidates.map(({ text }) => text),
    )
    expect(results[0]?.index).toBe(1)
    expect(results[0]?.score).toBeGreaterThan(0)
  })

  it('is the first of two stages, each blended with the search', async () => {
    await using first = crossEncoder({ model: 'bundled-tiny' })
    await using second = crossEncoder()
    const reranker = createReranker({
      stages: [
        { scorer: first, depth: 100 },
        { scorer: second, depth: 2 },
      ],
    })
    const { results, report } = await reranker.rerank(query, candidates)
    expect(report.stages).toMatchObject([
      { scorerId: first.id, outcome: 'ranked', candidates: 4, blended: true },
      { scorerId: second.id, outcome: 'ranked', candidates: 2, blended: true },
    ])
    expect(results[0]?.index).toBe(1)
    expect(results.map(({ scorerId }) => scorerId)).toEqual([second.id, second.id, first.id, first.id])
  })
})
