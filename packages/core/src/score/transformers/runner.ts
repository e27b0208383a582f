import { RerankError } from '../../errors.js'
import { count } from '../../stats.js'
import { nextTurn } from '../../turn.js'
import { type Head, checkOutput, scoreOf } from '../encode/head.js'
import { numbersOf } from '../encode/half.js'
import type { EncodedPair } from '../encode/pairs.js'
import { type PairRunner, stillWanted } from '../encode/runner.js'
import type { LoadedModelFields } from './identity.js'
import type { LoadedParts } from './load.js'
import { feedsFor } from './feeds.js'

/**
 * Runs the pairs one at a time. A batch would pad every pair to the longest, and in int8 one scale would cover all of its
 * activations, so that neighbours changed a score. The event loop turns after each run, which a page needs to stay alive.
 */
export function oneByOne(parts: LoadedParts, head: Head): PairRunner {
  const feeds = feedsFor(parts.model as LoadedModelFields, parts.tensor)
  let closed = false
  const underWay = new Set<Promise<unknown>>()
  const runOne = async (pair: EncodedPair): Promise<number> => {
    const run = parts.model(feeds(pair))
    underWay.add(run)
    return scoreIn(await run.catch(failed).finally(() => underWay.delete(run)), head)
  }
  return {
    async run(pairs, call) {
      const logits = new Float64Array(pairs.length)
      for (let at = 0; at < pairs.length; at++) {
        stillWanted(call)
        if (closed) throw new RerankError('closed', 'The scorer was closed while it was scoring: make a new one.')
        logits[at] = await runOne(pairs.pair(at))
        count(call, 'runs', 1)
        await nextTurn()
      }
      call.signal.throwIfAborted()
      return logits
    },
    async close() {
      closed = true
      await Promise.allSettled(underWay)
      await parts.dispose()
    },
  }
}

/** onnxruntime-web throws bare numbers when it is out of memory. */
function failed(cause: unknown): never {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const fix = 'see the cause; out of memory, a smaller maxLength helps'
  throw new RerankError('scorer', `transformers.js failed to run the model (${reason}): ${fix}.`, { cause })
}

function scoreIn(answer: unknown, head: Head): number {
  const { logits } = (answer ?? {}) as { logits?: Logits }
  if (logits === undefined) {
    throw new RerankError('model-files', 'The model gives no logits: a cross-encoder is needed.')
  }
  checkOutput(head, { name: 'logits', dims: logits.dims }, 'The model')
  return scoreOf(head, logits.dims, numbersOf(logits))
}

interface Logits {
  readonly type: string
  readonly data: ArrayLike<number>
  readonly dims: number[]
}
