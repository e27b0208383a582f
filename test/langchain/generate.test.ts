import { AIMessage } from '@langchain/core/messages'
import { ChatPromptTemplate } from '@langchain/core/prompts'
import { FakeListChatModel } from '@langchain/core/utils/testing'
import { RunnableLambda } from '@langchain/core/runnables'
import { StringOutputParser } from '@langchain/core/output_parsers'
import { createReranker, llmListwise, llmPointwise } from '@secondpass/core'
import { describe, expect, it } from 'vitest'
import { RerankCompressor, generateWith } from '../../packages/langchain/src/index.ts'
import { frozenDocuments, query, texts } from './support.ts'

describe('generateWith', () => {
  it("asks LangChain's own chat model, and the documents come back in its order", async () => {
    const model = new FakeListChatModel({ responses: ['[3] > [1] > [2]'] })
    const reranker = createReranker({ scorer: llmListwise({ generate: generateWith(model) }) })
    const { results } = await reranker.rerank(query, texts.slice(0, 3))
    expect(results.map(({ index }) => index)).toEqual([2, 0, 1])
  })

  it('works inside the compressor', async () => {
    const model = new FakeListChatModel({ responses: ['3', '9', '1', '4', '5', '6', '2'] })
    const scorer = llmPointwise({ generate: generateWith(model), concurrency: 1 })
    const documents = frozenDocuments().slice(0, 3)
    const [best] = await new RerankCompressor({ scorer, topN: 1 }).compressDocuments(documents, query)
    expect(best?.pageContent).toBe(texts[1])
    expect(best?.metadata['relevanceScore']).toBe(0.9)
  })

  it('asks chains too, and reads messages of several blocks', async () => {
    const chain = ChatPromptTemplate.fromTemplate('{question}')
      .pipe(new FakeListChatModel({ responses: ['[2] > [1]'] }))
      .pipe(new StringOutputParser())
    const first = generateWith(RunnableLambda.from((question: string) => ({ question })).pipe(chain))
    const blocks = generateWith({
      invoke: async () =>
        new AIMessage({
          content: [
            { type: 'text', text: '[2]' },
            { type: 'image_url', image_url: 'x' },
            { type: 'text', text: ' > [1]' },
          ],
        }),
    })
    for (const generate of [first, blocks]) {
      const { results } = await createReranker({ scorer: llmListwise({ generate }) }).rerank(query, texts.slice(0, 2))
      expect(results.map(({ index }) => index)).toEqual([1, 0])
    }
  })

  it('hands on the signal and the config, and counts tokens', async () => {
    const seen: unknown[] = []
    const model = {
      async invoke(_input: string, options?: { signal?: AbortSignal; tags?: string[] }) {
        seen.push(options?.tags, options?.signal?.aborted)
        const usage = { input_tokens: 40, output_tokens: 2, total_tokens: 42 }
        return Object.assign(new AIMessage('7'), { usage_metadata: usage })
      },
    }
    const scorer = llmPointwise({ generate: generateWith(model, { tags: ['rerank'] }) })
    const { report } = await createReranker({ scorer }).rerank(query, texts.slice(0, 2))
    expect(seen).toEqual([['rerank'], false, ['rerank'], false])
    expect(report.stages[0]?.stats).toMatchObject({ inputTokens: 80, outputTokens: 4, calls: 2 })
  })

  it('an abort ends the answer of a slow model', async () => {
    const model = new FakeListChatModel({ responses: ['[1]'], sleep: 60_000 })
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const ranking = createReranker({ scorer: llmListwise({ generate: generateWith(model) }) }).rerank(query, texts, {
      signal: controller.signal,
    })
    const outcome = expect(ranking).rejects.toBe(reason)
    controller.abort(reason)
    await outcome
  })

  it('names what is no model, and an answer without text', async () => {
    expect(() => generateWith({} as never)).toThrow('model is object: pass a chat model of LangChain')
    const scorer = llmListwise({ generate: generateWith({ invoke: async () => 7 }) })
    await expect(createReranker({ scorer }).rerank(query, texts)).rejects.toThrow('answered with number without text')
  })
})
