import type { Call } from '../types.js'
import { RerankError } from './errors.js'

/** Adds to a counter of the report. */
export function count({ stats }: Pick<Call, 'stats'>, counter: string, by: number): void {
  stats[counter] = (stats[counter] ?? 0) + by
}

/** Errors that say the setup is wrong, which another try or another scorer must not hide. */
const SETUP: ReadonlySet<string> = new Set(['invalid-argument', 'model-files', 'runtime', 'closed'])

/** Whether an error says that the setup is wrong. */
export function isSetupError(error: unknown): boolean {
  return RerankError.is(error) && SETUP.has(error.code)
}

/** Whether nobody waits for an answer to this call any more. */
export function hasGivenUp(call: Call): boolean {
  return call.signal.aborted || call.now() >= call.deadline
}

/** Whether it was the deadline, and not the caller, that ended a call or one scorer's part in it. */
export function isDeadline(error: unknown): boolean {
  return RerankError.is(error) && error.code === 'deadline'
}

/** Anything that was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error
    ? thrown
    : new RerankError('scorer', `A scorer rejected with ${typeof thrown}: reject with an Error.`, { cause: thrown })
}
