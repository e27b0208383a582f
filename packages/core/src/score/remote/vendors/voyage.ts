import { atLeast, flag, type OptionTable, anyText, withDefault } from '../../../base/check.js'
import type { RemoteScorer } from '../engine.js'
import { keyFrom, type OwnOptions, readHostedOptions, type VendorOptions, vendorScorer } from '../hosted.js'
import { httpUrl } from '../http.js'
import { field, perToken } from '../answers.js'

/** Options of {@link voyage}. */
export interface VoyageOptions extends VendorOptions {
  /** Default `'rerank-3'`; also `'rerank-3-lite'`, `'rerank-2.5'`, `'rerank-2.5-lite'`, `'rerank-2'`, `'rerank-2-lite'`. */
  readonly model?: string | undefined
  /**
   * Where the service is. Default: `https://api.voyageai.com/v1`, or `https://ai.mongodb.com/v1` for a key that begins with
   * `al-`, which MongoDB gives.
   */
  readonly baseUrl?: string | undefined
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
  model: withDefault(anyText, 'rerank-3'),
  baseUrl: httpUrl,
  truncation: withDefault(flag, true),
  maxTokens: withDefault(atLeast(1), 540_000),
  pricePerMillionTokens: atLeast(0),
} satisfies OptionTable<OwnOptions<VoyageOptions>>

/**
 * Voyage AI's rerankers over HTTP. The key comes from `VOYAGE_API_KEY`. Scores lie in 0..1. The report has
 * `billedTokens`, and `cost` when a price was given. An `instruction` is put before the query, where `rerank-2.5` and newer
 * look for it; earlier models refuse one.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function voyage(options: VoyageOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, truncation, maxTokens, pricePerMillionTokens } = settings
  const isMongo = keyFrom(settings, keyVariables)?.startsWith('al-') === true
  const { baseUrl = isMongo ? 'https://ai.mongodb.com/v1' : 'https://api.voyageai.com/v1' } = settings
  return vendorScorer(
    {
      name: 'voyage',
      model,
      scope: 'pair',
      docs: 'https://docs.voyageai.com/reference/reranker-api',
      keyVariables,
      path: '/rerank',
      limits: { maxTexts: 1000, maxTokens, maxPairTokens: contextOf(model) },
      takesInstruction: contextOf(model) === 32_000,
      idParts: truncation ? [] : ['untruncated'],
      prices: { billedTokens: perToken(pricePerMillionTokens) },
      body: ({ query, texts, instruction }): VoyageRequest => ({
        model,
        query: instruction === undefined ? query : `${instruction}\nQuery: ${query}`,
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
    { ...settings, baseUrl },
  )
}

const keyVariables = ['VOYAGE_API_KEY']

/** Tokens of a query and a text together. Models that are not known yet are taken for newer ones. */
function contextOf(model: string): number {
  if (model === 'rerank-lite-1') return 4000
  if (/^rerank-(1|2-lite)$/.test(model)) return 8000
  return model === 'rerank-2' ? 16_000 : 32_000
}
