import { systemClock, waitFor } from '../../base/clock.js'
import { isError, ProviderError, RerankError } from '../../base/errors.js'
import { proxyHint } from '../../base/proxy.js'
import { redact, safeCause } from '../../base/redact.js'
import type { HubSettings } from './connection.js'

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

/** An endpoint as it may be shown: a path may hold a token of a mirror. */
export function shownEndpoint(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint)
  return pathname === '/' ? origin : `${origin}/…`
}

function fixOf(status: number, code: string | null, request: HubRequest): string | undefined {
  const { repo, revision, endpoint, hasToken } = request
  const site = shownEndpoint(endpoint)
  const page = `${site}/${repo}`
  const token = hasToken
    ? 'the token that was sent may not read it: make one that may'
    : `no token was sent: make one at ${site}/settings/tokens and set HF_TOKEN`
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
function waitOf(headers: Headers): number | undefined {
  const after = headers.get('retry-after')
  if (after !== null && /^\s*\d+\s*$/.test(after)) return Number(after) * 1000
  const date = after === null ? Number.NaN : Date.parse(after)
  if (!Number.isNaN(date)) return Math.max(0, date - Date.now())
  const left = /(?:^|;)\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]
  return left === undefined ? undefined : Number(left) * 1000
}

/** No answer came, or it broke off. */
function connectionError(url: string, cause: unknown, secrets: readonly string[]): ProviderError {
  // `fetch` says only that it failed; the reason stands below it.
  const { code, message: reason } = innermost(cause)
  const what = redact(code ?? reason ?? String(cause), secrets)
  const fix = `check the network${proxyHint()}; behind a mirror set HF_ENDPOINT; to use only what is in the cache set HF_HUB_OFFLINE=1`
  const message = `The connection to ${new URL(url).host} failed (${what}): ${fix}.`
  return new ProviderError(message, { provider: PROVIDER, retryable: true, cause: safeCause(cause, secrets) })
}

/** What must not be seen in an error: the token, and the path of a mirror, which may be one. */
export function secretsOf({ token, endpoint }: HubSettings): string[] {
  const path = new URL(endpoint).pathname.split('/')
  return [...(token === undefined ? [] : [token]), ...path]
}

function innermost(cause: unknown): { code?: string; message?: string } {
  const below = (cause as Error | undefined)?.cause
  return (isError(below) ? below : (cause ?? {})) as { code?: string; message?: string }
}

/** The one error for a model that is not in the cache while requests are forbidden. */
export function offlineError(repo: string, revision: string, cacheFolder: string): RerankError {
  const fix = 'unset HF_HUB_OFFLINE once, or copy the cache folder from a machine that has the model'
  const message = `${repo} (${revision}) is not complete in ${cacheFolder}, and requests are switched off: ${fix}.`
  return new RerankError('model-files', message)
}

/** Aborts an exchange when the server is silent for a while. Time in which the caller does not read does not count. */
class Silence {
  readonly #controller = new AbortController()
  readonly #silenceMs: number
  readonly #abort: AbortSignal

  /** @param abort ends the wait as well, with its own reason, whatever a `fetch` of the caller's makes of it */
  constructor(silenceMs: number, abort: AbortSignal) {
    this.#silenceMs = silenceMs
    this.#abort = abort
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** Waits for something the server owes; rejects with the silence itself when it comes to that. */
  broken<T>(owed: Promise<T>): Promise<T> {
    // What nobody waits for any more may fail as well.
    owed.catch(() => {})
    // Waited for as well as aborted: a `fetch` of the caller's may ignore its signal.
    return waitFor(() => owed, {
      signal: this.#abort,
      clock: systemClock,
      deadline: systemClock.now() + this.#silenceMs,
      deadlineError: () => {
        const reason = new Error(`nothing was heard for ${this.#silenceMs / 1000} seconds`)
        this.#controller.abort(reason)
        return reason
      },
    })
  }

  /** The same answer, with a body that is watched, and whose faults `explain` gives their form. */
  over(response: Response, explain: (error: unknown) => Error): Response {
    if (response.body === null) return response
    const reader = response.body.getReader()
    const body = new ReadableStream<Uint8Array>({
      pull: async (controller) => {
        try {
          const { done, value } = await this.broken(reader.read())
          if (done) controller.close()
          else controller.enqueue(value)
        } catch (error) {
          controller.error(reasonOf(() => explain(error)))
        }
      },
      cancel: (reason) => reader.cancel(reason),
    })
    return new Response(body, { status: response.status, statusText: response.statusText, headers: response.headers })
  }
}

/** What a function gives or throws. */
function reasonOf(explain: () => unknown): unknown {
  try {
    return explain()
  } catch (thrown) {
    return thrown
  }
}

/**
 * The bytes that a `Range` header asked for, also from a server that ignores it and sends the whole file.
 *
 * @throws Error when the server sends another part than was asked for.
 */
function fromRange(response: Response, range: string | null): Response {
  const start = Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0)
  if (start === 0 || !response.ok || response.body === null) return response
  if (response.status === 206) {
    const sent = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1]
    if (Number(sent) === start) return response
    throw new Error(`asked for bytes from ${start}, the server sent them from ${sent ?? 'an unknown place'}`)
  }
  return new Response(response.body.pipeThrough(withoutFirst(start)), { headers: response.headers })
}

function withoutFirst(bytes: number): TransformStream<Uint8Array, Uint8Array> {
  let left = bytes
  return new TransformStream({
    transform(chunk, controller) {
      if (chunk.length > left) controller.enqueue(chunk.subarray(left))
      left = Math.max(0, left - chunk.length)
    },
  })
}

/** Redirects of one request: a renamed model, then the store of large files. */
const MAX_REDIRECTS = 5

const MAX_TRIES = 5
const FIRST_WAIT_MS = 500
/** A longer wait is reported as an error instead: a program should not stand still. */
const LONGEST_WAIT_MS = 60_000

/** What one download has in common: settings, what is asked for, when to stop. */
export interface HubContext {
  readonly settings: HubSettings
  readonly request: HubRequest
  readonly signal: AbortSignal
}

/**
 * The `fetch` that the client of the hub is given. It adds the token for the endpoint's own host alone, follows redirects
 * itself so that no other host ever sees it, gives up on silence, and tries again what may pass by itself.
 *
 * @throws ProviderError for what may pass, RerankError `'model-files'` for what will not.
 */
export function hubFetch(context: HubContext): typeof fetch {
  return async (input, init) => {
    const url = typeof input === 'object' && 'url' in input ? input.url : String(input)
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(context, url, init ?? {})
      } catch (error) {
        context.signal.throwIfAborted()
        await waitForNextTry(context, attempt, error)
      }
    }
  }
}

/**
 * Waits before the next try: as long as the server asks, else twice as long each time.
 *
 * @throws the error itself when another try cannot help.
 */
export async function waitForNextTry({ settings, signal }: HubContext, attempt: number, error: unknown): Promise<void> {
  const mayPass = ProviderError.is(error) && error.retryable
  const delayMs = mayPass ? (error.retryAfterMs ?? FIRST_WAIT_MS * 2 ** (attempt - 1)) : Infinity
  if (attempt >= MAX_TRIES || delayMs > LONGEST_WAIT_MS) throw error
  await settings.wait(delayMs, signal)
}

async function once(context: HubContext, url: string, init: RequestInit): Promise<Response> {
  const { settings, request } = context
  let target = url
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    const response = await send(context, target, init)
    const location = response.headers.get('location')
    if (response.status < 300 || response.status >= 400 || location === null) {
      if (response.ok) return response
      await response.body?.cancel()
      throw statusError(response, request)
    }
    await response.body?.cancel()
    target = nextHop(target, location, settings)
  }
  throw new RerankError(
    'model-files',
    `${shownEndpoint(settings.endpoint)} redirects again and again: check HF_ENDPOINT.`,
  )
}

function nextHop(from: string, location: string, settings: HubSettings): string {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  const isWeaker = from.startsWith('https:') && next?.protocol !== 'https:'
  if (next !== undefined && /^https?:$/.test(next.protocol) && !isWeaker) return next.href
  const where = next === undefined ? 'nowhere' : `${next.protocol}//${next.host}`
  throw new RerankError(
    'model-files',
    `${shownEndpoint(settings.endpoint)} redirects to ${where}, which was not followed: check HF_ENDPOINT.`,
  )
}

async function send({ settings, signal }: HubContext, url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('user-agent', `secondpass; node/${process.versions.node}`)
  headers.delete('authorization')
  const isOwnHost = new URL(url).origin === new URL(settings.endpoint).origin
  if (isOwnHost && settings.token !== undefined) headers.set('authorization', `Bearer ${settings.token}`)
  const silence = new Silence(settings.silenceMs, signal)
  // Why the caller stopped outranks whatever the connection made of it.
  const explain = (error: unknown): Error => {
    signal.throwIfAborted()
    return connectionError(url, error, secretsOf(settings))
  }
  const stop = AbortSignal.any([signal, silence.signal])
  try {
    const answer = settings.fetch(url, { ...init, headers, redirect: 'manual', signal: stop })
    const response = await silence.broken(answer)
    return fromRange(silence.over(response, explain), headers.get('range'))
  } catch (error) {
    throw explain(error)
  }
}

/** The most that may be read of an answer that lists or describes; unpacked, should it come packed. */
const LONGEST_LISTING_BYTES = 32 << 20

/** An answer that breaks off with an error instead of going on beyond what is reasonable. */
export function boundedAnswer(response: Response, tooLong: () => Error): Response {
  if (response.body === null) return response
  let left = LONGEST_LISTING_BYTES
  const bounded = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      left -= chunk.length
      if (left < 0) controller.error(tooLong())
      else controller.enqueue(chunk)
    },
  })
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(bounded), { status, statusText, headers })
}
