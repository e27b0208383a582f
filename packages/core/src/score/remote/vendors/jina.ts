import type { Scope } from '../../../types.js'
import { field } from '../answer.js'
import { checkNumber } from '../options.js'
import type { HostedScorer } from '../scorer.js'
import { type VendorOptions, vendorScorer } from '../vendor.js'

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
   * Default `'jina-reranker-v3'`, which reads all texts together: its scores depend on the pool. So is every model taken
   * that is not a {@link JinaPairModel}.
   */
  readonly model?: string
  /** Price of a million tokens in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerMillionTokens?: number
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

/**
 * Jina AI's rerankers over HTTP. The key comes from `JINA_API_KEY`. The report has `billedTokens`, and `cost` when a price
 * was given.
 *
 * `jina-reranker-v3` scores the texts of one request together. Its scope is `'pool'`: its texts are never split over
 * requests, and more than `maxTexts` (no limit by default) are refused.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function jina(options: JinaOptions & { readonly model: JinaPairModel }): HostedScorer<'pair'>
export function jina(options?: JinaOptions): HostedScorer<'pool'>
export function jina(options: JinaOptions = {}): HostedScorer {
  const { model = 'jina-reranker-v3', pricePerMillionTokens } = options
  checkNumber('pricePerMillionTokens', pricePerMillionTokens, 0)
  const isPair = pairModels.includes(model)
  return vendorScorer<Scope>(
    {
      name: 'jina',
      model,
      scope: isPair ? 'pair' : 'pool',
      docs: 'https://api.jina.ai/redoc#tag/rerank',
      keyVariables: ['JINA_API_KEY'],
      baseUrl: 'https://api.jina.ai/v1',
      path: '/rerank',
      // The vendor states no limit; a request of a thousand texts is large enough.
      limits: { maxTexts: isPair ? 1000 : Infinity },
      optionNames: ['pricePerMillionTokens'],
      pricePerUnit: pricePerMillionTokens === undefined ? undefined : pricePerMillionTokens / 1e6,
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
    options,
  )
}
