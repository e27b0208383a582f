import { field } from '../answer.js'
import { checkHostedOptions, checkNumber, checkUrl, checkWhole, keyFrom } from '../options.js'
import { type HostedScorer, hostedScorer } from '../scorer.js'
import { namesOf, type Vendor, vendorId, type VendorOptions, vendorScorer, withMaxTexts } from '../vendor.js'
import { clientExchange, type CohereClient, loadClient } from './cohere-client.js'

/** Options of {@link cohere}. */
export interface CohereOptions extends VendorOptions {
  /** Default `'rerank-v3.5'`; also `'rerank-v4.0-pro'` and `'rerank-v4.0-fast'`. */
  readonly model?: string
  /** Tokens of a text that are read, from 1; the rest is cut off. Default: that of the service, 4096. */
  readonly maxTokensPerDoc?: number
  /**
   * Who sends the requests. Default: this package, over `fetch`. A client of the package `cohere-ai` that you have set up
   * (any object with its `rerank`), or `'cohere-ai'` to have one made, for which that package must be installed. Timeouts
   * and retries stay with this scorer; with a client of yours `apiKey`, `baseUrl`, `headers` and `fetch` have no effect.
   */
  readonly client?: CohereClient | 'cohere-ai'
  /**
   * Price of one search unit (a query with up to 100 texts) in any currency, from 0; the report then has `cost` in that
   * currency. Default: no cost.
   */
  readonly pricePerSearchUnit?: number
}

/** The request body of v2, which has no `return_documents`. https://docs.cohere.com/reference/rerank */
interface CohereRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly max_tokens_per_doc?: number
}

const ownOptions = ['maxTokensPerDoc', 'client', 'pricePerSearchUnit']

/**
 * Cohere's rerankers (API v2). The key comes from `CO_API_KEY` or `COHERE_API_KEY`. Scores lie in 0..1 and depend on the
 * query: 0.9 is not twice as good as 0.45. The report has `searchUnits`, and `cost` when a price was given.
 *
 * Give structured documents as YAML strings in `text`, as the service advises.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function cohere(options: CohereOptions = {}): HostedScorer<'pair'> {
  checkWhole('maxTokensPerDoc', options.maxTokensPerDoc, 1)
  checkNumber('pricePerSearchUnit', options.pricePerSearchUnit, 0)
  const vendor = cohereApi(options)
  return options.client === undefined ? vendorScorer(vendor, options) : scorerWithClient(vendor, options)
}

function cohereApi({ model = 'rerank-v3.5', maxTokensPerDoc, pricePerSearchUnit }: CohereOptions): Vendor<'pair'> {
  return {
    name: 'cohere',
    model,
    scope: 'pair',
    docs: 'https://docs.cohere.com/reference/rerank',
    keyVariables: ['CO_API_KEY', 'COHERE_API_KEY'],
    baseUrl: 'https://api.cohere.com',
    path: '/v2/rerank',
    limits: { maxTexts: 1000 },
    idParts: maxTokensPerDoc === undefined ? [] : [`max${maxTokensPerDoc}`],
    optionNames: ownOptions,
    pricePerUnit: pricePerSearchUnit,
    body: ({ query, texts }): CohereRequest => ({
      model,
      query,
      documents: texts,
      ...(maxTokensPerDoc !== undefined && { max_tokens_per_doc: maxTokensPerDoc }),
    }),
    answer: (body) => ({
      rows: field(body, 'results'),
      scoreKey: 'relevance_score',
      bill: { unit: 'searchUnits', units: field(body, 'meta', 'billed_units', 'search_units') },
    }),
  }
}

/** The same service through the vendor's own client. */
function scorerWithClient(vendor: Vendor<'pair'>, options: CohereOptions): HostedScorer<'pair'> {
  checkHostedOptions(options, ['model', 'baseUrl', ...ownOptions])
  const names = namesOf(vendor)
  const own = typeof options.client === 'object' ? options.client : undefined
  const baseUrl = own ? 'client://cohere-ai' : checkUrl('baseUrl', options.baseUrl ?? vendor.baseUrl)
  const key = own ? undefined : keyFrom(options, vendor.keyVariables)
  let loading: Promise<CohereClient> | undefined
  const client = (): Promise<CohereClient> =>
    (loading ??= own ? Promise.resolve(own) : loadClient(key, baseUrl, options))
  const { maxTokensPerDoc, clock, timeoutMs = 30_000 } = options
  return hostedScorer(
    {
      id: vendorId(vendor, new URL(baseUrl).host),
      scope: 'pair',
      names,
      urls: [baseUrl],
      pricePerUnit: vendor.pricePerUnit,
      limits: () => withMaxTexts(vendor.limits, options),
      exchange: clientExchange({ client, names, model: vendor.model, maxTokensPerDoc, clock, timeoutMs, key }),
    },
    options,
  )
}
