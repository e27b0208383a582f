import { ProviderError } from '../../errors.js'
import { parseJson, readBody, shortMessage } from './body.js'
import type { HostedClock } from './clock.js'
import { type ProviderNames, statusError } from './explain.js'
import { redact, safeCause } from './redact.js'
import { retryAfterMs } from './retry-after.js'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** How this scorer speaks HTTP. */
export interface Transport {
  readonly names: ProviderNames
  readonly fetch: Fetch
  readonly clock: HostedClock
  readonly headers: Readonly<Record<string, string>>
  readonly maxResponseBytes: number
  /** Never to be seen in an error. */
  readonly secrets: readonly string[]
}

export interface JsonRequest {
  readonly url: string
  /** Sent with POST; a GET when missing. */
  readonly body?: object
  readonly signal: AbortSignal
}

/** Hops on the same origin: a slash added to a path, say. */
const MAX_REDIRECTS = 3

/**
 * One exchange of JSON: no retries, no timeout of its own.
 *
 * @throws ProviderError for a network fault, a status that is not 2xx, a redirect to another origin, a body that is too
 * long or not JSON.
 */
export async function exchangeJson(transport: Transport, request: JsonRequest): Promise<unknown> {
  const { names } = transport
  const host = hostOf(request.url)
  const response = await follow(transport, request)
  const guarded = { ...transport, host }
  if (!response.ok) {
    const text = await readBody(response, guarded).catch(() => '')
    throw statusError(names, {
      host,
      status: response.status,
      retryAfterMs: retryAfterMs(response.headers.get('retry-after'), transport.clock),
      providerMessage: shortMessage(text, transport.secrets),
    })
  }
  const text = await readBody(response, guarded).catch((error: unknown) => {
    throw error instanceof ProviderError ? error : networkError(transport, request, error)
  })
  return parseJson(text, { names, host, contentType: response.headers.get('content-type') })
}

async function follow(transport: Transport, request: JsonRequest): Promise<Response> {
  let url = request.url
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(transport, { ...request, url })
    const location = response.headers.get('location')
    const isRedirect = response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)
    if (!isRedirect) return response
    await response.body?.cancel()
    const next = response.status === 303 ? undefined : targetOf(location, url)
    // The body and the key go to nobody but the host they were meant for.
    if (next?.origin !== new URL(url).origin) throw redirectError(transport, request, { response, next })
    url = next.href
  }
  throw redirectError(transport, request, {})
}

async function send(transport: Transport, { url, body, signal }: JsonRequest): Promise<Response> {
  const post = { method: 'POST', body: JSON.stringify(body) }
  try {
    return await transport.fetch(url, {
      ...(body === undefined ? { method: 'GET' } : post),
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...transport.headers,
      },
      redirect: 'manual',
      signal,
    })
  } catch (error) {
    throw networkError(transport, { url, signal }, error)
  }
}

function networkError(transport: Transport, { url }: JsonRequest, error: unknown): ProviderError {
  const { names, secrets } = transport
  const { code } = ((error as Error | undefined)?.cause ?? error ?? {}) as { code?: unknown }
  const what = typeof code === 'string' ? code : redact((error as Error | undefined)?.message ?? 'no reason', secrets)
  const message = `The connection to ${names.provider} at ${hostOf(url)} failed (${what}): check the network and the base URL.`
  return new ProviderError(message, { provider: names.provider, retryable: true, cause: safeCause(error, secrets) })
}

interface Hop {
  readonly response?: Response
  readonly next?: URL | undefined
}

function redirectError({ names }: Transport, { url }: JsonRequest, { response, next }: Hop): ProviderError {
  const where = next?.origin ?? (response === undefined ? 'itself, again and again' : 'another place')
  const message = `${names.provider} at ${hostOf(url)} redirects to ${where}, which was not followed, to keep key and texts from other hosts: set the base URL to where the service is.`
  return new ProviderError(message, { provider: names.provider, status: response?.status, retryable: false })
}

function targetOf(location: string | null, base: string): URL | undefined {
  try {
    return location === null ? undefined : new URL(location, base)
  } catch {
    return undefined
  }
}

/** Host and port: what may stand in an error. Paths and queries may hold tokens. */
export function hostOf(url: string): string {
  return new URL(url).host
}
