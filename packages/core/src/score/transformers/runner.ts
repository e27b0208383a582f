import { RerankError } from '../../errors.js'
import { nextTurn } from '../../turn.js'
import { type Head, checkOutput, scoreOf } from '../encode/head.js'
import { numbersOf } from '../encode/half.js'
import { oneByOne } from '../encode/one-by-one.js'
import type { PairRunner } from '../encode/runner.js'
import type { LoadedModelFields } from './identity.js'
import type { LoadedParts } from './load.js'
import { feedsFor } from './feeds.js'

/** Runs the pairs one at a time, and lets the event loop turn after each, which a page needs to stay alive. */
export function runnerOf(parts: LoadedParts, head: Head): PairRunner {
  const feeds = feedsFor(parts.model as LoadedModelFields, parts.tensor)
  return oneByOne({
    score: async (pair) => scoreIn(await parts.model(feeds(pair)).catch(failed), head),
    release: () => parts.dispose(),
    turn: nextTurn,
  })
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
