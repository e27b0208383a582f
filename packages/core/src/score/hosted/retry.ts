import { ProviderError } from '../../errors.js'
import type { HostedClock } from './clock.js'
import { afterAttempts } from './explain.js'
import { count } from '../../stats.js'
import { type Work, deadlineError, pause } from './work.js'

/** When and how often to try again. */
export interface RetryPolicy {
  readonly clock: HostedClock
  readonly maxRetries: number
  readonly maxRetryWaitMs: number
  /** 0 to 1, as `Math.random`. */
  random(): number
  /** Whether another server can take the request now, so that there is nothing to wait for. */
  hasOther(): boolean
}

const FIRST_WAIT_MS = 500

/**
 * Tries until it succeeds, fails for good, or has been tried often enough. An abort ends the wait for the next attempt at
 * once, and a wait that would outlast the deadline is not begun.
 *
 * @throws the last ProviderError; the reason of an abort; RerankError `'deadline'`.
 */
export async function withRetries<T>(attempt: () => Promise<T>, policy: RetryPolicy, work: Work): Promise<T> {
  for (let retries = 0; ; retries++) {
    try {
      count(work.call, 'requests', 1)
      return await attempt()
    } catch (error) {
      work.throwIfStopped()
      if (!ProviderError.is(error) || !error.retryable) throw error
      if (retries >= policy.maxRetries) throw afterAttempts(error, retries + 1)
      await beforeRetry(error, retries, { policy, work })
    }
  }
}

async function beforeRetry(
  error: ProviderError,
  retries: number,
  { policy, work }: { policy: RetryPolicy; work: Work },
): Promise<void> {
  const waitMs = policy.hasOther() ? 0 : backoffMs(error, retries, policy)
  // Asking again before the provider said so would only be refused again.
  if (waitMs > policy.maxRetryWaitMs) throw tooLongWait(error, policy)
  if (waitMs >= work.remainingMs()) {
    throw deadlineError(`another try would come too late after this: ${error.message}`, error)
  }
  count(work.call, 'retries', 1)
  if (waitMs > 0) await pause(waitMs, work, policy.clock)
}

/**
 * What the provider asked for, or a time that doubles; both with jitter, so that many callers do not come back at once.
 */
function backoffMs({ retryAfterMs }: ProviderError, retries: number, policy: RetryPolicy): number {
  if (retryAfterMs !== undefined) return retryAfterMs + FIRST_WAIT_MS * 0.2 * policy.random()
  const longest = Math.min(FIRST_WAIT_MS * 2 ** retries, policy.maxRetryWaitMs)
  return longest * (0.5 + 0.5 * policy.random())
}

function tooLongWait(error: ProviderError, { maxRetryWaitMs }: RetryPolicy): ProviderError {
  const asked = Math.ceil((error.retryAfterMs ?? 0) / 1000)
  const message = `${error.message} It asks to wait ${asked} s, longer than maxRetryWaitMs (${maxRetryWaitMs}): raise it, or call again later.`
  return new ProviderError(message, error)
}
