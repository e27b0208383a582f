import { ProviderError, RerankError } from '../../../base/errors.js'
import { type Answer, field } from '../answer.js'
import { type ProviderNames, readRetryAfter, safeCause, statusError } from '../http.js'
import type { HostedOptions } from '../options.js'
import type { RerankRequest } from '../scorer.js'
import { type HostedClock, machineClock } from '../work.js'

/** The part of a `cohere-ai` client that is used: `CohereClientV2`, or `client.v2` of an older one. */
export interface CohereClient {
  rerank(
    request: { model: string; query: string; documents: string[]; maxTokensPerDoc?: number },
    options?: { maxRetries?: number; timeoutInSeconds?: number; abortSignal?: AbortSignal },
  ): PromiseLike<unknown>
}

/**
 * Makes a client of the package `cohere-ai`.
 *
 * @throws RerankError `'runtime'` when the package is not installed.
 */
export async function loadClient(
  key: string | undefined,
  baseUrl: string,
  { headers, fetch }: HostedOptions,
): Promise<CohereClient> {
  const { CohereClientV2 } = await importPackage()
  const more = {
    ...(headers && { headers: { ...headers } }),
    ...(fetch && { fetch: fetch as typeof globalThis.fetch }),
  }
  return new CohereClientV2({ token: key ?? '', environment: baseUrl, ...more })
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

interface ClientSettings {
  client(): Promise<CohereClient>
  readonly names: ProviderNames
  readonly model: string
  readonly maxTokensPerDoc: number | undefined
  readonly clock: HostedClock | undefined
  readonly timeoutMs: number
  readonly key: string | undefined
}

/** One request through the client, without its own retries: those do not stop for an abort. */
export function clientExchange(
  settings: ClientSettings,
): (request: RerankRequest, url: string, signal: AbortSignal) => Promise<Answer> {
  const { model, maxTokensPerDoc, timeoutMs } = settings
  return async ({ query, texts }, url, signal) => {
    const client = await settings.client()
    const body = { model, query, documents: [...texts], ...(maxTokensPerDoc !== undefined && { maxTokensPerDoc }) }
    // A little longer than our own timeout, which shall decide.
    const timeoutInSeconds = Math.ceil(timeoutMs / 1000) + 1
    try {
      const answer = await client.rerank(body, { maxRetries: 0, timeoutInSeconds, abortSignal: signal })
      return {
        rows: field(answer, 'results'),
        scoreKey: 'relevanceScore',
        bill: { unit: 'searchUnits', units: field(answer, 'meta', 'billedUnits', 'searchUnits') },
      }
    } catch (error) {
      throw clientError(error, new URL(url).host, settings)
    }
  }
}

/** The client's error as one of ours. It is not kept: it holds the whole answer, and perhaps the request. */
function clientError(
  error: unknown,
  host: string,
  { names, clock = machineClock, key }: ClientSettings,
): ProviderError {
  const status = field(error, 'statusCode')
  if (typeof status === 'number') {
    const headers = field(error, 'rawResponse', 'headers') as Headers | undefined
    return statusError(names, { status, host, retryAfterMs: readRetryAfter(headers?.get('retry-after'), clock) })
  }
  const cause = safeCause(error, key === undefined ? [] : [key])
  const message = `The client of ${names.provider} failed before an answer came: check the network and how the client is set up.`
  return new ProviderError(message, { provider: names.provider, retryable: true, cause })
}
