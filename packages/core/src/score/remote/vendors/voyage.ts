import { field } from '../answer.js'
import { checkNumber } from '../options.js'
import type { HostedScorer } from '../scorer.js'
import { type VendorOptions, vendorScorer } from '../vendor.js'

/** Options of {@link voyage}. */
export interface VoyageOptions extends VendorOptions {
  /** Default `'rerank-2.5'`; also `'rerank-2.5-lite'`, `'rerank-2'`, `'rerank-2-lite'`. */
  readonly model?: string
  /**
   * What happens to texts beyond the model's context: cut off (`true`, the default) or refused by the service (`false`).
   */
  readonly truncation?: boolean
  /**
   * Estimated tokens per request, 1 or more, counting the query once for every text. Default 540000, a tenth below the service's
   * limit of 600000. The estimate is a token for three bytes of UTF-8.
   */
  readonly maxTokens?: number
  /** Price of a million tokens in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerMillionTokens?: number
}

/** The request body. https://docs.voyageai.com/reference/reranker-api */
interface VoyageRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly return_documents: false
  readonly truncation: boolean
}

/**
 * Voyage AI's rerankers over HTTP. The key comes from `VOYAGE_API_KEY`. Scores lie in 0..1. The report has
 * `billedTokens`, and `cost` when a price was given.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function voyage(options: VoyageOptions = {}): HostedScorer<'pair'> {
  const { model = 'rerank-2.5', truncation = true, maxTokens = 540_000, pricePerMillionTokens } = options
  checkNumber('maxTokens', maxTokens, 1)
  checkNumber('pricePerMillionTokens', pricePerMillionTokens, 0)
  return vendorScorer(
    {
      name: 'voyage',
      model,
      scope: 'pair',
      docs: 'https://docs.voyageai.com/reference/reranker-api',
      keyVariables: ['VOYAGE_API_KEY'],
      baseUrl: 'https://api.voyageai.com/v1',
      path: '/rerank',
      limits: { maxTexts: 1000, maxTokens, maxPairTokens: model.startsWith('rerank-2.5') ? 32_000 : 16_000 },
      idParts: truncation ? [] : ['untruncated'],
      optionNames: ['truncation', 'maxTokens', 'pricePerMillionTokens'],
      pricePerUnit: pricePerMillionTokens === undefined ? undefined : pricePerMillionTokens / 1e6,
      body: ({ query, texts }): VoyageRequest => ({
        model,
        query,
        documents: texts,
        return_documents: false,
        truncation,
      }),
      answer: (body) => ({
        rows: field(body, 'data'),
        scoreKey: 'relevance_score',
        bill: { unit: 'billedTokens', units: field(body, 'usage', 'total_tokens') },
      }),
    },
    options,
  )
}
