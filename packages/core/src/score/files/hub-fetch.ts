import { ProviderError, RerankError } from '../../errors.js'
import { type HubRequest, connectionError, statusError } from './hub-errors.js'
import type { HubSettings } from './hub-settings.js'
import { fromRange } from './range.js'
import { Silence } from './silence.js'

/** Redirects of one request: a renamed model, then the store of large files. */
const MAX_REDIRECTS = 5

const MAX_TRIES = 5
const FIRST_WAIT_MS = 500
/** Who asks for a longer wait gets an error that says so, not a program that stands still. */
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
    const url = input instanceof Request ? input.url : String(input)
    for (let attempt = 1; ; attempt++) {
      try {
        return await once(context, url, init ?? {})
      } catch (error) {
        context.signal.throwIfAborted()
        await pause(context, attempt, error)
      }
    }
  }
}

/**
 * Waits before the next try: as long as the server asks, else twice as long each time.
 *
 * @throws the error itself when another try would be in vain.
 */
export async function pause({ settings, signal }: HubContext, attempt: number, error: unknown): Promise<void> {
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
  throw new RerankError('model-files', `${settings.endpoint} redirects again and again: check HF_ENDPOINT.`)
}

function nextHop(from: string, location: string, settings: HubSettings): string {
  const next = URL.canParse(location, from) ? new URL(location, from) : undefined
  const isWeaker = from.startsWith('https:') && next?.protocol !== 'https:'
  if (next !== undefined && /^https?:$/.test(next.protocol) && !isWeaker) return next.href
  const where = next === undefined ? 'nowhere' : `${next.protocol}//${next.host}`
  throw new RerankError(
    'model-files',
    `${settings.endpoint} redirects to ${where}, which was not followed: check HF_ENDPOINT.`,
  )
}

async function send({ settings, signal }: HubContext, url: string, init: RequestInit): Promise<Response> {
  const headers = new Headers(init.headers)
  headers.set('user-agent', `secondpass; node/${process.versions.node}`)
  headers.delete('authorization')
  const isOwnHost = new URL(url).origin === new URL(settings.endpoint).origin
  if (isOwnHost && settings.token !== undefined) headers.set('authorization', `Bearer ${settings.token}`)
  const silence = new Silence(settings.silenceMs)
  const stop = AbortSignal.any([signal, silence.signal])
  try {
    const answer = settings.fetch(url, { ...init, headers, redirect: 'manual', signal: stop })
    const response = await silence.broken(answer)
    return fromRange(
      silence.over(response, (error) => connectionError(url, error)),
      headers.get('range'),
    )
  } catch (error) {
    signal.throwIfAborted()
    throw connectionError(url, error)
  }
}
