import type { Dialect } from './dialect.js'
import { field } from './read-answer.js'

/** https://github.com/ggml-org/llama.cpp/tree/master/tools/server#post-reranking-rerank-documents-according-to-a-given-query */
interface LlamaCppRequest {
  readonly model?: string
  readonly query: string
  readonly documents: readonly string[]
  /** All of them: some builds take a missing number for none. */
  readonly top_n: number
}

/**
 * The server of llama.cpp, started with `--rerank`. What its scores are depends on the model: BERT-type rerankers give
 * logits, Qwen3 rerankers probabilities.
 */
export const llamacpp: Dialect = {
  docs: 'https://github.com/ggml-org/llama.cpp/tree/master/tools/server',
  path: () => '/rerank',
  maxTexts: 64,
  scores: 'caller',
  fixes: {
    501: 'it does not rerank; start it with --rerank',
    500: 'a text may be longer than its physical batch (raise --ubatch-size), or it failed; see providerMessage',
  },
  body: ({ query, texts }, { model }): LlamaCppRequest => ({
    ...(model !== undefined && { model }),
    query,
    documents: texts,
    top_n: texts.length,
  }),
  answer: (body) => ({
    rows: field(body, 'results'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}
