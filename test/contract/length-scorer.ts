import { RerankError } from '../../packages/core/src/base/errors.ts'
import type { Scorer } from '../../packages/core/src/types.ts'

/** The smallest scorer that keeps the contract: the length of the text. */
export function lengthScorer(): Scorer<'pair'> {
  let closed = false
  return {
    id: 'length',
    scope: 'pair',
    toProbability: (score) => Math.min(1, Math.max(0, score / 1e5)),
    async score(_query, texts, call) {
      call.signal.throwIfAborted()
      if (closed) throw new RerankError('closed', 'The scorer was closed.')
      if (call.now() >= call.deadline) throw new RerankError('deadline', 'The deadline passed.')
      return texts.map((text) => text.length)
    },
    async close() {
      closed = true
    },
  }
}
