import { anyText, atLeast, type Check, isObject, must, type OptionTable, withDefault } from '../../../base/check.js'
import { RerankError } from '../../../base/errors.js'
import { hostOf, urlBelow } from '../../../base/identity.js'
import type { TextNote } from '../../../types.js'
import { field, readAnswer } from '../answers.js'
import type { RemoteScorer } from '../engine.js'
import {
  bearer,
  hostedScorer,
  type OwnOptions,
  optionalKeyFrom,
  providerOf,
  readHostedOptions,
  type RerankRequest,
  transportOf,
  type Vendor,
  type VendorOptions,
} from '../hosted.js'
import { exchangeJson, httpUrl, type Transport } from '../http.js'
import { beforeRequest } from './access-token.js'

/** Keys of AWS, as its SDKs name them. */
interface AwsCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** Of keys that are good for a while only. */
  readonly sessionToken?: string | undefined
}

/** Options of {@link bedrock}. `apiKey` is a key of Bedrock, sent as a bearer token instead of a signature. */
export interface BedrockOptions extends VendorOptions {
  /** Default `'cohere.rerank-v3-5:0'`; also `'amazon.rerank-v1:0'`. */
  readonly model?: string | undefined
  /** For example `'us-west-2'`. Default: `AWS_REGION` or `AWS_DEFAULT_REGION` in the environment. */
  readonly region?: string | undefined
  /**
   * Keys of AWS, or a function that fetches them, as the credential providers of its SDK are; for them the package
   * `aws4fetch` must be installed, which signs requests. Default: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY` and
   * `AWS_SESSION_TOKEN` in the environment. Not asked for when there is a key of Bedrock (`apiKey`,
   * `AWS_BEARER_TOKEN_BEDROCK`).
   */
  readonly credentials?: AwsCredentials | (() => AwsCredentials | Promise<AwsCredentials>) | undefined
  /** Price of one query with up to 100 texts in any currency, from 0; the report then has `cost`. Default: no cost. */
  readonly pricePerSearchUnit?: number | undefined
}

/** https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html */
interface BedrockRequest {
  readonly queries: readonly [{ readonly type: 'TEXT'; readonly textQuery: { readonly text: string } }]
  readonly sources: readonly {
    readonly type: 'INLINE'
    readonly inlineDocumentSource: { readonly type: 'TEXT'; readonly textDocument: { readonly text: string } }
  }[]
  readonly rerankingConfiguration: {
    readonly type: 'BEDROCK_RERANKING_MODEL'
    readonly bedrockRerankingConfiguration: {
      readonly modelConfiguration: { readonly modelArn: string }
      /** All of them: the answer must have a score for every text. */
      readonly numberOfResults: number
    }
  }
}

const regionName: Check<string> = must(
  (value) => typeof value === 'string' && /^[a-z]{2}(-[a-z]+)+-\d$/.test(value),
  "pass the region of AWS, for example 'us-west-2'",
)

/** Keys are not shown. */
const credentialsCheck: Check<NonNullable<BedrockOptions['credentials']>> = (name, value) => {
  if (typeof value !== 'function') checkedCredentials(name, value)
}

function checkedCredentials(name: string, value: unknown): AwsCredentials {
  const { accessKeyId, secretAccessKey, sessionToken } = isObject(value) ? value : {}
  const isText = (one: unknown): boolean => typeof one === 'string' && one !== ''
  if (isText(accessKeyId) && isText(secretAccessKey) && (sessionToken === undefined || isText(sessionToken))) {
    return value as unknown as AwsCredentials
  }
  const fix = 'pass { accessKeyId, secretAccessKey, sessionToken? }, or a function that fetches them'
  throw new RerankError('invalid-argument', `${name} is not shown, it may hold a secret: ${fix}`)
}

const table = {
  model: withDefault(anyText, 'cohere.rerank-v3-5:0'),
  region: regionName,
  baseUrl: httpUrl,
  credentials: credentialsCheck,
  pricePerSearchUnit: atLeast(0),
} satisfies OptionTable<OwnOptions<BedrockOptions>>

/** Characters of a text that a request may hold. */
const LONGEST_TEXT = 32_000

/** How many texts one unit is billed for. */
const TEXTS_PER_UNIT = 100

/**
 * The rerankers of Amazon Bedrock, by its `Rerank` operation. Requests carry a key of Bedrock (`apiKey`,
 * `AWS_BEARER_TOKEN_BEDROCK`) or a signature made with `credentials`. A request holds 1000 texts; of a text 32,000 characters
 * are sent, and a result whose text was cut says `truncated`. The service says nothing of what it bills: `searchUnits` in the
 * report counts a query for every 100 texts of a request, as its price list does.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option, or without a region or keys. Later, from `score`: `'runtime'`
 * when `aws4fetch` is needed and not installed.
 */
export function bedrock(options: BedrockOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, pricePerSearchUnit } = settings
  const region = settings.region ?? variable('AWS_REGION') ?? variable('AWS_DEFAULT_REGION')
  if (region === undefined) {
    throw new RerankError('invalid-argument', 'There is no region: set AWS_REGION in the environment, or pass region.')
  }
  regionName('region', region)
  const vendor: Vendor<'pair'> = {
    name: 'bedrock',
    model,
    scope: 'pair',
    docs: 'https://docs.aws.amazon.com/bedrock/latest/APIReference/API_agent-runtime_Rerank.html',
    keyVariables: ['AWS_BEARER_TOKEN_BEDROCK'],
    path: '/rerank',
    limits: { maxTexts: 1000 },
    prices: { searchUnits: pricePerSearchUnit },
    body: (request) => bodyOf(request, arnOf(model, region)),
    answer: (body, { texts }) => ({
      rows: field(body, 'results'),
      scoreKey: 'relevanceScore',
      bill: { unit: 'searchUnits', units: Math.ceil(texts.length / TEXTS_PER_UNIT) },
      notes: cutNotes(texts),
    }),
  }
  const { baseUrl = `https://bedrock-agent-runtime.${region}.amazonaws.com` } = settings
  const provider = providerOf(vendor, urlBelow(baseUrl, vendor.path), settings)
  const key = optionalKeyFrom(settings, vendor.keyVariables)
  const transport = transportOf(
    { ...provider.names, keyFix: 'set AWS_BEARER_TOKEN_BEDROCK, or pass apiKey or credentials' },
    settings,
    { auth: bearer(key), key },
  )
  const signed = signer(key, settings, region)
  return hostedScorer(
    {
      ...provider,
      names: transport.names,
      exchange: async (request, url, signal) => {
        const body = vendor.body(request)
        const told = await signed(transport, url, body)
        const answer = await exchangeJson(told, { url, body, signal })
        return readAnswer(answer, (read) => vendor.answer(read, request), { names: told.names, host: hostOf(url) })
      },
    },
    settings,
  )
}

function bodyOf({ query, texts }: RerankRequest, modelArn: string): BedrockRequest {
  return {
    queries: [{ type: 'TEXT', textQuery: { text: query } }],
    sources: texts.map((text) => ({
      type: 'INLINE',
      inlineDocumentSource: { type: 'TEXT', textDocument: { text: cut(text) } },
    })),
    rerankingConfiguration: {
      type: 'BEDROCK_RERANKING_MODEL',
      bedrockRerankingConfiguration: { modelConfiguration: { modelArn }, numberOfResults: texts.length },
    },
  }
}

/** Never inside a surrogate pair. */
function cut(text: string): string {
  if (text.length <= LONGEST_TEXT) return text
  return text.slice(0, LONGEST_TEXT).replace(/[\ud800-\udbff]$/, '')
}

function cutNotes(texts: readonly string[]): Map<number, TextNote> {
  const cutOff = [...texts.entries()].filter(([, text]) => text.length > LONGEST_TEXT)
  return new Map(cutOff.map(([at]) => [at, { truncated: true }]))
}

/** A model may be given by its id or by a whole ARN, as those of one's own are. */
function arnOf(model: string, region: string): string {
  return model.startsWith('arn:') ? model : `arn:aws:bedrock:${region}::foundation-model/${model}`
}

type Signer = (transport: Transport, url: string, body: object) => Promise<Transport>

/** Signs each request, unless a key of Bedrock or a header of the caller's stands for it, or an empty key says that nothing shall. */
function signer(
  key: string | undefined,
  { apiKey, headers = {}, credentials }: BedrockOptions,
  region: string,
): Signer {
  const hasOwn = Object.keys(headers).some((name) => name.toLowerCase() === 'authorization')
  if (key !== undefined || hasOwn || apiKey === '') return async (transport) => transport
  const given = credentials ?? fromEnvironment()
  return async (transport, url, body) => {
    const keys = await currentKeys(given, transport)
    const { AwsV4Signer } = await importSigner()
    const request = { url, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }
    const made = await new AwsV4Signer({ ...request, ...plain(keys), region, service: 'bedrock' }).sign()
    const names = [...made.headers.entries()].filter(([name]) => /^(authorization|x-amz-.*)$/.test(name))
    const secrets = [
      ...(transport.names.secrets ?? []),
      ...(Object.values(plain(keys)) as string[]),
      ...names.map(([, value]) => value),
    ]
    const all = { ...Object.fromEntries(names), ...transport.headers }
    return {
      ...transport,
      names: { ...transport.names, secrets: secrets.filter((one) => one.length > 8) },
      headers: all,
    }
  }
}

/** As the signer wants them: without a token that is `undefined`. */
function plain({ accessKeyId, secretAccessKey, sessionToken }: AwsCredentials): PlainKeys {
  return sessionToken === undefined ? { accessKeyId, secretAccessKey } : { accessKeyId, secretAccessKey, sessionToken }
}

type PlainKeys = Pick<AwsCredentials, 'accessKeyId' | 'secretAccessKey'> & { readonly sessionToken?: string }

async function currentKeys(
  given: NonNullable<BedrockOptions['credentials']>,
  transport: Transport,
): Promise<AwsCredentials> {
  if (typeof given !== 'function') return given
  try {
    return checkedCredentials('credentials()', await given())
  } catch (cause) {
    throw beforeRequest(transport.names, 'credentials()', cause)
  }
}

function fromEnvironment(): AwsCredentials {
  const [accessKeyId, secretAccessKey] = [variable('AWS_ACCESS_KEY_ID'), variable('AWS_SECRET_ACCESS_KEY')]
  if (accessKeyId !== undefined && secretAccessKey !== undefined) {
    return { accessKeyId, secretAccessKey, sessionToken: variable('AWS_SESSION_TOKEN') }
  }
  const fix =
    'set AWS_BEARER_TOKEN_BEDROCK, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or pass apiKey or credentials'
  throw new RerankError('invalid-argument', `There are no keys of AWS: ${fix}.`)
}

/** A variable of the environment that says something; browsers and some edge runtimes have none. */
function variable(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  const value = process?.env?.[name]?.trim()
  return value === '' ? undefined : value
}

async function importSigner(): Promise<typeof import('aws4fetch')> {
  try {
    // In a `try`, by which bundlers know that the package may be missing.
    return await import('aws4fetch')
  } catch (cause) {
    const fix = 'install it (npm install aws4fetch), or pass a key of Bedrock as apiKey'
    throw new RerankError('runtime', `The package aws4fetch, which signs requests, could not be loaded: ${fix}.`, {
      cause,
    })
  }
}
