import { type Check } from '../../../base/check.js'
import { invalidArgument, ProviderError, RerankError } from '../../../base/errors.js'
import { safeCause } from '../../../base/redact.js'
import { bearer, type HostedOptions } from '../hosted.js'
import { headerValue, type ProviderNames, secretsOf, type Transport } from '../http.js'

/**
 * A token that is good for about an hour, or what fetches one that is good now: it is asked before each request, and the
 * libraries of the clouds keep a token until it is nearly over.
 */
export type AccessToken = string | (() => string | Promise<string>)

/** The value may be a secret, so it is not shown. */
export const accessTokenCheck: Check<AccessToken> = (name, value) => {
  if (typeof value === 'function') return
  if (typeof value !== 'string' || value.trim() === '') {
    throw new RerankError('invalid-argument', `${name} is no token: pass a string, or a function that fetches one`)
  }
  headerValue(name, value)
}

/** Throws for a key, which such a service has no use for. It is not shown. */
export function refuseKey({ apiKey }: HostedOptions): void {
  if (apiKey === undefined) return
  throw new RerankError('invalid-argument', 'apiKey is not shown, it may be a secret: pass accessToken instead')
}

/** What went wrong before the request was sent, in the words of a provider's error. */
export function beforeRequest({ provider, keyFix, secrets = [] }: ProviderNames, what: string, cause: unknown): Error {
  // A wrong setup stays what it is.
  if (RerankError.is(cause) && !ProviderError.is(cause)) return cause
  const message = `${what} of ${provider} failed before the request was sent: ${keyFix}.`
  return new ProviderError(message, { provider, retryable: true, cause: safeCause(cause, secrets) })
}

/**
 * A transport with a token that is good now, which is kept out of errors.
 *
 * @throws RerankError `'invalid-argument'` for a function that gives no token; ProviderError when it fails.
 */
export async function withToken(transport: Transport, accessToken: AccessToken): Promise<Transport> {
  const { names, headers } = transport
  let token: unknown
  try {
    token = typeof accessToken === 'string' ? accessToken : await accessToken()
  } catch (cause) {
    throw beforeRequest(names, 'accessToken()', cause)
  }
  if (typeof token !== 'string' || token.trim() === '') {
    throw invalidArgument('accessToken()', typeof token, 'return the token, a string')
  }
  headerValue('accessToken', token.trim())
  const auth = bearer(token.trim())
  const secrets = [...(names.secrets ?? []), ...secretsOf(token.trim())]
  return { ...transport, names: { ...names, secrets }, headers: { ...auth, ...headers } }
}
