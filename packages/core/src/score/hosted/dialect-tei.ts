import type { Dialect } from './dialect.js'
import { field } from './read-answer.js'

/** https://huggingface.github.io/text-embeddings-inference/#/Text%20Embeddings%20Inference/rerank */
interface TeiRequest {
  readonly query: string
  readonly texts: readonly string[]
  /** Logits instead of their sigmoid. */
  readonly raw_scores: boolean
  readonly return_text: false
  /** Without it a text that is too long is an error. */
  readonly truncate: boolean
}

/** Text Embeddings Inference. The answer is a bare list of `{ index, score }`. */
export const tei: Dialect = {
  docs: 'https://huggingface.github.io/text-embeddings-inference/',
  path: () => '/rerank',
  maxTexts: 32,
  info: { path: '/info', maxTexts: (body) => field(body, 'max_client_batch_size') },
  scores: 'asks',
  fixes: {
    413: 'the request holds more texts or tokens than the server takes; set maxTexts to its --max-client-batch-size',
    422: 'the request was refused; set maxTexts to the --max-client-batch-size of the server, and see providerMessage',
    424: 'its model does not rerank; start it with a reranker (a sequence classifier with one label)',
    429: 'it is overloaded; lower concurrency, or raise its --max-concurrent-requests',
  },
  body: ({ query, texts }, { scoreType, truncate }): TeiRequest => ({
    query,
    texts,
    raw_scores: scoreType === 'logit',
    return_text: false,
    truncate,
  }),
  answer: (body) => ({ rows: body, scoreKey: 'score' }),
}
