import { invalidArgument, RerankError } from '../../base/errors.js'
import type { Fetch } from './http.js'
import type { HostedClock } from './work.js'

/** Options that all hosted and self-hosted scorers share. */
export interface HostedOptions {
  /**
   * The key. Default: the environment variable named at the scorer. An empty string sends none, for a proxy that adds its
   * own. It goes to the host of the base URL only and stands in no error, id or report.
   */
  readonly apiKey?: string
  /** Further headers of every request, for a gateway; their values are kept out of errors like the key. */
  readonly headers?: Readonly<Record<string, string>>
  /** Texts per request, 1 or more. Default: the limit of the provider. More texts are split over several requests. */
  readonly maxTexts?: number
  /** Requests of this scorer under way at a time, over all calls; 1 or more. Default 4. */
  readonly concurrency?: number
  /** Longest wait for one answer in milliseconds, more than 0, before the attempt counts as failed. Default 30000. */
  readonly timeoutMs?: number
  /** Further attempts after 408, 429, 5xx, a timeout or a network fault, from 0. Default 2; with `urls`, at least one each. */
  readonly maxRetries?: number
  /**
   * Longest wait before another attempt in milliseconds, from 0. Default 20000. When the provider asks to wait longer, the
   * call fails at once.
   */
  readonly maxRetryWaitMs?: number
  /** Longest answer in bytes, 1 or more; a longer one is an error. Default 33554432 (32 MiB). */
  readonly maxResponseBytes?: number
  /** Sends the requests. Default: the `fetch` of the runtime. */
  readonly fetch?: Fetch
  /** Where time comes from, for tests. */
  readonly clock?: HostedClock
  /** Numbers from 0 to 1 for the jitter of waits, for tests. Default `Math.random`. */
  readonly random?: () => number
}

/** The names of {@link HostedOptions}, to tell a misspelt option. */
const hostedOptionNames: readonly string[] = [
  'apiKey',
  'headers',
  'maxTexts',
  'concurrency',
  'timeoutMs',
  'maxRetries',
  'maxRetryWaitMs',
  'maxResponseBytes',
  'fetch',
  'clock',
  'random',
] satisfies (keyof HostedOptions)[]

/** Checks options: no unknown names, numbers in range, headers that can be sent. */
export function checkHostedOptions(options: HostedOptions, ownNames: readonly string[]): void {
  const known = [...ownNames, ...hostedOptionNames]
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown !== undefined) {
    throw new RerankError('invalid-argument', `There is no option ${JSON.stringify(unknown)}: use ${known.join(', ')}.`)
  }
  checkWhole('maxTexts', options.maxTexts, 1)
  checkWhole('concurrency', options.concurrency, 1)
  checkWhole('maxRetries', options.maxRetries, 0)
  checkWhole('maxResponseBytes', options.maxResponseBytes, 1)
  checkNumber('maxRetryWaitMs', options.maxRetryWaitMs, 0)
  if (options.timeoutMs === 0) throw invalidArgument('timeoutMs', 0, 'pass milliseconds, more than 0')
  checkNumber('timeoutMs', options.timeoutMs, 0)
  for (const [name, value] of Object.entries(options.headers ?? {})) checkHeader(`headers.${name}`, value)
}

/** Throws unless `value` is missing or a whole number from `least`. */
export function checkWhole(name: string, value: unknown, least: number): void {
  if (value === undefined || (Number.isSafeInteger(value) && (value as number) >= least)) return
  throw invalidArgument(name, value, `pass a whole number from ${least}, or leave it out`)
}

/** Throws unless `value` is missing or a number from `least`. */
export function checkNumber(name: string, value: unknown, least: number): void {
  if (value === undefined || (typeof value === 'number' && value >= least)) return
  throw invalidArgument(name, value, `pass a number from ${least}, or leave it out`)
}

/** Throws unless the value can stand in a header. It may be a secret, so it is not shown. */
function checkHeader(name: string, value: unknown): void {
  if (typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value)) return
  const fix = 'pass a string of printable ASCII characters, without line breaks'
  throw new RerankError(
    'invalid-argument',
    `${name} cannot be sent (its value is not shown, it may be a secret): ${fix}`,
  )
}

/** @throws RerankError `'invalid-argument'` unless it is an http(s) URL without a user name and password. */
export function checkUrl(name: string, value: unknown): string {
  const url = typeof value === 'string' ? parseUrl(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    const fix = "pass the URL of the service, for example 'http://127.0.0.1:8080'"
    throw new RerankError('invalid-argument', `${name} is no http or https URL: ${fix}`)
  }
  if (url.username !== '' || url.password !== '') {
    throw new RerankError(
      'invalid-argument',
      `${name} holds a user name or password: pass headers.authorization instead`,
    )
  }
  return url.href
}

function parseUrl(value: string): URL | undefined {
  try {
    return new URL(value)
  } catch {
    return undefined
  }
}

/** The URL of a path below a base URL, which may end in a slash or already in the path, and keeps its query. */
export function urlBelow(base: string, path: string): string {
  const url = new URL(base)
  const prefix = url.pathname.replace(/\/+$/, '')
  url.pathname = prefix.endsWith(path) ? prefix : prefix + path
  return url.href
}

/**
 * The key: the option, or the first of the environment variables that is set; nothing when an empty string was passed.
 *
 * @throws RerankError `'invalid-argument'` when there is none, or it cannot stand in a header.
 */
export function keyFrom(options: HostedOptions, variables: readonly string[]): string | undefined {
  if (options.apiKey === '' || hasAuthorization(options)) return undefined
  const key = optionalKeyFrom(options, variables)
  if (key !== undefined) return key
  throw new RerankError('invalid-argument', `There is no key: ${keyFix(variables)}.`)
}

/** As {@link keyFrom}, for services that may do without. */
export function optionalKeyFrom({ apiKey }: HostedOptions, variables: readonly string[]): string | undefined {
  const found = apiKey ?? variables.map(environment).find((value) => value !== undefined && value.trim() !== '')
  // A key read from a file often ends in a line break.
  const key = typeof found === 'string' ? found.trim() : found
  if (key !== undefined) checkHeader('apiKey', key)
  return key === '' ? undefined : key
}

/** What to do about a missing key. */
export function keyFix(variables: readonly string[]): string {
  return variables.length === 0 ? 'pass apiKey' : `set ${variables.join(' or ')} in the environment, or pass apiKey`
}

function hasAuthorization({ headers }: HostedOptions): boolean {
  return Object.keys(headers ?? {}).some((name) => /^(authorization|api-key)$/i.test(name))
}

/** Browsers and some edge runtimes have no `process`. */
function environment(variable: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  return process?.env?.[variable]
}
