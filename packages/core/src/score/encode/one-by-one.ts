import { RerankError } from '../../errors.js'
import { count } from '../../stats.js'
import type { EncodedPair } from './pairs.js'
import { type PairRunner, stillWanted } from './runner.js'

/** A model that is open. */
export interface OpenModel {
  /** The logit of one pair. */
  score(pair: EncodedPair): Promise<number>
  release(): Promise<void>
  /** Awaited after each run, for a runtime that does not let the event loop turn by itself. */
  turn?(): Promise<void>
}

/**
 * Runs the pairs one at a time. A batch would pad every pair to the longest, and in int8 one activation scale would cover
 * all of it, so that neighbours changed a score; the signal and the clock are looked at in between. Closing waits for the
 * run under way.
 */
export function oneByOne(model: OpenModel): PairRunner {
  let closed = false
  const underWay = new Set<Promise<number>>()
  return {
    async run(pairs, call) {
      const logits = new Float64Array(pairs.length)
      for (let at = 0; at < pairs.length; at++) {
        stillWanted(call)
        if (closed) throw new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
        const run = model.score(pairs.pair(at))
        underWay.add(run)
        logits[at] = await run.finally(() => underWay.delete(run))
        count(call, 'runs', 1)
        await model.turn?.()
      }
      call.signal.throwIfAborted()
      return logits
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await model.release()
    },
  }
}
