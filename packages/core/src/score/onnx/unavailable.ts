import { RerankError } from '../../errors.js'
import type { CrossEncoder, CrossEncoderOptions } from './cross-encoder.js'

export type { CrossEncoder, CrossEncoderOptions } from './cross-encoder.js'

/**
 * Stands in for the cross-encoder where a bundle is made for browsers and edge runtimes (`#onnx` in package.json).
 *
 * @throws RerankError `'runtime'`, always.
 */
export function crossEncoder(_options?: CrossEncoderOptions): CrossEncoder {
  const fix = "use scorer: transformers({ model: '/models/model-en-mini/' }), with the model's files on your own server"
  throw new RerankError(
    'runtime',
    `crossEncoder() and the bundled model need Node.js and onnxruntime-node, which browsers and edge runtimes lack: ${fix}.`,
  )
}
