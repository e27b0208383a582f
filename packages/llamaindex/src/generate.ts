import { type Generate, RerankError } from '@secondpass/core'

/** What is used of an `LLM` of LlamaIndex. */
export interface CompletingLLM {
  complete(params: { prompt: string }): Promise<{ readonly text: string }>
}

/**
 * Lets `llmListwise` and `llmPointwise` of `@secondpass/core` ask an LLM of LlamaIndex. LlamaIndex takes no abort signal:
 * an abort or a passed time limit ends the reranking at once, while the LLM finishes an answer that nobody reads.
 *
 * @param llm any LLM, best with `temperature: 0`.
 * @throws RerankError `'invalid-argument'` when it has no `complete`; of code `'scorer'`, when called, for an answer
 *   without text.
 */
export function generateWith(llm: CompletingLLM): Generate {
  if (typeof llm?.complete !== 'function') {
    throw new RerankError('invalid-argument', `llm is ${typeof llm}: pass an LLM of LlamaIndex`)
  }
  return async (prompt, call) => {
    call.signal.throwIfAborted()
    const answer: { text?: unknown } | undefined = await llm.complete({ prompt })
    if (typeof answer?.text === 'string') return answer.text
    throw new RerankError('scorer', `The LLM answered without text: complete() must resolve to { text }.`)
  }
}
