import type { Dialect } from './dialect.js'
import { field } from './read-answer.js'

/** https://michaelfeil.eu/infinity/latest/swagger_ui/ */
interface InfinityRequest {
  readonly model?: string
  readonly query: string
  readonly documents: readonly string[]
  readonly return_documents: false
  /** Logits instead of their sigmoid. */
  readonly raw_scores: boolean
}

/** Infinity. Newer versions answer with `results`, older ones with `data`. It takes 2048 texts at most. */
export const infinity: Dialect = {
  docs: 'https://michaelfeil.eu/infinity/latest/swagger_ui/',
  path: () => '/rerank',
  maxTexts: 256,
  scores: 'asks',
  body: ({ query, texts }, { model, scoreType }): InfinityRequest => ({
    ...(model !== undefined && { model }),
    query,
    documents: texts,
    return_documents: false,
    raw_scores: scoreType === 'logit',
  }),
  answer: (body) => ({
    rows: field(body, 'results') ?? field(body, 'data'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}
