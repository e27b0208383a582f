import { aboveThreshold, createReranker, RerankError, type Report } from '@secondpass/core'
import type { BaseNodePostprocessor } from '@llamaindex/core/postprocessor'
import { MetadataMode, TextNode } from '@llamaindex/core/schema'
import { describe, expect, it } from 'vitest'
import { RerankPostprocessor } from '../../packages/llamaindex/src/index.ts'
import { FakeClock } from '../contract/fake-clock.ts'
import { scorerOf } from '../contract/fake-scorer.ts'
import { failingScorer, hangingScorer, overlapScorer } from '../fixtures/overlap-scorer.ts'
import { frozenNodes, query, texts, textsOf } from './support.ts'

const best = texts[3]

describe('postprocessNodes', () => {
  it('puts the best node first, in new objects around the same nodes', async () => {
    const postprocessor: BaseNodePostprocessor = new RerankPostprocessor({ scorer: overlapScorer() })
    const given = frozenNodes()
    const [first, ...rest] = await postprocessor.postprocessNodes(given, query)
    expect(first?.node).toBe(given[3]?.node)
    expect(first).not.toBe(given[3])
    expect(rest).toHaveLength(4)
  })

  it('gives each node the new score and keeps the first one beside it', async () => {
    const nodes = await new RerankPostprocessor({ scorer: overlapScorer(), topN: 1 }).postprocessNodes(
      frozenNodes(),
      query,
    )
    expect(nodes).toEqual([{ node: expect.any(TextNode), score: 5 / 7, firstStageScore: 0.9 - 3 / 10 }])
  })

  it('shows the mix that ordered the nodes when the first score is blended in', async () => {
    const postprocessor = new RerankPostprocessor({ scorer: overlapScorer(), blend: { weight: 0.01 } })
    const nodes = await postprocessor.postprocessNodes(frozenNodes(), query)
    expect(textsOf(nodes)).toEqual(texts)
    expect(nodes[0]).toMatchObject({ score: 0, firstStageScore: 0.9, blendedScore: 0.99 })
  })

  it('keeps other properties, and makes up no score for a node that had none', async () => {
    const item = Object.freeze({ node: new TextNode({ text: 'api key' }), origin: 'bm25' })
    const [node] = await new RerankPostprocessor({ scorer: overlapScorer() }).postprocessNodes([item], query)
    expect(node).toEqual({ node: item.node, origin: 'bm25', score: 2 / 7 })
  })

  it('takes a similarity of NaN, as an empty vector gives, for no score', async () => {
    const item = Object.freeze({ node: new TextNode({ text: 'api key' }), score: Number.NaN })
    const [node] = await new RerankPostprocessor({ scorer: overlapScorer() }).postprocessNodes([item], query)
    expect(node).toEqual({ node: item.node, score: 2 / 7 })
  })

  it('asks nobody when there are no nodes', async () => {
    const scorer = overlapScorer()
    expect(await new RerankPostprocessor({ scorer }).postprocessNodes([], query)).toEqual([])
    expect(scorer).toMatchObject({ calls: [], warmups: 0 })
  })
})

describe('the query', () => {
  it('may be message content, of which the text parts are read', async () => {
    const scorer = overlapScorer()
    const asked: string[] = []
    const spy = {
      ...scorer,
      score: (text: string, ...rest: [readonly string[], never]) => (asked.push(text), scorer.score(text, ...rest)),
    }
    const content = [
      { type: 'text' as const, text: 'rotate' },
      { type: 'image_url' as const, image_url: { url: 'data:,' } },
      { type: 'text' as const, text: 'an api key' },
    ]
    const [first] = await new RerankPostprocessor({ scorer: spy }).postprocessNodes(frozenNodes(), content)
    expect(asked).toEqual(['rotate\n\nan api key'])
    expect(textsOf([first!])).toEqual([best])
  })

  it.each([
    ['nothing', undefined],
    ['an image', [{ type: 'image_url', image_url: { url: 'data:,' } }]],
    ['no message content', { text: 'a question' } as never],
  ])('may not be %s', async (_case, content) => {
    const postprocessor = new RerankPostprocessor({ scorer: overlapScorer() })
    await expect(postprocessor.postprocessNodes(frozenNodes(), content)).rejects.toThrow('query has no text')
  })
})

describe('metadataMode', () => {
  it('leaves metadata out unless told otherwise', async () => {
    const scorer = overlapScorer()
    await new RerankPostprocessor({ scorer }).postprocessNodes(frozenNodes(), query)
    expect(scorer.calls).toEqual([texts])
  })

  it("reads what LlamaIndex's own mode of that name reads", async () => {
    const scorer = overlapScorer()
    const nodes = frozenNodes()
    await new RerankPostprocessor({ scorer, metadataMode: 'LLM' }).postprocessNodes(nodes, query)
    expect(scorer.calls).toEqual([nodes.map(({ node }) => node.getContent(MetadataMode.LLM))])
    expect(scorer.calls[0]?.[0]).toContain('file_path: how/do/I/0.md')
  })
})

describe('a ranking that did not happen', () => {
  it('leaves every node the score it came with when a policy skips', async () => {
    const scorer = overlapScorer()
    const postprocessor = new RerankPostprocessor({ scorer, skip: aboveThreshold({ threshold: 0.85 }), topN: 2 })
    const nodes = await postprocessor.postprocessNodes(frozenNodes(), query)
    expect(scorer.calls).toEqual([])
    expect(textsOf(nodes)).toEqual(texts.slice(0, 2))
    expect(nodes.map(({ score, firstStageScore }) => [score, firstStageScore])).toEqual([
      [0.9, 0.9],
      [0.8, 0.8],
    ])
  })

  it('reads the first-stage score from elsewhere when told so', async () => {
    const scorer = overlapScorer()
    const getScore = (): number => -3
    const nodes = await new RerankPostprocessor({ scorer, getScore }).postprocessNodes(frozenNodes(), query)
    expect(nodes[0]).toMatchObject({ score: 5 / 7, firstStageScore: -3 })
  })

  it('leaves no first-stage score beside the scores of the model', async () => {
    const stages = [{ scorer: overlapScorer(), depth: 2 }]
    const nodes = await new RerankPostprocessor({ stages }).postprocessNodes(frozenNodes(), query)
    expect(nodes.map(({ score }) => score)).toEqual([2 / 7, 0, undefined, undefined, undefined])
    expect(nodes.map(({ firstStageScore }) => firstStageScore)).not.toContain(undefined)
  })

  it('rejects with the error of the scorer, or keeps the order when told so', async () => {
    const scorer = failingScorer('the model is down')
    await expect(new RerankPostprocessor({ scorer }).postprocessNodes(frozenNodes(), query)).rejects.toThrow(
      'the model is down',
    )
    const nodes = await new RerankPostprocessor({ scorer, onError: 'keep-order' }).postprocessNodes(
      frozenNodes(),
      query,
    )
    expect(textsOf(nodes)).toEqual(texts)
  })

  it('gives back the first-stage order when deadlineMs runs out, and reports it', async () => {
    const clock = new FakeClock()
    const scorer = hangingScorer()
    const reports: Report[] = []
    const postprocessor = new RerankPostprocessor({
      scorer,
      clock,
      deadlineMs: 80,
      onReport: (report) => reports.push(report),
    })
    const answer = postprocessor.postprocessNodes(frozenNodes(), query)
    await scorer.asked
    await clock.advance(80)
    expect(textsOf(await answer)).toEqual(texts)
    expect((await answer).map(({ score }) => score)).toEqual(frozenNodes().map(({ score }) => score))
    expect(reports.map((report) => report.stages.map((stage) => stage.outcome))).toEqual([['late']])
  })
})

describe('the reranker behind it', () => {
  it('may be shared, and is then closed by its maker alone', async () => {
    const scorer = overlapScorer()
    const reranker = createReranker({ scorer })
    const postprocessor = new RerankPostprocessor({ reranker, topN: 1 })
    await postprocessor.warmup()
    expect(textsOf(await postprocessor.postprocessNodes(frozenNodes(), query))).toEqual([best])
    await postprocessor.close()
    expect(scorer).toMatchObject({ warmups: 1, closes: 0 })
  })

  it('is closed with the postprocessor that made it', async () => {
    const scorer = overlapScorer()
    {
      await using postprocessor = new RerankPostprocessor({ scorer })
      await postprocessor.postprocessNodes(frozenNodes(), query)
    }
    expect(scorer.closes).toBe(1)
  })

  it.each([
    [
      'an option beside a ready reranker',
      { reranker: createReranker({ scorer: overlapScorer() }), skip: () => undefined },
      'skip',
    ],
    ['something that is no reranker', { reranker: {} }, 'pass what createReranker() returns'],
    ['a misspelt option', { scorer: overlapScorer(), topn: 3 }, 'topn'],
    ['a topN of none', { scorer: overlapScorer(), topN: 0 }, 'topN is 0'],
    ['a deadline of none', { scorer: overlapScorer(), deadlineMs: 0 }, 'deadlineMs is 0'],
    ['the name it had', { scorer: overlapScorer(), timeoutMs: 80 }, 'timeoutMs is 80: it is called deadlineMs'],
    ['an instruction that says nothing', { scorer: overlapScorer(), instruction: ' ' }, 'instruction is " "'],
    ['an unknown metadata mode', { scorer: overlapScorer(), metadataMode: 'SOME' }, 'metadataMode is "SOME"'],
  ])('is not made with %s', (_case, options, message) => {
    expect(() => new RerankPostprocessor(options as never)).toThrow(RerankError)
    expect(() => new RerankPostprocessor(options as never)).toThrow(message)
  })
})

describe('an instruction', () => {
  it('reaches a scorer that takes one with every query, and is refused by one that takes none', async () => {
    const told: (string | undefined)[] = []
    const scorer = scorerOf((_query, some, call) => (told.push(call.instruction), some.map(() => 1)), {
      takesInstruction: true,
    })
    const instruction = 'Only rules.'
    await new RerankPostprocessor({ scorer, instruction }).postprocessNodes(frozenNodes(), query)
    await new RerankPostprocessor({ reranker: createReranker({ scorer }), instruction }).postprocessNodes(
      frozenNodes(),
      query,
    )
    expect(told).toEqual([instruction, instruction])
    const deaf = new RerankPostprocessor({ scorer: overlapScorer(), instruction, onError: 'keep-order' })
    await expect(deaf.postprocessNodes(frozenNodes(), query)).rejects.toThrow('instruction is "Only rules.": ')
  })
})

describe('what is no node with a score', () => {
  const wrapped = (): unknown => frozenNodes()[0]
  it.each([
    ['a bare node', () => [wrapped(), (wrapped() as { node: unknown }).node], 'nodes[1] is a bare node: pass { node }'],
    ['nothing', () => [null], 'nodes[0] is null: pass { node }'],
    ['a hole', () => [wrapped(), undefined, wrapped()], 'nodes[1] is undefined: pass { node }'],
    ['an object without a node', () => [{ score: 1 }], 'nodes[0] is an object without a node: pass { node }'],
    ['a text', () => ['text'], 'nodes[0] is text: pass { node }'],
    ['no list', () => wrapped(), 'nodes is object: pass an array of { node, score }'],
  ])('is refused by name: %s', async (_case, nodes, message) => {
    await using postprocessor = new RerankPostprocessor({ scorer: overlapScorer() })
    const answer = postprocessor.postprocessNodes(nodes() as never, query)
    await expect(answer).rejects.toMatchObject({ name: 'RerankError', code: 'invalid-argument' })
    await expect(answer).rejects.toThrow(message)
  })

  it('is a part of a query that is null', async () => {
    await using postprocessor = new RerankPostprocessor({ scorer: overlapScorer() })
    await expect(postprocessor.postprocessNodes([], [null] as never)).rejects.toThrow('query has no text')
  })
})
