import { ProviderError } from '../../errors.js'

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
  return new ProviderError(`${names.provider} gave an answer that cannot be used: ${what}.`, {
    provider: names.provider,
    retryable: false,
  })
}

/** The same error, saying how often it was tried. */
export function afterAttempts(error: ProviderError, attempts: number): ProviderError {
  return attempts === 1 ? error : new ProviderError(`${error.message} This was attempt ${attempts}, the last.`, error)
}
