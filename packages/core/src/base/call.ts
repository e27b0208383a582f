import type { Call } from '../types.js'
import { deadlineError, noInstruction } from './errors.js'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Whether the environment names a proxy; the `fetch` of Node.js does not look. */
function namesProxy(): boolean {
  const { process } = globalThis as { process?: { env?: Readonly<Record<string, string | undefined>> } }
  const env = process?.env ?? {}
  return ['HTTPS_PROXY', 'https_proxy', 'HTTP_PROXY', 'http_proxy'].some((name) => Boolean(env[name]))
}

/** The `fetch` of the runtime; through the proxy that the environment names, where there is one and it can be used. */
export const usualFetch: Fetch = async (url, init) => {
  // Called as a plain function: the `fetch` of browsers refuses to be a method of anything but the window.
  if (!namesProxy()) return fetch(url, init)
  const { defaultFetch } = await import('#node/base/proxy')
  return (await defaultFetch())(url, init)
}

/** What to add to the error of a connection that failed although a proxy is named. */
export async function hintOfProxy(): Promise<string> {
  if (!namesProxy()) return ''
  const { proxyHint } = await import('#node/base/proxy')
  return proxyHint()
}

/** Adds to a counter of the report. */
export function count({ stats }: Pick<Call, 'stats'>, counter: string, by: number): void {
  stats[counter] = (stats[counter] ?? 0) + by
}

/** Waits for all, also when one fails, then rejects with the first failure. */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/**
 * Rejects work of a scorer that nobody waits for any more. Looked at between units of work, since one cannot be interrupted.
 *
 * @throws the signal's reason, or RerankError `'deadline'`.
 */
export function checkStillWanted(scorerId: string, call: Call): void {
  call.signal.throwIfAborted()
  if (call.now() >= call.deadline) throw deadlineError(scorerId)
}

/**
 * Refuses a call with an instruction, for a scorer that takes none.
 *
 * @throws RerankError `'invalid-argument'`.
 */
export function refuseInstruction(scorerId: string, { instruction }: Call): void {
  if (instruction !== undefined) throw noInstruction(scorerId, instruction)
}

/** Whether nobody waits for an answer to this call any more. */
export function hasGivenUp(call: Call): boolean {
  return call.signal.aborted || call.now() >= call.deadline
}
