import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../errors.js'
import { type Head, checkOutput, scoreOf } from '../encode/head.js'

/**
 * The output that holds the scores: `logits`, else the first.
 *
 * @throws RerankError `'model-files'` when there is none or it does not hold what the head reads.
 */
export function chooseOutput(session: InferenceSession, head: Head, graphPath: string): string {
  const name = session.outputNames.includes('logits') ? 'logits' : session.outputNames[0]
  if (name === undefined) throw new RerankError('model-files', `${graphPath} has no output: export it again.`)
  const info = session.outputMetadata[session.outputNames.indexOf(name)]
  checkOutput(head, { name, dims: info?.isTensor ? info.shape : [] }, graphPath)
  return name
}

/** The score in one output. Half floats become floats first: nothing is computed with eleven bits. */
export function readScore(head: Head, tensor: Tensor): number {
  const data = tensor.data as ArrayLike<number>
  const isHalf = tensor.type === 'float16' && data instanceof Uint16Array
  return scoreOf(head, tensor.dims, isHalf ? (at) => floatOf(data[at] as number) : (at) => Number(data[at]))
}

/** The number that sixteen bits stand for (IEEE 754 binary16). */
export function floatOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
