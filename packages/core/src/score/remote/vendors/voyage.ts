import { atLeast, flag, type OptionTable, anyText, withDefault } from '../../../base/check.js'
import type { RemoteScorer } from '../engine.js'
import { type OwnOptions, readHostedOptions, type VendorOptions, vendorScorer } from '../hosted.js'
import { httpUrl } from '../http.js'
import { field } from '../answers.js'

/** Options of {@link voyage}. */
export interface VoyageOptions extends VendorOptions {
  /** Default `'rerank-2.5'`; also `'rerank-2.5-lite'`, `'rerank-2'`, `'rerank-2-lite'`. */
  readonly model?: string | undefined
  /**
   * What happens to texts beyond the model's context: cut off (`true`, the default) or refused by the service (`false`).
   */
  readonly truncation?: boolean | undefined
  /**
   * Estimated tokens per request, 1 or more, counting the query once for every text. Default 540000, a tenth below the service's
   * limit of 600000. The estimate is a token for three bytes of UTF-8.
   */
  readonly maxTokens?: number | undefined
  /** Price of a million tokens in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerMillionTokens?: number | undefined
}

/** The request body. https://docs.voyageai.com/reference/reranker-api */
interface VoyageRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly return_documents: false
  readonly truncation: boolean
}

const table = {
  model: withDefault(anyText, 'rerank-2.5'),
  baseUrl: withDefault(httpUrl, 'https://api.voyageai.com/v1'),
  truncation: withDefault(flag, true),
  maxTokens: withDefault(atLeast(1), 540_000),
  pricePerMillionTokens: atLeast(0),
} satisfies OptionTable<OwnOptions<VoyageOptions>>

/**
 * Voyage AI's rerankers over HTTP. The key comes from `VOYAGE_API_KEY`. Scores lie in 0..1. The report has
 * `billedTokens`, and `cost` when a price was given.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function voyage(options: VoyageOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, truncation, maxTokens, pricePerMillionTokens } = settings
  return vendorScorer(
    {
      name: 'voyage',
      model,
      scope: 'pair',
      docs: 'https://docs.voyageai.com/reference/reranker-api',
      keyVariables: ['VOYAGE_API_KEY'],
      path: '/rerank',
      limits: { maxTexts: 1000, maxTokens, maxPairTokens: model.startsWith('rerank-2.5') ? 32_000 : 16_000 },
      idParts: truncation ? [] : ['untruncated'],
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
    settings,
  )
}
