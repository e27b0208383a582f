import { atLeast, type OptionTable, anyText, withDefault } from '../../../base/check.js'
import type { Scope } from '../../../types.js'
import type { RemoteScorer } from '../engine.js'
import { type OwnOptions, readHostedOptions, type VendorOptions, vendorScorer } from '../hosted.js'
import { httpUrl } from '../http.js'
import { field, perToken } from '../answers.js'

/** Models of Jina AI that read each text by itself. */
export type JinaPairModel = 'jina-reranker-v2-base-multilingual' | 'jina-reranker-m0' | 'jina-colbert-v2'

const pairModels: readonly string[] = [
  'jina-reranker-v2-base-multilingual',
  'jina-reranker-m0',
  'jina-colbert-v2',
] satisfies JinaPairModel[]

/** Options of {@link jina}. */
export interface JinaOptions extends VendorOptions {
  /**
   * Default `'jina-reranker-v3.5'`, which reads all texts together: its scores depend on the pool. So is every model taken
   * that is not a {@link JinaPairModel}.
   */
  readonly model?: string | undefined
  /** Price of a million tokens in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerMillionTokens?: number | undefined
}

/** The request body. https://api.jina.ai/redoc#tag/rerank */
interface JinaRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  /** All of them: the answer must have a score for every text. */
  readonly top_n: number
  /** The service sends the texts back unless told not to. */
  readonly return_documents: false
}

const table = {
  model: withDefault(anyText, 'jina-reranker-v3.5'),
  baseUrl: withDefault(httpUrl, 'https://api.jina.ai/v1'),
  pricePerMillionTokens: atLeast(0),
} satisfies OptionTable<OwnOptions<JinaOptions>>

/**
 * Jina AI's rerankers over HTTP. The key comes from `JINA_API_KEY`. The report has `billedTokens`, and `cost` when a price
 * was given.
 *
 * `jina-reranker-v3.5` and `jina-reranker-v3` score the texts of one request together. Its scope is `'pool'`: its texts are never split over
 * requests, and more than `maxTexts` (no limit by default) are refused.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function jina(options: JinaOptions & { readonly model: JinaPairModel }): RemoteScorer<'pair'>
export function jina(options?: JinaOptions): RemoteScorer<'pool'>
export function jina(options: JinaOptions = {}): RemoteScorer {
  const settings = readHostedOptions(table, options)
  const { model, pricePerMillionTokens } = settings
  const isPair = pairModels.includes(model)
  return vendorScorer<Scope>(
    {
      name: 'jina',
      model,
      scope: isPair ? 'pair' : 'pool',
      docs: 'https://api.jina.ai/redoc#tag/rerank',
      keyVariables: ['JINA_API_KEY'],
      path: '/rerank',
      // The vendor states no limit; a request of a thousand texts is large enough.
      limits: { maxTexts: isPair ? 1000 : Infinity },
      prices: { billedTokens: perToken(pricePerMillionTokens) },
      body: ({ query, texts }): JinaRequest => ({
        model,
        query,
        documents: texts,
        top_n: texts.length,
        return_documents: false,
      }),
      answer: (body) => ({
        rows: field(body, 'results'),
        scoreKey: 'relevance_score',
        bill: { unit: 'billedTokens', units: field(body, 'usage', 'total_tokens') },
      }),
    },
    settings,
  )
}
