import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { InferenceSession } from 'onnxruntime-node'
import type { Provider } from './providers.js'

/** The options that depend on what kind of graph a file holds, and on what will run it. */
export function graphOptionsFor(
  isLean: boolean,
  provider: Provider,
  spinning: boolean,
): InferenceSession.SessionOptions {
  // Waiting threads would burn a core between runs, which a server needs for something else.
  const intra_op = { allow_spinning: spinning ? '1' : '0' }
  const session = { intra_op }
  // Nothing is left to fuse in a lean graph, and its int8 weights keep within 64: looking for either takes 0.1 s.
  if (isLean) return { graphOptimizationLevel: 'basic', extra: { session } }
  if (provider !== 'cpu') return { graphOptimizationLevel: 'all', extra: { session } }
  return {
    graphOptimizationLevel: 'all',
    extra: {
      // Without VNNI, int8 weights beyond 64 overflow 16-bit sums and the scores come out wrong; this takes the exact way
      // for such weights, which the usual int8 files have.
      session: { intra_op, x64quantprecision: '1' },
      // On CPU the fused Add + LayerNormalization is slower than the two apart: 1.22 times over a whole graph.
      optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
    },
  }
}

/** Far more than the properties that are at the end of a lean graph. */
const TAIL_BYTES = 4096

/** Whether a graph is lean already: training/export and lean/graph.ts leave a property of this name at the end of the file. */
export function isWrittenHere(graphPath: string): boolean {
  const handle = openSync(graphPath, 'r')
  try {
    const tail = Buffer.alloc(TAIL_BYTES)
    readSync(handle, tail, 0, TAIL_BYTES, Math.max(0, fstatSync(handle).size - TAIL_BYTES))
    return tail.includes('secondpass.format')
  } finally {
    closeSync(handle)
  }
}
