import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { InferenceSession } from 'onnxruntime-node'
import type { Provider } from './providers.js'

/** What else the options depend on. */
interface Opening {
  readonly provider: Provider
  readonly spinning: boolean
}

/** The options that depend on what kind of graph a file holds, and on what will run it. */
export function sessionOptionsFor(graphPath: string, { provider, spinning }: Opening): InferenceSession.SessionOptions {
  // Waiting threads would burn a core between runs, which a server needs for something else.
  const intra_op = { allow_spinning: spinning ? '1' : '0' }
  if (isWrittenHere(graphPath)) return forLeanGraph(intra_op)
  return provider === 'cpu'
    ? forStockGraph(intra_op)
    : { graphOptimizationLevel: 'all', extra: { session: { intra_op } } }
}

type IntraOp = Readonly<Record<string, string>>

/** Nothing is left to fuse in a lean graph, and its int8 weights keep within 64: looking for either takes 0.1 s. */
function forLeanGraph(intra_op: IntraOp): InferenceSession.SessionOptions {
  return { graphOptimizationLevel: 'basic', extra: { session: { intra_op } } }
}

function forStockGraph(intra_op: IntraOp): InferenceSession.SessionOptions {
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

/** Far more than the properties that training/export writes at the end of a file. */
const TAIL_BYTES = 4096

/** Whether training/export wrote the graph: it leaves a property of this name at the end of the file. */
function isWrittenHere(graphPath: string): boolean {
  const handle = openSync(graphPath, 'r')
  try {
    const tail = Buffer.alloc(TAIL_BYTES)
    readSync(handle, tail, 0, TAIL_BYTES, Math.max(0, fstatSync(handle).size - TAIL_BYTES))
    return tail.includes('secondpass.format')
  } finally {
    closeSync(handle)
  }
}
