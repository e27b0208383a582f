import { nextTurn } from '../../base/clock.js'
import { RerankError } from '../../base/errors.js'
import type { EncodedPair } from '../cross-encoder/pairs.js'
import { oneByOne, type PairRunner } from '../cross-encoder/runner.js'
import { checkOutput, type Head, numbersOf, scoreOf } from '../cross-encoder/scoring.js'
import type { LoadedParts, TensorClass } from './load.js'
import type { LoadedModelFields } from './options.js'

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

type Feeds = (pair: EncodedPair) => Record<string, object>

const STOCK = ['input_ids', 'attention_mask', 'token_type_ids', 'position_ids']

/**
 * The inputs that the graph asks for, by their names. Segment ids are fed if and only if there is such an input, and then
 * real ones: transformers.js itself would fill in zeros and say nothing.
 *
 * - the graphs of secondpass: `token_ids`, `position_type_ids` (position + segment * positions), int32 [length]
 * - stock graphs: `input_ids`, and where present the others of the list, [1, length]
 */
export function feedsFor({ config, sessions }: LoadedModelFields, tensor: TensorClass): Feeds {
  const session = sessions?.['model']
  const names = session?.inputNames ?? []
  if (names.includes('token_ids') && names.includes('position_type_ids')) {
    return leanFeeds(tensor, config?.max_position_embeddings ?? 512)
  }
  if (!names.includes('input_ids') || names.some((name) => !STOCK.includes(name))) {
    const fix = `a cross-encoder with ${STOCK.join(', ')} is needed, or one that training/export wrote`
    throw new RerankError('model-files', `The model has the inputs ${names.join(', ') || '(none)'}: ${fix}.`)
  }
  const int32 = new Set(session?.inputMetadata?.filter(({ type }) => type === 'int32').map(({ name }) => name))
  return ({ ids, secondSegmentStart }) => {
    const values: Record<string, (at: number) => number> = {
      input_ids: (at) => ids[at] as number,
      attention_mask: () => 1,
      token_type_ids: (at) => (at < secondSegmentStart ? 0 : 1),
      position_ids: (at) => at,
    }
    const dims = [1, ids.length]
    const feed = (name: string): object => {
      const numbers = Int32Array.from(ids, (_, at) => (values[name] as (at: number) => number)(at))
      return int32.has(name)
        ? new tensor('int32', numbers, dims)
        : new tensor('int64', BigInt64Array.from(numbers, BigInt), dims)
    }
    return Object.fromEntries(names.map((name) => [name, feed(name)]))
  }
}

function leanFeeds(tensor: TensorClass, positions: number): Feeds {
  return ({ ids, secondSegmentStart }) => {
    const places = Int32Array.from(ids, (_, at) => (at < secondSegmentStart ? at : at + positions))
    const dims = [ids.length]
    return { token_ids: new tensor('int32', ids, dims), position_type_ids: new tensor('int32', places, dims) }
  }
}
