import { atLeast, flag, must, type OptionTable, anyText, whole, withDefault } from '../../../base/check.js'
import { type Clock, LONGEST_DELAY_MS } from '../../../base/clock.js'
import { invalidArgument, ProviderError, RerankError } from '../../../base/errors.js'
import { safeCause } from '../../../base/redact.js'
import type { Milliseconds, TextNote } from '../../../types.js'
import type { RemoteScorer } from '../engine.js'
import {
  type HostedSettings,
  hostedScorer,
  keyFrom,
  type OwnOptions,
  providerOf,
  readHostedOptions,
  type RerankRequest,
  type Vendor,
  type VendorOptions,
  vendorScorer,
} from '../hosted.js'
import { hostOf } from '../../../base/identity.js'
import { type Answer, type Bill, billOf, field, perToken, readAnswer } from '../answers.js'
import { httpUrl, type ProviderNames, readRetryAfter, secretsOf, statusError } from '../http.js'

/** The part of a `cohere-ai` client that is used: `CohereClientV2`, or `client.v2` of an older one. */
export interface CohereClient {
  rerank(
    request: { model: string; query: string; documents: string[]; maxTokensPerDoc?: number },
    options?: { maxRetries?: number; timeoutInSeconds?: number; abortSignal?: AbortSignal },
  ): PromiseLike<unknown>
}

/** Options of {@link cohere}. */
export interface CohereOptions extends VendorOptions {
  /**
   * Default `'rerank-v5.0-pro'`; also `'rerank-v5.0-fast'` and the earlier `'rerank-v4.0-pro'`, `'rerank-v4.0-fast'` and
   * `'rerank-v3.5'`.
   */
  readonly model?: string | undefined
  /** Tokens of a text that are read, from 1; the rest is cut off. Default: that of the service, 4096. */
  readonly maxTokensPerDoc?: number | undefined
  /**
   * Asks Rerank 5 and newer for the stretches of each text that matter; the best of them is the `bestSpan` of the result.
   * Default `false`. Earlier models have none, and a `client` of the npm package `cohere-ai` cannot carry it.
   */
  readonly relevantSpans?: boolean | undefined
  /**
   * Who sends the requests. Default: this package, over `fetch`. A client of the package `cohere-ai` that you have set up
   * (any object with its `rerank`), or `'cohere-ai'` to have one made, for which that package must be installed. Timeouts
   * and retries stay with this scorer; with a client of yours `apiKey`, `baseUrl`, `headers` and `fetch` have no effect.
   */
  readonly client?: CohereClient | 'cohere-ai' | undefined
  /** Price of a million tokens in any currency, from 0, by which Rerank 5 is billed; the report then has `cost`. Default: no cost. */
  readonly pricePerMillionTokens?: number | undefined
  /**
   * Price of one search unit (a query with up to 100 texts) in any currency, from 0, by which models before Rerank 5 are
   * billed; the report then has `cost` in that currency. Default: no cost.
   */
  readonly pricePerSearchUnit?: number | undefined
}

/** The request body of v2, which has no `return_documents`. https://docs.cohere.com/reference/rerank */
interface CohereRequest {
  readonly model: string
  readonly query: string
  readonly documents: readonly string[]
  readonly max_tokens_per_doc?: number
  readonly relevant_spans?: { readonly mode: 'enabled'; readonly max_spans: number }
}

const isClient = (value: unknown): boolean =>
  value === 'cohere-ai' || typeof (value as Partial<CohereClient> | null)?.rerank === 'function'

const table = {
  model: withDefault(anyText, 'rerank-v5.0-pro'),
  baseUrl: withDefault(httpUrl, 'https://api.cohere.com'),
  maxTokensPerDoc: whole(1),
  client: must<CohereClient | 'cohere-ai'>(isClient, "pass 'cohere-ai', or a client of that package"),
  relevantSpans: withDefault(flag, false),
  pricePerMillionTokens: atLeast(0),
  pricePerSearchUnit: atLeast(0),
} satisfies OptionTable<OwnOptions<CohereOptions>>

/**
 * Cohere's rerankers (API v2). The key comes from `CO_API_KEY` or `COHERE_API_KEY`. Scores lie in 0..1 and depend on the
 * query: 0.9 is not twice as good as 0.45. The report has `billedTokens` (Rerank 5) or `searchUnits` (before), and `cost`
 * when a price was given.
 *
 * Give structured documents as YAML in `text`, as the service advises; any YAML package writes it.
 *
 * @throws RerankError `'invalid-argument'` for a wrong option or a missing key.
 */
export function cohere(options: CohereOptions = {}): RemoteScorer<'pair'> {
  const settings = readHostedOptions(table, options)
  const { model, maxTokensPerDoc, client, relevantSpans, pricePerSearchUnit, pricePerMillionTokens } = settings
  if (relevantSpans && client !== undefined) {
    throw invalidArgument('relevantSpans', true, 'leave out client, which cannot carry it')
  }
  const vendor: Vendor<'pair'> = {
    name: 'cohere',
    model,
    scope: 'pair',
    docs: 'https://docs.cohere.com/reference/rerank',
    keyVariables: ['CO_API_KEY', 'COHERE_API_KEY'],
    path: '/v2/rerank',
    limits: { maxTexts: 1000 },
    idParts: maxTokensPerDoc === undefined ? [] : [`max${maxTokensPerDoc}`],
    prices: { searchUnits: pricePerSearchUnit, billedTokens: perToken(pricePerMillionTokens) },
    body: ({ query, texts }): CohereRequest => ({
      model,
      query,
      documents: texts,
      ...(maxTokensPerDoc !== undefined && { max_tokens_per_doc: maxTokensPerDoc }),
      ...(relevantSpans && { relevant_spans: { mode: 'enabled', max_spans: 1 } }),
    }),
    answer: (body, { texts }) => ({
      rows: field(body, 'results'),
      scoreKey: 'relevance_score',
      bill: billIn(field(body, 'meta', 'billed_units')),
      ...(relevantSpans && { notes: spansIn(field(body, 'results'), texts) }),
    }),
  }
  if (client === undefined) return vendorScorer(vendor, settings)
  const own = client === 'cohere-ai' ? undefined : client
  return scorerWithClient(vendor, { ...settings, own, ...(own && { baseUrl: 'client://cohere-ai' }) }, options)
}

/** Rerank 5 is billed by tokens, what came before by search units; the client writes the names in its own way. */
function billIn(units: unknown): Bill {
  return billOf([
    { unit: 'searchUnits', units: field(units, 'search_units') ?? field(units, 'searchUnits') },
    { unit: 'billedTokens', units: field(units, 'input_tokens') ?? field(units, 'inputTokens') },
    { unit: 'billedTokens', units: field(units, 'total_tokens') },
  ])
}

/** The best stretch of each text. The service counts in code points; where a text has none, there is nothing to say. */
function spansIn(rows: unknown, texts: readonly string[]): Map<number, TextNote> {
  const notes = new Map<number, TextNote>()
  for (const row of Array.isArray(rows) ? rows : []) {
    const index = field(row, 'index')
    const text = texts[index as number]
    const span = field(row, 'relevant_spans', '0')
    const [start, end] = [field(span, 'start'), field(span, 'end')].map(Number) as [number, number]
    if (text === undefined || !(Number.isInteger(start) && start >= 0 && start < end)) continue
    const units = (points: number): number => Array.from(text).slice(0, points).join('').length
    notes.set(index as number, { bestSpan: { start: units(start), end: units(end) } })
  }
  return notes
}

interface ClientSettings extends HostedSettings {
  readonly baseUrl: string
  readonly own: CohereClient | undefined
  readonly maxTokensPerDoc: number | undefined
}

/** The same service through the vendor's own client. */
function scorerWithClient(
  vendor: Vendor<'pair'>,
  settings: ClientSettings,
  { headers, fetch }: VendorOptions,
): RemoteScorer<'pair'> {
  const { own, baseUrl, maxTokensPerDoc, clock, timeoutMs } = settings
  const key = own ? undefined : keyFrom(settings, vendor.keyVariables)
  const plain = providerOf(vendor, baseUrl, settings)
  const provider = { ...plain, names: { ...plain.names, secrets: secretsOf(key, own ? undefined : headers) } }
  let loading: Promise<CohereClient> | undefined
  const client = (): Promise<CohereClient> =>
    (loading ??= own ? Promise.resolve(own) : loadClient(key, { baseUrl, headers, fetch }))
  const sender = { client, names: provider.names, model: vendor.model, maxTokensPerDoc, clock, timeoutMs }
  return hostedScorer({ ...provider, exchange: clientExchange(sender) }, settings)
}

/**
 * Makes a client of the package `cohere-ai`.
 *
 * @throws RerankError `'runtime'` when the package is not installed.
 */
async function loadClient(key: string | undefined, { baseUrl, headers, fetch }: VendorOptions): Promise<CohereClient> {
  const { CohereClientV2 } = await importPackage()
  const more = {
    ...(headers && { headers: { ...headers } }),
    ...(fetch && { fetch: fetch as typeof globalThis.fetch }),
  }
  return new CohereClientV2({ token: key ?? '', environment: baseUrl as string, ...more })
}

async function importPackage(): Promise<typeof import('cohere-ai')> {
  try {
    // In a `try`, by which bundlers know that the package may be missing.
    return await import('cohere-ai')
  } catch (cause) {
    const fix = "install it (npm install cohere-ai), or leave out client: 'cohere-ai' to send requests without it"
    throw new RerankError('runtime', `The package cohere-ai could not be loaded: ${fix}.`, { cause })
  }
}

interface Sender {
  client(): Promise<CohereClient>
  readonly names: ProviderNames
  readonly model: string
  readonly maxTokensPerDoc: number | undefined
  readonly clock: Clock
  readonly timeoutMs: Milliseconds
}

/** One request through the client, without its own retries: those do not stop for an abort. */
function clientExchange(sender: Sender): (request: RerankRequest, url: string, signal: AbortSignal) => Promise<Answer> {
  const { model, maxTokensPerDoc, timeoutMs } = sender
  return async ({ query, texts }, url, signal) => {
    const client = await sender.client()
    const body = { model, query, documents: [...texts], ...(maxTokensPerDoc !== undefined && { maxTokensPerDoc }) }
    // A little longer than our own timeout, which shall decide, but no longer than a timer holds.
    const timeoutInSeconds = Math.min(Math.ceil(timeoutMs / 1000) + 1, Math.floor(LONGEST_DELAY_MS / 1000))
    try {
      const answer = await client.rerank(body, { maxRetries: 0, timeoutInSeconds, abortSignal: signal })
      return readAnswer(answer, answerOfClient, { names: sender.names, host: hostOf(url) })
    } catch (error) {
      throw ProviderError.is(error) ? error : clientError(error, hostOf(url), sender)
    }
  }
}

function answerOfClient(answer: unknown): Answer {
  return {
    rows: field(answer, 'results'),
    scoreKey: 'relevanceScore',
    bill: billIn(field(answer, 'meta', 'billedUnits')),
  }
}

/** The client's error as one of ours. It is not kept: it holds the whole answer, and perhaps the request. */
function clientError(error: unknown, host: string, { names, clock }: Sender): ProviderError {
  const status = field(error, 'statusCode')
  if (typeof status === 'number') {
    const headers = field(error, 'rawResponse', 'headers') as Headers | undefined
    return statusError(names, { status, host, retryAfterMs: readRetryAfter(headers?.get('retry-after'), clock) })
  }
  const cause = safeCause(error, names.secrets ?? [])
  const message = `The client of ${names.provider} failed before an answer came: check the network and how the client is set up.`
  return new ProviderError(message, { provider: names.provider, retryable: true, cause })
}
