import type { JSONObject, JSONValue, SharedV3ProviderMetadata } from '@ai-sdk/provider'
import { ProviderError, type Ranking, RerankError } from '@secondpass/core'

/**
 * What `providerMetadata.secondpass` holds: the report of the call, and of each result, in the order of the ranking, all but
 * the document. Errors are objects with `name`, `message` and `code`; JSON throughout.
 */
export function metadataOf({ results, report }: Ranking): SharedV3ProviderMetadata {
  const all = results.map(({ candidate: _, ...details }) => details)
  return { secondpass: { report: asJson(report), results: asJson(all) } as JSONObject }
}

function asJson(value: unknown): JSONValue | undefined {
  if (isError(value)) return errorAsJson(value)
  if (Array.isArray(value)) return value.map((item) => asJson(item) ?? null)
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value).map(([key, inner]) => [key, asJson(inner)] as const)
    return Object.fromEntries(entries.filter(([, inner]) => inner !== undefined)) as JSONObject
  }
  // JSON has no infinite numbers.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  return typeof value === 'string' || typeof value === 'boolean' || value === null ? value : undefined
}

/** By its kind, so that errors of a test runner's realm are errors too. */
function isError(value: unknown): value is Error {
  return /^\[object (Error|DOMException)\]$/.test(Object.prototype.toString.call(value))
}

function errorAsJson(error: Error): JSONObject {
  const { name, message } = error
  const { status, retryable } = ProviderError.is(error) ? error : {}
  return {
    name,
    message,
    ...(RerankError.is(error) && { code: error.code }),
    ...(status !== undefined && { status }),
    ...(retryable !== undefined && { retryable }),
  }
}
