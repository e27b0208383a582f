import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../errors.js'

type Input = InferenceSession['inputMetadata'][number]

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
