import { describe, expect, it } from 'vitest'
import { type RerankerOptions, resolveOptions } from '../../packages/core/src/options.ts'
import { createReranker } from '../../packages/core/src/rerank.ts'
import { readingNumbers, scorerOf } from '../contract/fake-scorer.ts'

const scorer = readingNumbers()
const poolScorer = scorerOf<'pool'>(() => [], { scope: 'pool', id: 'lexical' })

const unused = (): never => {
  throw new Error('must not be made')
}

describe('defaults', () => {
  it('fill in what is left out', () => {
    const { stages, topN, minScore, deadlineMs } = resolveOptions({ scorer }, unused)
    expect(stages).toEqual([
      {
        scorer,
        depth: 100,
        skip: undefined,
        onError: 'throw',
        deadlineMs: Infinity,
        blend: undefined,
      },
    ])
    expect([topN, minScore, deadlineMs]).toEqual([Infinity, undefined, Infinity])
  })

  it('treat undefined as left out', () => {
    const nothing: RerankerOptions = {
      scorer,
      topN: undefined,
      depth: undefined,
      blend: undefined,
      minScore: undefined,
      clock: undefined,
    }
    expect(resolveOptions(nothing, unused)).toMatchObject({ topN: Infinity, stages: [{ depth: 100 }] })
  })

  it('use the bundled scorer only where no other was given', () => {
    const bundled = readingNumbers({ id: 'bundled' })
    expect(resolveOptions({}, () => bundled).stages[0]).toMatchObject({ scorer: bundled, blend: undefined })
    expect(resolveOptions({ blend: false }, () => bundled).stages[0]?.blend).toBe(false)
    expect(resolveOptions({ blend: { weight: 0.7 } }, () => bundled).stages[0]?.blend).toEqual({ weight: 0.7 })
  })
})

it('a model by name is what scores', async () => {
  await using reranker = createReranker({ model: new URL('../fixtures/tiny-bert', import.meta.url).pathname })
  const { report } = await reranker.rerank('a key', ['the key', 'a lamp'])
  expect(report.stages[0]?.scorerId).toMatch(/^tiny-bert@/)
  expect(() => createReranker({ model: 'bundeld' })).toThrow('bundeld')
})

describe('wrong options are refused at creation, by name, value and fix', () => {
  const wrong: [options: object, message: string | RegExp][] = [
    [{ topn: 3 }, 'options.topn is 3: there is no such option; use scorer, model, stages, depth,'],
    [
      { scorer, model: 'bundled-tiny' },
      'model is "bundled-tiny": leave it out beside a scorer or stages; crossEncoder(',
    ],
    [{ stages: [{ scorer }], model: 'bundled' }, 'model is "bundled": leave it out'],
    [{ model: 5 }, 'model is 5: pass a string'],
    [{ scorer, topN: 0 }, 'topN is 0: pass a whole number from 1, or leave it out'],
    [{ scorer, topN: 2.5 }, 'topN is 2.5'],
    [{ scorer, topN: '3' }, 'topN is "3"'],
    [{ scorer, depth: -1 }, 'depth is -1'],
    [{ scorer, deadlineMs: 0 }, 'deadlineMs is 0: pass milliseconds, more than 0'],
    [{ scorer, deadlineMs: Number.NaN }, 'deadlineMs is NaN'],
    [{ scorer, onError: 'ignore' }, `onError is "ignore": pass 'throw' or 'keep-order'`],
    [{ scorer, skip: { threshold: 1 } }, 'skip is an object with keys ["threshold"]: pass a function'],
    [{ scorer, blend: 0.5 }, 'blend is 0.5'],
    [{ scorer, blend: { weight: 1.5 } }, 'blend.weight is 1.5: pass a number from 0 to 1'],
    [{ scorer, blend: { weight: 0.5, higherIsBetter: 1 } }, 'blend.higherIsBetter is 1'],
    [{ scorer, blend: { weight: 0.5, normalize: 'max' } }, `blend.normalize is "max": pass 'min-max' or 'z-score'`],
    [{ scorer, blend: { wieght: 0.5 } }, 'blend.wieght is 0.5'],
    [{ scorer, minScore: Number.NaN }, 'minScore is NaN: pass a finite number'],
    [
      { scorer: poolScorer, minScore: 0.5 },
      'minScore is 0.5: the scores of lexical mean something within one pool only',
    ],
    [
      { minScore: 3 },
      /^minScore is 3: the scores of model-en-mini@[0-9a-f]+ are probabilities; pass a number from 0 to 1/,
    ],
    [{ scorer, onReport: 'log' }, 'onReport is "log": pass a function'],
    [{ scorer, clock: Date }, 'clock is a function: pass { now()'],
    [{ scorer: 'cohere' }, 'scorer is "cohere": pass a scorer'],
    [{ scorer: { id: 'x', score() {} } }, 'scorer is an object with keys ["id","score"]'],
    [{ stages: [] }, 'stages is an array of 0: pass an array of at least one stage'],
    [{ stages: scorer }, 'stages is an object'],
    [
      { stages: [{ scorer }], scorer },
      'scorer is an object with keys ["id","scope","score"]: with stages, put it into a stage',
    ],
    [{ stages: [{ scorer }], blend: false }, 'blend is false: with stages, put it into a stage'],
    [{ stages: [{ scorer }, { scorer, depht: 3 }] }, 'stages[1].depht is 3: there is no such option'],
    [{ stages: [{ scorer }, { scorer, depth: 0 }] }, 'stages[1].depth is 0'],
    [{ stages: [{ scorer, deadlineMs: -1 }] }, 'stages[0].deadlineMs is -1'],
    [{ stages: [{}] }, 'stages[0].scorer is undefined'],
    [{ stages: [null] }, 'stages[0] is null: pass an object'],
    [{ stages: [{ scorer }, { scorer: poolScorer }], minScore: 1 }, 'the scores of lexical'],
  ]

  it.each(wrong)('%j', (options, message) => {
    const make = (): unknown => createReranker(options as RerankerOptions)
    expect(make).toThrow(message)
    expect(make).toThrow(expect.objectContaining({ code: 'invalid-argument' }))
  })

  it('null for options', () => {
    expect(() => createReranker(null as never)).toThrow('options is null: pass an object with options')
  })

  it('a pool scorer before the last stage leaves minScore lawful', () => {
    expect(() => createReranker({ stages: [{ scorer: poolScorer }, { scorer }], minScore: 1 })).not.toThrow()
  })
})

describe('wrong arguments of a call', () => {
  const reranker = createReranker({ scorer })
  const holes = ['a', , 'b'] // eslint-disable-line no-sparse-arrays
  const wrong: [query: unknown, candidates: unknown, options: unknown, message: string][] = [
    ['', ['a'], {}, 'query is "": pass a string that is not blank'],
    [' \n\t\u00a0', ['a'], {}, 'pass a string that is not blank'],
    [undefined, ['a'], {}, 'query is undefined'],
    [['q'], ['a'], {}, 'query is an array of 1'],
    ['q', 'abc', {}, 'candidates is "abc": pass an array'],
    ['q', undefined, {}, 'candidates is undefined'],
    ['q', new Set(['a']), {}, 'candidates is an object'],
    ['q', ['a', 3], {}, 'candidates[1] is 3: pass a string or an object with a text'],
    ['q', ['a', null], {}, 'candidates[1] is null'],
    ['q', holes, {}, 'candidates[1] is undefined'],
    ['q', [{ pageContent: 'x' }], {}, 'candidates[0].text is undefined: pass a string'],
    ['q', [{ text: 5 }], {}, 'candidates[0].text is 5'],
    [
      'q',
      ['a', 'b', 'c', { text: 'd', score: Number.NaN }],
      {},
      'candidates[3].score is NaN: pass a finite number, or leave it out',
    ],
    ['q', [{ text: 'd', score: Infinity }], {}, 'candidates[0].score is Infinity'],
    ['q', [{ text: 'd', score: '0.5' }], {}, 'candidates[0].score is "0.5"'],
    ['q', [{ text: 'd', score: null }], {}, 'candidates[0].score is null'],
    ['q', ['a'], { topN: 0 }, 'topN is 0'],
    [
      'q',
      ['a'],
      { topK: 3 },
      'options.topK is 3: there is no such option; use topN, maxTokens, order, deadlineMs, instruction, signal',
    ],
    ['q', ['a'], { deadlineMs: '80' }, 'deadlineMs is "80": pass milliseconds'],
    ['q', ['a'], { deadlineMs: Number.NaN }, 'deadlineMs is NaN'],
    ['q', ['a'], { signal: new AbortController() }, 'signal is an object'],
    ['q', ['a'], 5, 'options is 5'],
  ]

  it.each(wrong)('%j %j %j', async (query, candidates, options, message) => {
    const call = reranker.rerank(query as string, candidates as string[], options as object)
    await expect(call).rejects.toThrow(message)
    await expect(call).rejects.toMatchObject({ code: 'invalid-argument' })
  })

  it('leave the reranker healthy', async () => {
    expect((await reranker.rerank('q', ['a 1', 'b 2'])).results[0]?.index).toBe(1)
  })

  it('never show a whole document', async () => {
    const call = reranker.rerank('q', [{ text: 'x'.repeat(1e6), score: 'y'.repeat(1e6) as never }])
    await expect(call).rejects.toSatisfy((error: Error) => error.message.length < 200)
  })

  it('a text of a megabyte, lone surrogates and NUL are fine', async () => {
    const texts = ['x'.repeat(1 << 20), '\ud800', '\0', '']
    expect((await reranker.rerank('\udfff', texts)).results).toHaveLength(4)
  })
})
