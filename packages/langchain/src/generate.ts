import type { RunnableConfig } from '@langchain/core/runnables'
import { type Generate, type GenerateCall, RerankError } from '@secondpass/core'

/** Any chat model of LangChain, or a chain that ends in one: whatever takes a string and answers with a message or text. */
export interface PromptRunnable {
  invoke(input: string, options?: Partial<RunnableConfig>): Promise<unknown>
}

/**
 * Lets `llmListwise` and `llmPointwise` of `@secondpass/core` ask a chat model of LangChain. The signal of the reranker
 * is handed on; time limits and aborts reach the model through it. Retries are the model's (`maxRetries`). Where the model
 * tells its usage, the report counts `inputTokens` and `outputTokens`.
 *
 * @param model a chat model, best with `temperature: 0`; a chain that takes a string does too.
 * @param config of each `invoke`, for example callbacks, tags and metadata for the trace.
 * @throws RerankError `'invalid-argument'` when the model has no `invoke`; of code `'scorer'`, when called, for an answer
 *   without text.
 */
export function generateWith(model: PromptRunnable, config: Omit<RunnableConfig, 'signal'> = {}): Generate {
  if (typeof model?.invoke !== 'function') {
    throw new RerankError('invalid-argument', `model is ${typeof model}: pass a chat model of LangChain`)
  }
  return async (prompt, call) => {
    const answer = await model.invoke(prompt, { ...config, signal: call.signal })
    countUsage(answer, call)
    return textOf(answer)
  }
}

/** The text of a message, of its blocks that are text, or the string that a parser made of it. */
function textOf(answer: unknown): string {
  const content = typeof answer === 'string' ? answer : propertyOf(answer, 'content')
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) {
    const fix = 'pass a model whose invoke answers with a message or a string'
    throw new RerankError('scorer', `The model answered with ${typeof answer} without text: ${fix}.`)
  }
  const texts = content.map((block) => (propertyOf(block, 'type') === 'text' ? propertyOf(block, 'text') : block))
  return texts.filter((text) => typeof text === 'string').join('')
}

function countUsage(answer: unknown, { stats }: GenerateCall): void {
  const usage = propertyOf(answer, 'usage_metadata')
  for (const [counter, name] of [
    ['inputTokens', 'input_tokens'],
    ['outputTokens', 'output_tokens'],
  ] as const) {
    const tokens = propertyOf(usage, name)
    if (typeof tokens === 'number' && Number.isFinite(tokens)) stats[counter] = (stats[counter] ?? 0) + tokens
  }
}

function propertyOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined
}
