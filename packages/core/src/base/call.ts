import type { Call } from '../types.js'
import { deadlineError, noInstruction } from './errors.js'

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
