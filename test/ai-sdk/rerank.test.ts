import { createReranker, type Report, RerankError } from '@secondpass/core'
import { rerank } from 'ai'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createSecondpass, type SecondpassCallOptions, secondpass } from '../../packages/ai-sdk/src/index.ts'
import { scorerOf } from '../contract/fake-scorer.ts'
import { failingScorer, hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'

const query = 'when does the lamp turn off'
const documents = ['The lamp is red.', 'The lamp does turn off when it is bright.', 'Bananas.', 'Turn it off.']

/** What the AI SDK writes to the console about the warnings of a call. */
let warned: unknown[] = []
beforeEach(() => {
  warned = []
  globalThis.AI_SDK_LOG_WARNINGS = ({ warnings }) => void warned.push(...warnings)
})
afterEach(() => {
  globalThis.AI_SDK_LOG_WARNINGS = undefined
})

describe('rerank() of the AI SDK', () => {
  it('gives the documents in the order of a scorer, with its scores', async () => {
    const model = secondpass.reranking(overlapScorer())
    const { ranking, rerankedDocuments, response } = await rerank({ model, query, documents })
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0, 3, 2])
    expect(ranking.map(({ score }) => score)).toEqual([1, 2 / 6, 2 / 6, 0])
    expect(rerankedDocuments[0]).toBe(documents[1])
    expect(response.modelId).toBe('overlap')
    expect(warned).toEqual([])
  })

  it('gives topN of them', async () => {
    const { ranking } = await rerank({ model: secondpass.reranking(overlapScorer()), query, documents, topN: 2 })
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0])
  })

  it('asks nothing without documents', async () => {
    const scorer = overlapScorer()
    expect((await rerank({ model: secondpass.reranking(scorer), query, documents: [] })).ranking).toEqual([])
    expect(scorer.calls).toEqual([])
  })

  it('scores every document of a long list, also beyond the depth that a reranker has without being told', async () => {
    const scorer = overlapScorer()
    const many = Array.from({ length: 350 }, (_, at) => (at === 340 ? 'when the lamp does turn off' : `text ${at}`))
    const { ranking } = await rerank({ model: secondpass.reranking(scorer), query, documents: many })
    expect(ranking).toHaveLength(350)
    expect(ranking[0]).toMatchObject({ originalIndex: 340, score: 1 })
    expect(scorer.calls.flat()).toHaveLength(350)
  })

  it('takes a ready reranker, with all that it was made with', async () => {
    const reranker = createReranker({ scorer: overlapScorer(), minScore: 0.1, order: 'edges' })
    const model = secondpass.reranking(reranker, { modelId: 'mine' })
    expect(model.modelId).toBe('mine')
    const { ranking } = await rerank({ model, query, documents })
    // Best first, as the AI SDK wants it, and without what is below minScore.
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0, 3])
  })

  it('runs the model that comes with the package', async () => {
    const { ranking } = await rerank({ model: secondpass.reranking('bundled-tiny'), query, documents, topN: 1 })
    expect(ranking[0]?.originalIndex).toBe(1)
  })
})

describe('documents that are objects', () => {
  const articles = [
    { title: 'Red', body: 'The lamp is red.' },
    { title: 'Off', body: 'The lamp does turn off.', tags: ['when'] },
  ]

  it('are read as YAML, and the AI SDK says so', async () => {
    const scorer = overlapScorer()
    const { rerankedDocuments } = await rerank({ model: secondpass.reranking(scorer), query, documents: articles })
    expect(scorer.calls).toEqual([
      ['title: Red\nbody: The lamp is red.', 'title: Off\nbody: The lamp does turn off.\ntags:\n  - when'],
    ])
    expect(rerankedDocuments[0]).toBe(articles[1])
    expect(warned).toEqual([expect.objectContaining({ type: 'compatibility', feature: 'object documents' })])
  })

  it('are read by textOf where there is one, without a warning', async () => {
    const scorer = overlapScorer()
    const model = secondpass.reranking(scorer, { textOf: ({ body }) => body as string })
    await rerank({ model, query, documents: articles })
    expect(scorer.calls).toEqual([['The lamp is red.', 'The lamp does turn off.']])
    expect(warned).toEqual([])
  })

  it('must become strings', async () => {
    const model = secondpass.reranking(overlapScorer(), { textOf: (() => 5) as never })
    await expect(rerank({ model, query, documents: articles })).rejects.toThrow('textOf(documents[0]) is number')
  })
})

describe('providerOptions.secondpass', () => {
  const options = (secondpassOptions: SecondpassCallOptions | Record<string, unknown>): { secondpass: never } => ({
    secondpass: secondpassOptions as never,
  })

  it('has the scores of the first stage, which are blended in and come back', async () => {
    const model = secondpass.reranking(overlapScorer(), { blend: { weight: 0.1 } })
    const scores = [9, 1, null, 2]
    const some = await rerank({ model, query, documents, providerOptions: options({ scores }) })
    expect(some.ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0, 3, 2])
    const all = await rerank({ model, query, documents, providerOptions: options({ scores: [9, 1, 8, 2] }) })
    expect(all.ranking[0]?.originalIndex).toBe(0)
    const falling = all.ranking.map(({ score }) => score)
    expect(falling).toEqual(falling.toSorted((a, b) => b - a))
    expect(all.providerMetadata?.['secondpass']?.['results']).toMatchObject([
      { index: 0, firstStageScore: 9 },
      {},
      {},
      {},
    ])
  })

  it('has an instruction, for a scorer that takes one', async () => {
    const heard: unknown[] = []
    const scorer = scorerOf((_query, texts, { instruction }) => (heard.push(instruction), texts.map(() => 1)), {
      takesInstruction: true,
    })
    const instruction = 'Prefer what holds in Germany.'
    await rerank({ model: secondpass.reranking(scorer), query, documents, providerOptions: options({ instruction }) })
    expect(heard).toEqual([instruction])
    const deaf = secondpass.reranking(overlapScorer())
    await expect(rerank({ model: deaf, query, documents, providerOptions: options({ instruction }) })).rejects.toThrow(
      'instruction is "Prefer what holds in Germany.": overlap takes none',
    )
  })

  it('has onError for one call', async () => {
    const model = secondpass.reranking(failingScorer('broken'))
    await expect(rerank({ model, query, documents })).rejects.toThrow('broken')
    const kept = await rerank({ model, query, documents, providerOptions: options({ onError: 'keep-order' }) })
    expect(kept.ranking.map(({ originalIndex }) => originalIndex)).toEqual([0, 1, 2, 3])
    expect(kept.ranking.map(({ score }) => score)).toEqual([0, 0, 0, 0])
    expect(warned).toEqual([
      { type: 'other', message: expect.stringMatching(/^The documents were not scored \(failed: broken\)/) },
    ])
  })

  it('has a deadline, after which the documents come in the order they had', async () => {
    const model = secondpass.reranking(hangingScorer())
    const { ranking, providerMetadata } = await rerank({
      model,
      query,
      documents,
      providerOptions: options({ deadlineMs: 1 }),
    })
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([0, 1, 2, 3])
    expect(providerMetadata?.['secondpass']?.['report']).toMatchObject({
      stages: [{ outcome: 'late', error: { name: 'RerankError', code: 'deadline' } }],
    })
  })

  it.each([
    [{ scores: [1] }, /^providerOptions\.secondpass\.scores has 1 items: pass .* each of the 4 documents/],
    [{ scores: [1, 2, '3', 4] }, /^providerOptions\.secondpass\.scores holds "3" for document 2/],
    [{ scores: 5 }, /^providerOptions\.secondpass\.scores is 5/],
    [{ deadlineMs: 'soon' }, /^providerOptions\.secondpass\.deadlineMs is "soon": pass milliseconds/],
    [{ onError: 'ignore' }, /^providerOptions\.secondpass\.onError is "ignore": pass 'throw' or 'keep-order'/],
    [{ instruction: ' ' }, /^providerOptions\.secondpass\.instruction is " "/],
    [{ deadline: 5 }, /^providerOptions\.secondpass\.deadline does not exist: use scores, deadlineMs/],
  ])('refuses %j', async (wrong, message) => {
    const model = secondpass.reranking(overlapScorer())
    const call = rerank({ model, query, documents, providerOptions: options(wrong) })
    await expect(call).rejects.toSatisfy(RerankError.is)
    await expect(call).rejects.toThrow(message)
  })

  it('cannot change what a ready reranker does about errors', async () => {
    const model = secondpass.reranking(createReranker({ scorer: overlapScorer() }))
    const providerOptions = options({ onError: 'keep-order' })
    await expect(rerank({ model, query, documents, providerOptions })).rejects.toThrow(/cannot change a ready reranker/)
  })
})

describe('providerMetadata.secondpass', () => {
  it('holds the report and the numbers, as JSON', async () => {
    const onReport = vi.fn<(report: Report) => void>()
    const model = secondpass.reranking(overlapScorer(), { onReport })
    const { providerMetadata } = await rerank({ model, query, documents, topN: 1 })
    const metadata = providerMetadata?.['secondpass']
    expect(metadata).toEqual(JSON.parse(JSON.stringify(metadata)))
    expect(metadata).toMatchObject({
      report: { candidates: 4, returned: 1, stages: [{ scorerId: 'overlap', outcome: 'ranked' }] },
      results: [{ index: 1, rank: 1, score: 1, scorerId: 'overlap' }],
    })
    expect(onReport).toHaveBeenCalledOnce()
  })
})

describe('scores that are not all of one scorer', () => {
  it('fall all the same: what the last stage did not read comes behind, with a warning', async () => {
    const second = scorerOf((_query, texts) => texts.map((_, at) => -1 - at), { id: 'second' })
    const stages = [{ scorer: overlapScorer() }, { scorer: second, depth: 2 }]
    const { ranking } = await rerank({ model: secondpass.reranking(createReranker({ stages })), query, documents })
    expect(ranking.map(({ score }) => score)).toEqual([-1, -2, -2, -2])
    expect(warned).toMatchObject([
      { type: 'other', message: expect.stringMatching(/^2 of 4 documents were not scored \(beyond depth\)/) },
    ])
  })
})

describe('a setting', () => {
  it.each([
    [() => secondpass.reranking(overlapScorer(), { depht: 5 } as never), /depht/],
    [() => secondpass.reranking(overlapScorer(), { textOf: 'body' } as never), /^textOf is string: pass a function/],
    [() => secondpass.reranking({} as never), /^scorer is an object .*: pass a scorer/],
    [
      () => secondpass.reranking(createReranker({ scorer: overlapScorer() }), { depth: 5 }),
      /^reranking: depth given beside a ready reranker: give depth to createReranker\(\) instead/,
    ],
    [() => createSecondpass({ model: 'x' } as never), /^options\.model does not exist: use models, crossEncoder/],
    [() => createSecondpass(null as never), /^options is null: pass an object/],
    [() => createSecondpass({ models: 'x' } as never), /^options\.models is string: pass an object/],
    [() => createSecondpass({ models: { mine: 5 } } as never).reranking('mine'), /^scorer is 5: pass a scorer/],
  ])('that is wrong is refused (%#)', (make, message) => {
    expect(make).toThrow(message)
  })
})
