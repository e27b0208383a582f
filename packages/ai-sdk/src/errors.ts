import { APICallError } from '@ai-sdk/provider'
import { ProviderError, RerankError } from '@secondpass/core'

/**
 * A failure of a service, and of a queue that is full, as the AI SDK knows it: `rerank()` tries again what is retryable, and
 * waits as long as the service asked to. The error behind it is the `cause`. All other errors stay as they are.
 *
 * It holds neither the query nor the documents, and no key.
 */
export function asSdkError(error: unknown): unknown {
  if (ProviderError.is(error)) {
    const { message, provider, status, retryable, retryAfterMs, providerMessage } = error
    return new APICallError({
      message,
      url: provider,
      requestBodyValues: {},
      ...(status !== undefined && { statusCode: status }),
      ...(retryAfterMs !== undefined && { responseHeaders: { 'retry-after-ms': String(retryAfterMs) } }),
      ...(providerMessage !== undefined && { responseBody: providerMessage }),
      isRetryable: retryable,
      cause: error,
    })
  }
  if (RerankError.is(error) && error.code === 'overloaded') {
    const { message } = error
    return new APICallError({ message, url: 'secondpass', requestBodyValues: {}, isRetryable: true, cause: error })
  }
  return error
}
