import type { Dialect } from './dialect.js'
import { field } from './read-answer.js'

/** https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html */
interface NimRequest {
  readonly model: string | undefined
  readonly query: { readonly text: string }
  readonly passages: readonly { readonly text: string }[]
  readonly truncate: 'END' | 'NONE'
}

/** NVIDIA NIM for reranking. It always answers with logits. */
export const nim: Dialect = {
  docs: 'https://docs.nvidia.com/nim/nemo-retriever/text-reranking/latest/using-reranking.html',
  path: (url) => (/\/v1\/?$/.test(new URL(url).pathname) ? '/ranking' : '/v1/ranking'),
  maxTexts: 256,
  scores: 'logit',
  needsModel: true,
  body: ({ query, texts }, { model, truncate }): NimRequest => ({
    model,
    query: { text: query },
    passages: texts.map((text) => ({ text })),
    truncate: truncate ? 'END' : 'NONE',
  }),
  answer: (body) => ({
    rows: field(body, 'rankings'),
    scoreKey: 'logit',
    bill: { unit: 'tokens', units: field(body, 'usage', 'total_tokens') },
  }),
}
