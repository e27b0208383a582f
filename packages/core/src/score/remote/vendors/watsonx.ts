import {
  anyText,
  atLeast,
  oneOf,
  type OptionsOf,
  type OptionTable,
  required,
  whole,
  withDefault,
} from '../../../base/check.js'
import { invalidArgument } from '../../../base/errors.js'
import { hostOf, urlBelow } from '../../../base/identity.js'
import { field, perToken, readAnswer, sigmoid } from '../answers.js'
import type { RemoteScorer } from '../engine.js'
import {
  type HostedOptions,
  hostedScorer,
  type OwnOptions,
  providerOf,
  readHostedOptions,
  type RerankRequest,
  transportOf,
  type Vendor,
} from '../hosted.js'
import { exchangeJson, httpUrl } from '../http.js'
import { type AccessToken, accessTokenCheck, refuseKey, withToken } from './access-token.js'

/** Options of {@link watsonx}: `projectId` or `spaceId` says what is billed. */
export interface WatsonxOptions extends Omit<HostedOptions, 'apiKey'> {
  /** Where the service is, for example `'https://us-south.ml.cloud.ibm.com'`. */
  readonly baseUrl: string
  /**
   * An IAM token of IBM Cloud, or a function that fetches one: `() => tokens.getToken()` with `tokens` an `IamTokenManager`
   * of the package `ibm-cloud-sdk-core`.
   */
  readonly accessToken: AccessToken
  readonly projectId?: string | undefined
  readonly spaceId?: string | undefined
  /** Default `'cross-encoder/ms-marco-minilm-l-12-v2'`. */
  readonly model?: string | undefined
  /** Tokens of a query and text that are read, from 1; the rest is cut off. Default: longer ones are refused by the service. */
  readonly truncateInputTokens?: number | undefined
  /** What the model's scores are. Default `'logit'`, which those of the default model are. */
  readonly scoreType?: 'probability' | 'logit' | undefined
  /** Price of a million tokens in any currency, from 0; the report then has `cost`. Default: no cost. */
  readonly pricePerMillionTokens?: number | undefined
}

/** https://cloud.ibm.com/apidocs/watsonx-ai#text-rerank */
interface WatsonxRequest {
  readonly model_id: string
  readonly query: string
  readonly inputs: readonly { readonly text: string }[]
  readonly project_id?: string
  readonly space_id?: string
  readonly parameters: {
    readonly truncate_input_tokens?: number
    readonly return_options: { readonly inputs: false; readonly query: false }
  }
}

/** The version of the API that this speaks. */
const VERSION = '2024-05-31'

const table = {
  baseUrl: required(httpUrl),
  accessToken: required(accessTokenCheck),
  projectId: anyText,
  spaceId: anyText,
  model: withDefault(anyText, 'cross-encoder/ms-marco-minilm-l-12-v2'),
  truncateInputTokens: whole(1),
  scoreType: withDefault(oneOf('probability', 'logit'), 'logit'),
  pricePerMillionTokens: atLeast(0),
} satisfies OptionTable<OwnOptions<WatsonxOptions>>

/**
 * The rerankers of IBM watsonx.ai. Scores are logits, of which the sigmoid makes probabilities. The report has
 * `billedTokens`, and `cost` when a price was given.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, and unless exactly one of `projectId` and `spaceId` is given.
 */
export function watsonx(options: WatsonxOptions): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options as HostedOptions)
  refuseKey(settings)
  const { baseUrl, accessToken, projectId, spaceId, model, truncateInputTokens, scoreType } = settings
  if ((projectId === undefined) === (spaceId === undefined)) {
    throw invalidArgument('projectId', projectId, 'pass either projectId or spaceId')
  }
  const vendor: Vendor<'pair'> = {
    name: 'watsonx',
    model,
    scope: 'pair',
    docs: 'https://cloud.ibm.com/apidocs/watsonx-ai#text-rerank',
    keyVariables: [],
    path: '/ml/v1/text/rerank',
    // The service states no limit; a request of a thousand texts is large enough.
    limits: { maxTexts: 1000 },
    idParts: [
      ...(scoreType === 'logit' ? ['logit'] : []),
      ...(truncateInputTokens === undefined ? [] : [`max${truncateInputTokens}`]),
    ],
    prices: { billedTokens: perToken(settings.pricePerMillionTokens) },
    body: (request) => bodyOf(request, settings),
    answer: (body) => ({
      rows: field(body, 'results'),
      scoreKey: 'score',
      bill: { unit: 'billedTokens', units: field(body, 'input_token_count') },
    }),
  }
  const below = new URL(urlBelow(baseUrl, vendor.path))
  const provider = providerOf(vendor, below.href, settings)
  below.searchParams.set('version', VERSION)
  const names = { ...provider.names, keyFix: 'pass an accessToken that is good now' }
  const transport = transportOf(names, settings, { auth: {}, key: undefined })
  return hostedScorer(
    {
      ...provider,
      names: transport.names,
      ...(scoreType === 'logit' && { toProbability: sigmoid }),
      exchange: async (request, _url, signal) => {
        const told = await withToken(transport, accessToken)
        const body = await exchangeJson(told, { url: below.href, body: vendor.body(request), signal })
        return readAnswer(body, (read) => vendor.answer(read, request), { names: told.names, host: hostOf(below.href) })
      },
    },
    settings,
  )
}

function bodyOf(
  { query, texts }: RerankRequest,
  { model, projectId, spaceId, truncateInputTokens }: OptionsOf<typeof table>,
): WatsonxRequest {
  return {
    model_id: model,
    query,
    inputs: texts.map((text) => ({ text })),
    ...(projectId !== undefined && { project_id: projectId }),
    ...(spaceId !== undefined && { space_id: spaceId }),
    parameters: {
      ...(truncateInputTokens !== undefined && { truncate_input_tokens: truncateInputTokens }),
      return_options: { inputs: false, query: false },
    },
  }
}
