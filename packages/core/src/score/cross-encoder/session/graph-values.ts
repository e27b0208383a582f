import { readFile } from 'node:fs/promises'
import type { InferenceSession } from 'onnxruntime-node'
import type { ValueMessage } from '../lean/onnx.js'

/** An input or output of a graph, as the graph itself describes it. A dimension that is free is a name, or empty. */
export type GraphValue = InferenceSession['inputMetadata'][number]

/** The inputs and outputs of a graph, in the order of the session's own names. */
export interface GraphValues {
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
}

/** The names of TensorProto.DataType, as onnxruntime gives them. */
const TYPES: Readonly<Record<number, string>> = {
  1: 'float32',
  2: 'uint8',
  3: 'int8',
  4: 'uint16',
  5: 'int16',
  6: 'int32',
  7: 'int64',
  8: 'string',
  9: 'bool',
  10: 'float16',
  11: 'float64',
  12: 'uint32',
  13: 'uint64',
}

/** Reads the inputs and outputs from an ONNX file. */
export async function readGraphValues(graphPath: string): Promise<GraphValues> {
  const { readValues } = await import('../lean/onnx.js')
  const { inputs = [], outputs = [] } = await readValues(await readFile(graphPath))
  return { inputs: inputs.map(valueIn), outputs: outputs.map(valueIn) }
}

function valueIn({ name = '', type }: ValueMessage): GraphValue {
  if (type?.tensor === undefined) return { name, isTensor: false }
  const { element = 0, shape } = type.tensor
  const dimensions = (shape?.dimensions ?? []).map((dimension) => dimension.size ?? dimension.name ?? '')
  return { name, isTensor: true, type: TYPES[element] ?? 'undefined', shape: dimensions } as GraphValue
}
