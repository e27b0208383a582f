import type { Dialect, ServerSettings } from './dialect.js'
import { field } from './read-answer.js'

/** What the two endpoints share. https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api */
interface VllmCommon {
  readonly model?: string
  /** -1: cut to what the model reads. Without it a text that is too long is an error. */
  readonly truncate_prompt_tokens?: -1
  /** Logits; left out for the default, activated scores. */
  readonly use_activation?: false
}

interface VllmRerankRequest extends VllmCommon {
  readonly query: string
  readonly documents: readonly string[]
}

/** https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api */
interface VllmScoreRequest extends VllmCommon {
  readonly text_1: string
  readonly text_2: readonly string[]
}

const common = ({ model, scoreType, truncate }: ServerSettings): VllmCommon => ({
  ...(model !== undefined && { model }),
  ...(truncate && { truncate_prompt_tokens: -1 }),
  ...(scoreType === 'logit' && { use_activation: false }),
})

/** vLLM's `/rerank`, which is there with and without `/v1` before it. It sends the texts back, whatever is asked. */
export const vllm: Dialect = {
  docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#re-rank-api',
  path: () => '/rerank',
  maxTexts: 256,
  scores: 'asks',
  body: ({ query, texts }, settings): VllmRerankRequest => ({ query, documents: texts, ...common(settings) }),
  answer: (body) => ({
    rows: field(body, 'results'),
    scoreKey: 'relevance_score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}

/** vLLM's `/score`. */
export const vllmScore: Dialect = {
  ...vllm,
  docs: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html#score-api',
  path: () => '/score',
  body: ({ query, texts }, settings): VllmScoreRequest => ({ text_1: query, text_2: texts, ...common(settings) }),
  answer: (body) => ({
    rows: field(body, 'data'),
    scoreKey: 'score',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}
