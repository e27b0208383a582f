import type { Call } from '../../types.js'
import { RerankError } from '../../errors.js'
import { count } from '../../stats.js'
import type { EncodedPair } from './pairs.js'
import type { GraphSession } from './session.js'

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

/**
 * Runs the pairs one at a time in this thread. A batch would pad every pair to the longest, fall out of the cache and,
 * in int8, let neighbours change a score through the shared activation scale; one pair a run does none of that, and the
 * event loop turns between pairs.
 */
export function inThisThread(session: GraphSession): PairRunner {
  let closed = false
  const underWay = new Set<Promise<number>>()
  return {
    async run(pairs, call) {
      const logits = new Float64Array(pairs.length)
      for (let at = 0; at < pairs.length; at++) {
        stillWanted(call)
        if (closed) throw new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
        const { ids, secondSegmentStart } = pairs.pair(at)
        const run = session.run(ids, secondSegmentStart)
        underWay.add(run)
        logits[at] = await run.finally(() => underWay.delete(run))
        count(call, 'runs', 1)
      }
      call.signal.throwIfAborted()
      return logits
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await session.release()
    },
  }
}
