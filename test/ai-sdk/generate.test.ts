import { createReranker, llmListwise, llmPointwise } from '@secondpass/core'
import { APICallError, type LanguageModelV3GenerateResult } from '@ai-sdk/provider'
import { MockLanguageModelV3 } from 'ai/test'
import { describe, expect, it } from 'vitest'
import { generateWith } from '../../packages/ai-sdk/src/index.ts'

const query = 'when does the lamp turn off'
const texts = ['The lamp is red.', 'It turns itself off after ten minutes.', 'It weighs 4 kg.']

/** An answer of a model, with what it says it used. */
const saying = (text: string): LanguageModelV3GenerateResult => ({
  content: [
    { type: 'reasoning', text: '[3] > [1] > [2]?' },
    { type: 'text', text },
  ],
  finishReason: { unified: 'stop', raw: 'stop' },
  usage: {
    inputTokens: { total: 40, noCache: 40, cacheRead: 0, cacheWrite: 0 },
    outputTokens: { total: 9, text: 9, reasoning: 0 },
  },
  warnings: [],
})
const model = (...answers: string[]): MockLanguageModelV3 =>
  new MockLanguageModelV3({ doGenerate: answers.map(saying) })

describe('generateWith', () => {
  it('has a language model of the AI SDK order the texts, and counts what it used', async () => {
    const asked = model('[2] > [3] > [1]')
    const reranker = createReranker({ scorer: llmListwise({ generate: generateWith(asked) }) })
    const { results, report } = await reranker.rerank(query, texts)
    expect(results.map(({ index }) => index)).toEqual([1, 2, 0])
    expect(report.stages[0]?.stats).toMatchObject({ calls: 1, ok: 1, inputTokens: 40, outputTokens: 9 })
    const [call] = asked.doGenerateCalls
    expect(call).toMatchObject({ temperature: 0, prompt: [{ role: 'user', content: [{ type: 'text' }] }] })
    expect(JSON.stringify(call?.prompt)).toContain(texts[1])
  })

  it('has it grade each of them', async () => {
    const scorer = llmPointwise({ generate: generateWith(model('1', '9', '0')), concurrency: 1 })
    const { results, report } = await createReranker({ scorer }).rerank(query, texts)
    expect(results.map(({ index, score }) => [index, score])).toEqual([
      [1, 0.9],
      [0, 0.1],
      [2, 0],
    ])
    expect(report.stages[0]?.stats).toMatchObject({ calls: 3, inputTokens: 120, outputTokens: 27 })
  })

  it.each([
    ['I cannot rank these.', 'wrongFormat', [0, 1, 2]],
    ['[2] > [2] > [1]', 'repetition', [1, 0, 2]],
    ['[3]', 'missing', [2, 0, 1]],
  ])('counts the answer %j as %s, and loses no text', async (answer, fault, order) => {
    const scorer = llmListwise({ generate: generateWith(model(answer)) })
    const { results, report } = await createReranker({ scorer }).rerank(query, texts)
    expect(results.map(({ index }) => index)).toEqual(order)
    const faults = { ok: 0, wrongFormat: 0, repetition: 0, missing: 0, [fault]: 1 }
    expect(report.stages[0]?.stats).toMatchObject(faults)
  })

  it('hands on settings, and leaves the temperature to the model where it is told to', async () => {
    const asked = model('[1] > [2] > [3]', '[1] > [2] > [3]')
    const settings = { maxOutputTokens: 90, providerOptions: { openai: { seed: 1 } }, headers: { 'x-team': 'search' } }
    await createReranker({ scorer: llmListwise({ generate: generateWith(asked, settings) }) }).rerank(query, texts)
    const own = generateWith(asked, { temperature: null })
    await createReranker({ scorer: llmListwise({ generate: own }) }).rerank(query, texts)
    const [first, second] = asked.doGenerateCalls
    expect(first).toMatchObject({ temperature: 0, maxOutputTokens: 90, providerOptions: settings.providerOptions })
    expect(first?.headers).toMatchObject({ 'x-team': 'search' })
    expect(second?.temperature).toBeUndefined()
  })

  it('tries again what is retryable, as the AI SDK does, and not more often than it is told to', async () => {
    let calls = 0
    const busy = new MockLanguageModelV3({
      async doGenerate() {
        calls += 1
        if (calls > 1) return saying('[2] > [1] > [3]')
        const responseHeaders = { 'retry-after-ms': '1' }
        throw new APICallError({ message: 'busy', url: 'u', requestBodyValues: {}, statusCode: 429, responseHeaders })
      },
    })
    const rank = (maxRetries?: number): Promise<unknown> =>
      createReranker({ scorer: llmListwise({ generate: generateWith(busy, { maxRetries }) }) }).rerank(query, texts)
    await rank()
    expect(calls).toBe(2)
    calls = 0
    await expect(rank(0)).rejects.toMatchObject({ code: 'scorer', cause: { message: 'busy' } })
    expect(calls).toBe(1)
  })

  it('an abort reaches the model', async () => {
    const seen: (AbortSignal | undefined)[] = []
    const slow = new MockLanguageModelV3({
      doGenerate: ({ abortSignal }) =>
        new Promise((_, reject) => {
          seen.push(abortSignal)
          abortSignal?.addEventListener('abort', () => reject(abortSignal.reason as Error))
          controller.abort(reason)
        }),
    })
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    const scorer = llmListwise({ generate: generateWith(slow) })
    const ranking = createReranker({ scorer }).rerank(query, texts, { signal: controller.signal })
    await expect(ranking).rejects.toBe(reason)
    expect(seen.map((signal) => signal?.aborted)).toEqual([true])
  })

  it.each([[undefined], [null], [{}], [''], [7]])('names %j as no language model', (wrong) => {
    expect(() => generateWith(wrong as never)).toThrow(
      "pass a language model of the AI SDK, such as openai('gpt-5-mini')",
    )
    expect(() => generateWith(model('1'), null as never)).toThrow('settings is null: pass an object')
  })
})
