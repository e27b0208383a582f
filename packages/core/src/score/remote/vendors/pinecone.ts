import { atLeast, type OptionTable, anyText, withDefault } from '../../../base/check.js'
import type { RemoteScorer } from '../engine.js'
import { type OwnOptions, readHostedOptions, type VendorOptions, vendorScorer } from '../hosted.js'
import { httpUrl } from '../http.js'
import { field } from '../answers.js'

/** Options of {@link pinecone}. */
export interface PineconeOptions extends VendorOptions {
  /** Default `'bge-reranker-v2-m3'`; also `'pinecone-rerank-v0'` and the Cohere models that Pinecone hosts. */
  readonly model?: string | undefined
  /** Price of one rerank unit in any currency, from 0; the report then has `cost` in that currency. Default: no cost. */
  readonly pricePerRerankUnit?: number | undefined
}

/** The request body. https://docs.pinecone.io/reference/api/2026-07/inference/rerank-results */
interface PineconeRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly { readonly text: string }[]
  readonly top_n: number
  readonly return_documents: false
  /** Of Pinecone's own models: cut long texts instead of refusing them. */
  readonly parameters?: { readonly truncate: 'END' }
}

const table = {
  model: withDefault(anyText, 'bge-reranker-v2-m3'),
  baseUrl: withDefault(httpUrl, 'https://api.pinecone.io'),
  pricePerRerankUnit: atLeast(0),
} satisfies OptionTable<OwnOptions<PineconeOptions>>

/**
 * The rerankers that Pinecone hosts, over HTTP. The key comes from `PINECONE_API_KEY`. Scores lie in 0..1. The report has
 * `rerankUnits`, and `cost` when a price was given.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function pinecone(options: PineconeOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, pricePerRerankUnit } = settings
  const isCohere = model.startsWith('cohere-')
  return vendorScorer(
    {
      name: 'pinecone',
      model,
      scope: 'pair',
      docs: 'https://docs.pinecone.io/guides/search/rerank-results',
      keyVariables: ['PINECONE_API_KEY'],
      path: '/rerank',
      limits: { maxTexts: isCohere ? 200 : 100 },
      prices: { rerankUnits: pricePerRerankUnit },
      headers: (key) => ({ ...(key && { 'api-key': key }), 'x-pinecone-api-version': '2026-07' }),
      body: ({ query, texts }): PineconeRequest => ({
        model,
        query,
        documents: texts.map((text) => ({ text })),
        top_n: texts.length,
        return_documents: false,
        ...(isCohere ? {} : { parameters: { truncate: 'END' } }),
      }),
      answer: (body) => ({
        rows: field(body, 'data'),
        scoreKey: 'score',
        bill: { unit: 'rerankUnits', units: field(body, 'usage', 'rerank_units') },
      }),
    },
    settings,
  )
}
