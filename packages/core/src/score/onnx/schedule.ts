import { RerankError } from '../../errors.js'
import { count } from '../../stats.js'
import { stillWanted } from '../encode/runner.js'
import type { OpenedRunner } from './provider-order.js'
import type { GraphSession } from './session.js'

/**
 * Runs the pairs one at a time in this thread. A batch would pad every pair to the longest, fall out of the cache and,
 * in int8, let neighbours change a score through the shared activation scale; one pair a run does none of that, and the
 * event loop turns between pairs.
 */
export function inThisThread(session: GraphSession): OpenedRunner {
  let closed = false
  const underWay = new Set<Promise<number>>()
  return {
    opened: session.opened,
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
