import type { Call } from '../types.js'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Adds to a counter of the report. */
export function count({ stats }: Pick<Call, 'stats'>, counter: string, by: number): void {
  stats[counter] = (stats[counter] ?? 0) + by
}

/** Waits for all, also when one fails, then rejects with the first failure. */
export async function settleAll(work: readonly Promise<void>[]): Promise<void> {
  const failed = (await Promise.allSettled(work)).find((outcome) => outcome.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}

/** Whether nobody waits for an answer to this call any more. */
export function hasGivenUp(call: Call): boolean {
  return call.signal.aborted || call.now() >= call.deadline
}
