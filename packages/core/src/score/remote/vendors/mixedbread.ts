import { atLeast, type OptionTable, anyText, withDefault } from '../../../base/check.js'
import type { RemoteScorer } from '../engine.js'
import { type OwnOptions, readHostedOptions, type VendorOptions, vendorScorer } from '../hosted.js'
import { httpUrl } from '../http.js'
import { field, perToken } from '../answers.js'

/** Options of {@link mixedbread}. */
export interface MixedbreadOptions extends VendorOptions {
  /** Default `'mixedbread-ai/mxbai-rerank-large-v2'`; also `'mixedbread-ai/mxbai-rerank-base-v2'` and the v1 models. */
  readonly model?: string | undefined
  /** Price of a million tokens in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerMillionTokens?: number | undefined
}

/** The request body. https://www.mixedbread.com/api-reference/endpoints/reranking */
interface MixedbreadRequest {
  readonly model: string
  readonly query: string
  readonly input: readonly string[]
  /** All of them: the answer must have a score for every text. */
  readonly top_k: number
  readonly return_input: false
}

const table = {
  model: withDefault(anyText, 'mixedbread-ai/mxbai-rerank-large-v2'),
  baseUrl: withDefault(httpUrl, 'https://api.mixedbread.com'),
  pricePerMillionTokens: atLeast(0),
} satisfies OptionTable<OwnOptions<MixedbreadOptions>>

/**
 * Mixedbread's rerankers over HTTP. The key comes from `MXBAI_API_KEY`. The report has `billedTokens`, and `cost` when a
 * price was given.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function mixedbread(options: MixedbreadOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, pricePerMillionTokens } = settings
  return vendorScorer(
    {
      name: 'mixedbread',
      model,
      scope: 'pair',
      docs: 'https://www.mixedbread.com/api-reference/endpoints/reranking',
      keyVariables: ['MXBAI_API_KEY'],
      path: '/v1/reranking',
      // The vendor states no limit; a request of a thousand texts is large enough.
      limits: { maxTexts: 1000 },
      prices: { billedTokens: perToken(pricePerMillionTokens) },
      body: ({ query, texts }): MixedbreadRequest => ({
        model,
        query,
        input: texts,
        top_k: texts.length,
        return_input: false,
      }),
      answer: (body) => ({
        rows: field(body, 'data'),
        scoreKey: 'score',
        bill: { unit: 'billedTokens', units: field(body, 'usage', 'total_tokens') },
      }),
    },
    settings,
  )
}
