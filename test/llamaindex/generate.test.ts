import { createReranker, llmListwise } from '@secondpass/core'
import { MockLLM } from '@llamaindex/core/llms/mock'
import { describe, expect, it } from 'vitest'
import { generateWith } from '../../packages/llamaindex/src/index.ts'
import { query, texts } from '../fixtures/key-passages.ts'

describe('generateWith', () => {
  it("asks LlamaIndex's own LLM", async () => {
    const llm = new MockLLM({ timeBetweenToken: 0, responseMessage: '[3] > [1] > [2]' })
    const reranker = createReranker({ scorer: llmListwise({ generate: generateWith(llm) }) })
    const { results, report } = await reranker.rerank(query, texts.slice(0, 3))
    expect(results.map(({ index }) => index)).toEqual([2, 0, 1])
    expect(report.stages[0]?.stats).toMatchObject({ ok: 1 })
  })

  it('an abort ends the ranking at once, though LlamaIndex takes no signal', async () => {
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const scorer = llmListwise({ generate: generateWith({ complete: () => new Promise(() => {}) }) })
    const ranking = createReranker({ scorer }).rerank(query, texts, { signal: controller.signal })
    const outcome = expect(ranking).rejects.toBe(reason)
    controller.abort(reason)
    await outcome
  })

  it('names what is no LLM, and an answer without text', async () => {
    expect(() => generateWith({} as never)).toThrow('llm is object: pass an LLM of LlamaIndex')
    const scorer = llmListwise({ generate: generateWith({ complete: async () => ({}) as never }) })
    await expect(createReranker({ scorer }).rerank(query, texts)).rejects.toThrow('answered without text')
  })
})
