import type { Dialect } from './dialect.js'

/** https://huggingface.co/docs/inference-providers; the pipeline `text-ranking`. */
interface HuggingFaceRequest {
  readonly inputs: { readonly query: string; readonly texts: readonly string[] }
}

/** Where the router serves a model. */
export function routerUrl(model: string): string {
  return `${routerOrigin}/hf-inference/models/${model}/pipeline/text-ranking`
}

/** Only there goes a token from the environment. */
export const routerOrigin = 'https://router.huggingface.co'

/** The router of Hugging Face. The answer is a bare list of `{ index, score }`; what the scores are is up to the model. */
export const huggingface: Dialect = {
  docs: 'https://huggingface.co/docs/inference-providers',
  path: () => '',
  maxTexts: 32,
  scores: 'caller',
  body: ({ query, texts }): HuggingFaceRequest => ({ inputs: { query, texts } }),
  answer: (body) => ({ rows: body, scoreKey: 'score' }),
}
