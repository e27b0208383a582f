import type { InferenceSession, Tensor } from 'onnxruntime-node'
import { RerankError } from '../../errors.js'
import { numbersOf } from '../encode/half.js'
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

/** The score in one output. */
export function readScore(head: Head, { type, data, dims }: Tensor): number {
  return scoreOf(head, dims, numbersOf({ type, data: data as ArrayLike<unknown> }))
}
