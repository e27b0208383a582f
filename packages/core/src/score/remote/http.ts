import { type Fetch, hintOfProxy } from '../../base/call.js'
import type { Check } from '../../base/check.js'
import type { Clock } from '../../base/clock.js'
import { ProviderError, RerankError, show } from '../../base/errors.js'
import { hostOf } from '../../base/identity.js'
import { redact, safeCause } from '../../base/redact.js'

/** What the messages about a provider need to know. */
export interface ProviderNames {
  /** For example `'cohere'`. */
  readonly provider: string
  /** What to do about a missing or refused key. */
  readonly keyFix: string
  /** The vendor's own page. */
  readonly docs: string
  /** Fixes for statuses that this provider uses in its own way. */
  readonly fixes?: Readonly<Record<number, string>>
  /** Never to be seen in an error. */
  readonly secrets?: readonly string[]
}

/** 408, 429 and 5xx may pass; 501 (not implemented) and 505 (HTTP version) will not. */
function isRetryableStatus(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505)
}

/** The error for an answer with a status that is not 2xx. */
export function statusError(
  names: ProviderNames,
  { status, host, retryAfterMs, providerMessage }: FailedAnswer,
): ProviderError {
  const fix = names.fixes?.[status] ?? fixFor(status, names)
  return new ProviderError(`${names.provider} at ${host} answered ${status}: ${fix}.`, {
    provider: names.provider,
    status,
    retryable: isRetryableStatus(status),
    retryAfterMs,
    providerMessage,
  })
}

export interface FailedAnswer {
  readonly status: number
  readonly host: string
  readonly retryAfterMs?: number | undefined
  readonly providerMessage?: string | undefined
}

function fixFor(status: number, { keyFix, docs }: ProviderNames): string {
  if (status === 401 || status === 403) return `the key was refused; ${keyFix}`
  if (status === 402) return 'the account has no credit left; top it up or use another key'
  if (status === 404) return `there is no such model or path; check the model and the base URL (${docs})`
  if (status === 413) return 'the request is too large; set maxTexts to a lower number'
  if (status === 408) return 'it gave up waiting; lower maxTexts or concurrency'
  if (status === 429) return 'too many requests; lower concurrency, or raise maxRetries or your rate limit'
  if (status >= 500) return 'the service failed; call again later, or keep the order with onError'
  return `the request was refused; check the model and the options against ${docs}, and see providerMessage`
}

/** The error for an answer that came and cannot be used. */
export function answerError(names: ProviderNames, what: string): ProviderError {
  const safe = redact(what, names.secrets ?? [])
  return new ProviderError(`${names.provider} gave an answer that cannot be used: ${safe}.`, {
    provider: names.provider,
    retryable: false,
  })
}

interface BodyLimits {
  readonly names: ProviderNames
  readonly host: string
  readonly maxResponseBytes: number
}

/**
 * Reads a body, and no more of it than is allowed.
 *
 * @throws ProviderError when it is longer; whatever the connection failed with.
 */
export async function readBody(response: Response, limits: BodyLimits): Promise<string> {
  const { body } = response
  if (body === null) return ''
  if (Number(response.headers.get('content-length') ?? 0) > limits.maxResponseBytes) {
    await body.cancel()
    throw tooLong(limits)
  }
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  for (let length = 0; ;) {
    const { done, value } = await reader.read()
    if (done) return text + decoder.decode()
    length += value.length
    if (length > limits.maxResponseBytes) {
      await reader.cancel()
      throw tooLong(limits)
    }
    text += decoder.decode(value, { stream: true })
  }
}

function tooLong({ names, host, maxResponseBytes }: BodyLimits): ProviderError {
  const message = `${names.provider} at ${host} sent more than ${maxResponseBytes} bytes: set maxTexts to a lower number, or maxResponseBytes to a higher one.`
  return new ProviderError(message, { provider: names.provider, retryable: false })
}

interface BodyOrigin {
  readonly names: ProviderNames
  readonly host: string
  readonly contentType: string | null
}

/** Objects and lists within each other; the answers of all services have four or five. */
const DEEPEST_JSON = 64

/** Whether a JSON text nests deeper than that: parsing it would take seconds, and what comes out overflows the stack of many. */
function isTooDeep(json: string): boolean {
  let [depth, isQuoted] = [0, false]
  for (let at = 0; at < json.length; at++) {
    const unit = json.charCodeAt(at)
    if (unit === 0x22) isQuoted = !isQuoted
    else if (isQuoted) at += unit === 0x5c ? 1 : 0
    // [ and {, then ] and }.
    else if (unit === 0x5b || unit === 0x7b) depth += 1
    else if (unit === 0x5d || unit === 0x7d) depth -= 1
    if (depth > DEEPEST_JSON) return true
  }
  return false
}

/** @throws ProviderError when the text is not JSON. The text itself is not shown: it may echo a query or a key. */
export function parseJson(text: string, { names, host, contentType }: BodyOrigin): unknown {
  if (isTooDeep(text)) {
    const message = `${names.provider} at ${host} answered with JSON of more than ${DEEPEST_JSON} levels: check that the base URL is that of the service.`
    throw new ProviderError(message, { provider: names.provider, status: 200, retryable: false })
  }
  try {
    return JSON.parse(text)
  } catch {
    const message = `${names.provider} at ${host} answered with ${whyNotJson(text, contentType)}.`
    // Not asked for again: what cannot be used was billed all the same.
    throw new ProviderError(message, { provider: names.provider, status: 200, retryable: false })
  }
}

/** A number that JSON does not have, as Python writes it unless told otherwise. */
const NOT_A_NUMBER = /[:[,]\s*(?:-?Infinity|NaN)\s*[,\]}]/

function whyNotJson(text: string, contentType: string | null): string {
  if (!/^\s*[{[]/.test(text)) {
    const found = text.trim() === '' ? 'an empty body' : `something else (content-type ${contentType ?? 'missing'})`
    const fix = "check that the base URL is that of the service and not of a proxy's page"
    return `${found} where JSON was due: ${fix}`
  }
  if (NOT_A_NUMBER.test(text)) {
    const fix = 'its model gave no number for some text; check the model and its number format there'
    return `NaN or Infinity where JSON was due: ${fix}`
  }
  const fix = 'a proxy or the service cut it short; call again, or lower maxTexts'
  return `JSON that breaks off or is damaged (${text.length} characters): ${fix}`
}

const LONGEST_MESSAGE = 200

/** Of the body of an error; more is no sentence for a person. */
const MOST_ERROR_BYTES = 65_536

/** The sentence in the body of an error, if it holds one in a common place, without secrets. Never the whole body. */
export function shortMessage(text: string, secrets: readonly string[]): string | undefined {
  if (isTooDeep(text)) return undefined
  try {
    return sentenceIn(JSON.parse(text), secrets)
  } catch {
    return undefined
  }
}

/** The names under which services put what went wrong: in the body, in its `error`, or in the first of its `errors`. */
const SENTENCES = ['message', 'msg', 'error_message', 'errorMessage', 'detail', 'error', 'error_description', 'reason']

export function sentenceIn(body: unknown, secrets: readonly string[]): string | undefined {
  const found = findSentence(body, 3)
  return found === undefined ? undefined : redact(found, secrets).slice(0, LONGEST_MESSAGE)
}

function findSentence(body: unknown, depth: number): string | undefined {
  if (typeof body === 'string') return body.trim() === '' ? undefined : body
  if (typeof body !== 'object' || body === null || depth === 0) return undefined
  if (Array.isArray(body)) return findSentence(body[0], depth - 1)
  const fields = body as Readonly<Record<string, unknown>>
  const direct = SENTENCES.map((name) => fields[name]).find((value) => typeof value === 'string' && value !== '')
  if (direct !== undefined) return direct as string
  const nested = ['error', 'errors', 'detail', 'message'].map((name) => fields[name])
  return nested.map((value) => findSentence(value, depth - 1)).find((value) => value !== undefined)
}

/** Reads `Retry-After`, which is a number of seconds or a date; nothing when it is missing or neither. */
export function readRetryAfter(header: string | null | undefined, clock: Clock): number | undefined {
  if (header === null || header === undefined) return undefined
  if (/^\s*\d+(\.\d+)?\s*$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  if (Number.isNaN(date)) return undefined
  return Math.max(0, date - (clock.wallTime?.() ?? Date.now()))
}

/** Throws unless the value can stand in a header. It may be a secret, so it is not shown. */
export const headerValue: Check<string> = (name, value) => {
  // A key read from a file often ends in a line break.
  if (typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(name === 'apiKey' ? value.trim() : value)) return
  const fix = 'pass a string of printable ASCII characters, without line breaks'
  const message = `${name} cannot be sent (its value is not shown, it may be a secret): ${fix}`
  throw new RerankError('invalid-argument', message)
}

export const headerValues: Check<Readonly<Record<string, string>>> = (name, values) => {
  if (typeof values !== 'object' || values === null) {
    throw new RerankError('invalid-argument', `${name} is not shown, it may hold a secret: pass an object of headers`)
  }
  for (const [header, value] of Object.entries(values)) headerValue(`${name}.${header}`, value)
}

/** An http(s) URL without a user name and password. It may hold a token, so it is not shown. */
export const httpUrl: Check<string> = (name, value) => {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const fix = "pass the URL of the service, for example 'http://127.0.0.1:8080'"
    throw new RerankError('invalid-argument', `${name} is no http or https URL: ${fix}`)
  }
  if (url.username === '' && url.password === '') return
  const message = `${name} holds a user name or password: pass headers.authorization instead`
  throw new RerankError('invalid-argument', message)
}

/** How this scorer speaks HTTP. */
export interface Transport {
  readonly names: ProviderNames
  readonly fetch: Fetch
  readonly clock: Clock
  readonly headers: Readonly<Record<string, string>>
  readonly maxResponseBytes: number
}

/** What must not be seen in an error: the key and all that further headers hold. */
export function secretsOf(key: string | undefined, headers: Readonly<Record<string, string>> = {}): string[] {
  // Of `Bearer …` the token alone as well.
  const parts = [key ?? '', ...Object.values(headers)].flatMap((value) => [value, ...value.split(' ')])
  return parts.filter((part) => !/^(bearer|basic|digest|token)$/i.test(part))
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
    const maxResponseBytes = Math.min(MOST_ERROR_BYTES, transport.maxResponseBytes)
    const text = await readBody(response, { ...guarded, maxResponseBytes }).catch(() => '')
    throw statusError(names, {
      host,
      status: response.status,
      retryAfterMs: readRetryAfter(response.headers.get('retry-after'), transport.clock),
      providerMessage: shortMessage(text, names.secrets ?? []),
    })
  }
  const text = await readBody(response, guarded).catch(async (error: unknown) => {
    throw ProviderError.is(error)
      ? error
      : networkError(transport, { url: request.url, hint: await hintOfProxy() }, error)
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
    const response: unknown = await transport.fetch(url, {
      ...(body === undefined ? { method: 'GET' } : post),
      headers: {
        accept: 'application/json',
        ...(body && { 'content-type': 'application/json' }),
        ...transport.headers,
      },
      redirect: 'manual',
      signal,
    })
    if (isResponse(response)) return response
    throw new TypeError(`fetch resolved to ${show(response)}, no Response`)
  } catch (error) {
    throw networkError(transport, { url, hint: await hintOfProxy() }, error)
  }
}

function isResponse(value: unknown): value is Response {
  const { status, headers } = (value ?? {}) as { status?: unknown; headers?: { get?: unknown } | null }
  return typeof status === 'number' && typeof headers?.get === 'function'
}

function networkError(
  { names }: Transport,
  { url, hint }: { readonly url: string; readonly hint: string },
  error: unknown,
): ProviderError {
  const { secrets = [] } = names
  const { code } = ((error as Error | undefined)?.cause ?? error ?? {}) as { code?: unknown }
  const what = typeof code === 'string' ? code : redact((error as Error | undefined)?.message ?? 'no reason', secrets)
  const message = `The connection to ${names.provider} at ${hostOf(url)} failed (${what}): check the network and the base URL${hint}.`
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
  return location !== null && URL.canParse(location, base) ? new URL(location, base) : undefined
}
