import { anyText, atLeast, type Check, type OptionTable, must, required, withDefault } from '../../../base/check.js'
import { hostOf } from '../../../base/identity.js'
import { field, readAnswer } from '../answers.js'
import type { RemoteScorer } from '../engine.js'
import {
  type HostedOptions,
  hostedScorer,
  type OwnOptions,
  providerOf,
  readHostedOptions,
  transportOf,
  type Vendor,
} from '../hosted.js'
import { exchangeJson, httpUrl } from '../http.js'
import { type AccessToken, accessTokenCheck, refuseKey, withToken } from './access-token.js'

/** Options of {@link vertex}. */
export interface VertexOptions extends Omit<HostedOptions, 'apiKey'> {
  /** The project that is billed, by its id or number. */
  readonly project: string
  /**
   * An OAuth token of Google Cloud, or a function that fetches one: `() => auth.getAccessToken()` with `auth` a `GoogleAuth`
   * of the package `google-auth-library`.
   */
  readonly accessToken: AccessToken
  /** Default `'semantic-ranker-default@latest'`; also `'semantic-ranker-default-004'` and `'semantic-ranker-fast-004'`. */
  readonly model?: string | undefined
  /** Default `'global'`. */
  readonly location?: string | undefined
  /** Where the service is. Default `https://discoveryengine.googleapis.com`. */
  readonly baseUrl?: string | undefined
  /** Price of one query with up to 100 texts in any currency, from 0; the report then has `cost`. Default: no cost. */
  readonly pricePerSearchUnit?: number | undefined
}

/** https://cloud.google.com/generative-ai-app-builder/docs/ranking */
interface VertexRequest {
  readonly model: string
  readonly query: string
  readonly records: readonly { readonly id: string; readonly content: string }[]
  readonly ignoreRecordDetailsInResponse: true
}

/** A part of a path. */
const segment: Check<string> = must(
  (value) => typeof value === 'string' && /^[\w.:-]+$/.test(value),
  'pass its id, as it stands in the console',
)

const table = {
  project: required(segment),
  accessToken: required(accessTokenCheck),
  model: withDefault(anyText, 'semantic-ranker-default@latest'),
  location: withDefault(segment, 'global'),
  baseUrl: withDefault(httpUrl, 'https://discoveryengine.googleapis.com'),
  pricePerSearchUnit: atLeast(0),
} satisfies OptionTable<OwnOptions<VertexOptions>>

/** How many texts one unit is billed for. */
const TEXTS_PER_UNIT = 100

/**
 * The ranking API of Google's Vertex AI Search (Discovery Engine). A request holds 200 texts at most, and the model reads 512
 * tokens of each, or 1024 for `-004`. Scores lie in 0..1. The service says nothing of what it bills: `searchUnits` in the
 * report counts a query for every 100 texts of a request, as its price list does.
 *
 * The service takes a model that it does not know for its default one and says nothing.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option.
 */
export function vertex(options: VertexOptions): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options as HostedOptions)
  refuseKey(settings)
  const { project, accessToken, model, location, baseUrl, pricePerSearchUnit } = settings
  const place = `projects/${project}/locations/${location}`
  const vendor: Vendor<'pair'> = {
    name: 'vertex',
    model,
    scope: 'pair',
    docs: 'https://cloud.google.com/generative-ai-app-builder/docs/ranking',
    keyVariables: [],
    path: `/v1/${place}/rankingConfigs/default_ranking_config:rank`,
    limits: { maxTexts: 200 },
    prices: { searchUnits: pricePerSearchUnit },
    body: ({ query, texts }): VertexRequest => ({
      model,
      query,
      records: texts.map((content, at) => ({ id: String(at), content })),
      ignoreRecordDetailsInResponse: true,
    }),
    answer: (body, { texts }) => ({
      rows: rowsOf(field(body, 'records')),
      scoreKey: 'score',
      bill: { unit: 'searchUnits', units: Math.ceil(texts.length / TEXTS_PER_UNIT) },
    }),
  }
  const url = `${new URL(baseUrl).href.replace(/\/$/, '')}${vendor.path}`
  const provider = providerOf(vendor, url, settings)
  const names = { ...provider.names, keyFix: 'pass an accessToken that is good now' }
  const transport = transportOf(names, settings, { auth: { 'x-goog-user-project': project }, key: undefined })
  return hostedScorer(
    {
      ...provider,
      names: transport.names,
      exchange: async (request, to, signal) => {
        const told = await withToken(transport, accessToken)
        const body = await exchangeJson(told, { url: to, body: vendor.body(request), signal })
        return readAnswer(body, (read) => vendor.answer(read, request), { names: told.names, host: hostOf(to) })
      },
    },
    settings,
  )
}

/** Records are named by strings. */
function rowsOf(records: unknown): unknown {
  if (!Array.isArray(records)) return records
  return records.map((record: unknown) => {
    const id = field(record, 'id')
    return { index: typeof id === 'string' && /^\d+$/.test(id) ? Number(id) : id, score: field(record, 'score') }
  })
}
