import type { Call } from '../../types.js'
import { RerankError } from '../../errors.js'
import type { EncodedPair } from './pairs.js'

/** The pairs of one request; each is encoded when it is asked for. */
export interface PairSource {
  readonly length: number
  pair(at: number): EncodedPair
}

/** Computes the logits of many pairs: in this thread or in workers. */
export interface PairRunner {
  /** One logit per pair, in order; rejects when the call is aborted or its deadline passes. */
  run(pairs: PairSource, call: Call): Promise<Float64Array>
  close(): Promise<void>
}

/**
 * Rejects work that nobody waits for any more. Looked at between runs, since a run cannot be interrupted.
 *
 * @throws the signal's reason, or RerankError `'deadline'`.
 */
export function stillWanted(call: Call): void {
  call.signal.throwIfAborted()
  if (call.now() >= call.deadline) throw deadlinePassed()
}

/** The error for work that was not done in time. */
export function deadlinePassed(): RerankError {
  return new RerankError(
    'deadline',
    'The deadline passed before every text was scored: allow more time or fewer texts.',
  )
}
