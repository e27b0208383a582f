import type { Tensor } from 'onnxruntime-node'
import { RerankError } from '../../base/errors.js'
import {
  type Opened,
  type OpenedGraph,
  openGraph,
  type SessionOptions,
  valuesOf,
} from '../cross-encoder/session/node.js'
import type { GraphValues } from '../cross-encoder/session/graph-values.js'
import { intTensor, onlyOne, intTypeOf, type TensorClass } from '../cross-encoder/session/tensors.js'
import type { TokenVectors } from './documents.js'
import type { EncodedText } from './encoder.js'

/** One opened graph that gives a vector per token. `run` blocks the thread it is called on while it computes. */
export interface VectorSession {
  /** What computes. */
  readonly opened: Opened
  /** The vectors at the kept places, of length 1 each. */
  run(text: EncodedText): Promise<TokenVectors>
  release(): Promise<void>
}

/**
 * Opens a graph that gives one vector per token.
 *
 * @throws RerankError `'runtime'` when onnxruntime-node cannot be loaded here, `'model-files'` when the graph cannot be
 * opened or has inputs or outputs that no rule here covers.
 */
export async function openVectorSession(
  options: Pick<SessionOptions, 'graphPath' | 'threads' | 'providers'>,
): Promise<VectorSession> {
  const graph = await openGraph(options)
  const values = await valuesOf(graph.session, options.graphPath)
  const output = tokenOutput(values, options.graphPath)
  const feeds = createFeeds(graph, values, options.graphPath)
  let released = false
  return {
    opened: graph.opened,
    async run(text) {
      const answer = await graph.session.run(feeds(text), [output])
      return keepAndNormalize(onlyOne(answer), text, options.graphPath)
    },
    async release() {
      if (released) return
      released = true
      await graph.session.release()
    },
  }
}

const OUTPUTS = ['token_embeddings', 'last_hidden_state', 'embeddings', 'contextual', 'output']

function tokenOutput({ outputs }: GraphValues, graphPath: string): string {
  const outputNames = outputs.map(({ name }) => name)
  const name = OUTPUTS.find((known) => outputNames.includes(known)) ?? outputNames[0]
  const info = outputs[outputNames.indexOf(name ?? '')]
  if (name !== undefined && info?.isTensor && info.type === 'float32' && info.shape.length === 3) return name
  const fix = 'export it with one float32 output [batch, tokens, dimensions], the projection included'
  throw new RerankError('model-files', `${graphPath} has the outputs ${outputNames.join(', ')}: ${fix}.`)
}

/** What stands at a place of each input: fillers are not seen by the other tokens, and there is one segment. */
const VALUES: Readonly<Record<string, (text: EncodedText, at: number) => number>> = {
  input_ids: ({ ids }, at) => ids[at] as number,
  attention_mask: ({ seen }, at) => (at < seen ? 1 : 0),
  token_type_ids: () => 0,
}

function createFeeds(
  { session, Tensor }: OpenedGraph,
  { inputs: described }: GraphValues,
  graphPath: string,
): (text: EncodedText) => Record<string, Tensor> {
  const unknown = session.inputNames.filter((name) => VALUES[name] === undefined)
  if (!session.inputNames.includes('attention_mask') || unknown.length > 0) {
    const fix = 'export it with input_ids, attention_mask and perhaps token_type_ids'
    throw new RerankError('model-files', `${graphPath} has the inputs ${session.inputNames.join(', ')}: ${fix}.`)
  }
  const inputs = session.inputNames.map((name, at) => ({ name, type: intTypeOf(described[at]) }))
  return (text) => {
    const entries = inputs.map(({ name, type }): [string, object] => {
      const valueAt = VALUES[name] as (typeof VALUES)[string]
      return [
        name,
        intTensor(Tensor as unknown as TensorClass, { type, dims: [1, text.ids.length] }, (at) => valueAt(text, at)),
      ]
    })
    return Object.fromEntries(entries) as Record<string, Tensor>
  }
}

/** Smaller lengths count as this, as in the reference: a vector of zeros stays one. */
const SMALLEST_LENGTH = 1e-12

function keepAndNormalize(output: Tensor, { ids, kept }: EncodedText, graphPath: string): TokenVectors {
  const [, rows, dimensions] = output.dims
  if (rows !== ids.length || dimensions === undefined) {
    const fix = 'it must give one vector per token'
    throw new RerankError('model-files', `${graphPath} gave [${output.dims.join()}] for ${ids.length} tokens: ${fix}.`)
  }
  const all = output.data as Float32Array
  const data = new Float32Array(kept.length * dimensions)
  for (const [row, place] of kept.entries()) {
    let squares = 0
    for (let at = place * dimensions; at < (place + 1) * dimensions; at++) squares += (all[at] as number) ** 2
    const length = Math.max(Math.sqrt(squares), SMALLEST_LENGTH)
    for (let i = 0; i < dimensions; i++) data[row * dimensions + i] = (all[place * dimensions + i] as number) / length
  }
  return { rows: kept.length, dimensions, data }
}
