import type { Call } from '../types.js'

/** The part of `fetch` that is used. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** Adds to a counter of the report. */
export function count({ stats }: Pick<Call, 'stats'>, counter: string, by: number): void {
  stats[counter] = (stats[counter] ?? 0) + by
}

/** Whether nobody waits for an answer to this call any more. */
export function hasGivenUp(call: Call): boolean {
  return call.signal.aborted || call.now() >= call.deadline
}
