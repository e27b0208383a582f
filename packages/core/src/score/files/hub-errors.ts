import { ProviderError, RerankError } from '../../errors.js'
import { proxyHint } from './proxy.js'

/** What was asked for, as far as an error has to say it. */
export interface HubRequest {
  readonly repo: string
  readonly revision: string
  readonly endpoint: string
  readonly hasToken: boolean
}

const PROVIDER = 'hub'

/** A status that is not 2xx, as an error that says what to do. Only what may pass by itself counts as retryable. */
export function statusError(response: Response, request: HubRequest): RerankError {
  const { status, headers } = response
  const fix = fixOf(status, headers.get('x-error-code'), request)
  if (fix !== undefined) return new RerankError('model-files', fix)
  const wait = waitOf(headers)
  const host = new URL(request.endpoint).host
  const later = wait === undefined ? 'try again later' : `try again in ${Math.ceil(wait / 1000)} seconds`
  const what = status === 429 ? 'says that there were too many requests' : `answered with status ${status}`
  const how = status === 429 && !request.hasToken ? `${later}, or set HF_TOKEN, which raises the limit` : later
  return new ProviderError(`The hub at ${host} ${what} for ${request.repo}: ${how}.`, {
    provider: PROVIDER,
    status,
    retryable: status === 408 || status === 429 || status >= 500,
    retryAfterMs: wait,
  })
}

function fixOf(status: number, code: string | null, request: HubRequest): string | undefined {
  const { repo, revision, endpoint, hasToken } = request
  const page = `${endpoint}/${repo}`
  const token = hasToken
    ? 'the token that was sent may not read it: make one that may'
    : `no token was sent: make one at ${endpoint}/settings/tokens and set HF_TOKEN`
  if (code === 'GatedRepo') return `${repo} is gated: accept its terms at ${page} in a browser; ${token}.`
  if (code === 'RevisionNotFound')
    return `${repo} has no revision ${JSON.stringify(revision)}: ${page}/commits lists them.`
  if (code === 'EntryNotFound') return `${repo} no longer has a file that it listed: try again.`
  if (status === 401 || status === 403 || status === 404) {
    const fix = `check the name at ${page}, write './${repo}' if you mean a folder; if the model is private or gated, ${token}`
    return `There is no model ${repo} that may be read here (status ${status}): ${fix}.`
  }
  return undefined
}

/** `Retry-After` in seconds or as a date, else the seconds left in the hub's own `RateLimit` header. */
export function waitOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after')
  if (after !== null && /^\s*\d+\s*$/.test(after)) return Number(after) * 1000
  const date = after === null ? Number.NaN : Date.parse(after)
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now())
  const left = /(?:^|;)\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]
  return left === undefined ? undefined : Number(left) * 1000
}

/** No answer came, or it broke off. */
export function connectionError(url: string, cause: unknown): ProviderError {
  // `fetch` says only that it failed; the reason stands below it.
  const { code, message: reason } = innermost(cause)
  const what = code ?? reason ?? String(cause)
  const fix = `check the network${proxyHint()}; behind a mirror set HF_ENDPOINT; to use only what is in the cache set HF_HUB_OFFLINE=1`
  const message = `The connection to ${new URL(url).host} failed (${what}): ${fix}.`
  return new ProviderError(message, { provider: PROVIDER, retryable: true, cause })
}

function innermost(cause: unknown): { code?: string; message?: string } {
  const below = (cause as Error | undefined)?.cause
  return (below instanceof Error ? below : (cause ?? {})) as { code?: string; message?: string }
}

/** The one error for a model that is not in the cache while requests are forbidden. */
export function offlineError(repo: string, revision: string, cacheFolder: string): RerankError {
  const fix = 'unset HF_HUB_OFFLINE once, or copy the cache folder from a machine that has the model'
  const message = `${repo} (${revision}) is not complete in ${cacheFolder}, and requests are switched off: ${fix}.`
  return new RerankError('model-files', message)
}
