import type { InferenceSession, Tensor, TypedTensor } from 'onnxruntime-node'
import { RerankError } from '../../../base/errors.js'

type TensorClass = new (
  type: 'int32' | 'int64',
  data: Int32Array | BigInt64Array,
  dims: readonly number[],
) => TypedTensor<'int32' | 'int64'>

/** Builds the inputs of one pair. */
export type Feeds = (ids: Int32Array, secondSegmentStart: number) => Record<string, Tensor>

interface FeedOptions {
  readonly graphPath: string
  readonly maxPositions: number
}

/** Of a stock graph: what is fed at each place of a pair. */
const PER_TOKEN = new Set(['input_ids', 'attention_mask', 'token_type_ids', 'position_ids'])
/** Of how many places a language model shall give its numbers: the last is enough. */
const LAST_ONLY = new Set(['num_logits_to_keep', 'logits_to_keep'])

/**
 * Reads from the graph which inputs it has, and gives the function that fills them. Segment ids are fed if and only if
 * the graph asks, and then as real 0/1 values: zeros would change every score of a BERT model.
 *
 * - lean graph: `token_ids` and `position_type_ids` (position + segment * maxPositions), int32 [length]
 * - stock graph: `input_ids`, and where present `attention_mask`, `token_type_ids`, `position_ids`, int64 or int32
 *   [1, length]; for language models `past_key_values.*`, which is empty, and `num_logits_to_keep`, which is 1
 */
export function createFeeds(TensorType: unknown, session: InferenceSession, options: FeedOptions): Feeds {
  const tensor = TensorType as TensorClass
  const names = session.inputNames
  if (names.includes('token_ids') && names.includes('position_type_ids')) return leanFeeds(tensor, options.maxPositions)
  const unknown = names.filter((name) => !PER_TOKEN.has(name) && !LAST_ONLY.has(name) && !isPast(name))
  if (!names.includes('input_ids') || unknown.length > 0) {
    const odd = unknown.length > 0 ? ` (${unknown.join(', ')} is not known here)` : ''
    const fix = 'export it with input_ids, attention_mask and token_type_ids, or with training/export'
    throw new RerankError('model-files', `${options.graphPath} has the inputs ${names.join(', ')}${odd}: ${fix}.`)
  }
  return stockFeeds(tensor, session, options.graphPath)
}

function leanFeeds(TensorType: TensorClass, maxPositions: number): Feeds {
  return (ids, secondSegmentStart) => {
    const places = new Int32Array(ids.length)
    for (let at = 0; at < ids.length; at++) places[at] = at < secondSegmentStart ? at : at + maxPositions
    const dims = [ids.length]
    return { token_ids: new TensorType('int32', ids, dims), position_type_ids: new TensorType('int32', places, dims) }
  }
}

type Input = InferenceSession['inputMetadata'][number]

function stockFeeds(TensorType: TensorClass, session: InferenceSession, graphPath: string): Feeds {
  const fixed = Object.fromEntries(session.inputMetadata.flatMap((input) => fixedInput(TensorType, input, graphPath)))
  const perToken = session.inputMetadata.filter(({ name }) => PER_TOKEN.has(name))
  return (ids, secondSegmentStart) => {
    const values: Record<string, (at: number) => number> = {
      input_ids: (at) => ids[at] as number,
      attention_mask: () => 1,
      token_type_ids: (at) => (at < secondSegmentStart ? 0 : 1),
      position_ids: (at) => at,
    }
    const entries = perToken.map((input): [string, Tensor] => {
      const type = typeOf(input)
      const data = fill(ids.length, type, values[input.name] as (at: number) => number)
      return [input.name, new TensorType(type, data, [1, ids.length]) as Tensor]
    })
    return { ...fixed, ...Object.fromEntries(entries) }
  }
}

/** An input that is the same for every pair, with its name. */
function fixedInput(TensorType: TensorClass, input: Input, graphPath: string): [string, Tensor][] {
  if (isPast(input.name)) return [[input.name, emptyPast(TensorType, input, graphPath)]]
  if (!LAST_ONLY.has(input.name)) return []
  const type = typeOf(input)
  const dims = input.isTensor && input.shape.length === 1 ? [1] : []
  return [
    [
      input.name,
      new TensorType(
        type,
        fill(1, type, () => 1),
        dims,
      ) as Tensor,
    ],
  ]
}

function typeOf(input: Input): 'int32' | 'int64' {
  return input.isTensor && input.type === 'int32' ? 'int32' : 'int64'
}

/** Values are never negative, so the low half of each 64-bit number is written through a 32-bit view: no BigInt made. */
function fill(length: number, type: 'int32' | 'int64', valueAt: (at: number) => number): Int32Array | BigInt64Array {
  if (type === 'int32') return Int32Array.from({ length }, (_, at) => valueAt(at))
  const wide = new BigInt64Array(length)
  const low = new Int32Array(wide.buffer)
  for (let at = 0; at < length; at++) low[2 * at] = valueAt(at)
  return wide
}

/** Whether an input takes what a language model remembers of earlier tokens: `past_key_values.0.key` and so on. */
export function isPast(name: string): boolean {
  return name.startsWith('past_key_values.')
}

/**
 * A memory of no tokens, since every pair is read from its start: [1, heads, 0, size].
 *
 * @throws RerankError `'model-files'` when the graph does not say how many heads of what size there are.
 */
export function emptyPast(TensorType: unknown, input: Input, graphPath: string): Tensor {
  const shape = input.isTensor ? input.shape : []
  const [, heads, , size] = shape
  const type = input.isTensor ? input.type : ''
  if (shape.length !== 4 || typeof heads !== 'number' || typeof size !== 'number' || !isFloat(type)) {
    const seen = `${graphPath} has the input ${input.name} (${type || 'no tensor'} [${shape.join(', ')}])`
    const fix = 'it should be a tensor of floats [batch, heads, length, size]; export the model without past_key_values'
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  const Class = TensorType as new (type: string, data: object, dims: readonly number[]) => Tensor
  return new Class(type, type === 'float16' ? new Uint16Array(0) : new Float32Array(0), [1, heads, 0, size])
}

function isFloat(type: string): boolean {
  return type === 'float32' || type === 'float16'
}
