import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import type { InferenceSession } from 'onnxruntime-node'

/** An input or output of a graph, as the graph itself describes it. A dimension that is free is a name, or empty. */
export type GraphValue = InferenceSession['inputMetadata'][number]

/** The inputs and outputs of a graph, in the order of the session's own names. */
export interface GraphValues {
  readonly inputs: readonly GraphValue[]
  readonly outputs: readonly GraphValue[]
}

// The fields of onnx.proto3 that lead to them.
const MODEL = { graph: 7 }
const GRAPH = { input: 11, output: 12 }
const VALUE = { name: 1, type: 2 }
const TYPE = { tensor: 1 }
const TENSOR = { elementType: 1, shape: 2 }
const SHAPE = { dimension: 1 }
const DIMENSION = { size: 1, name: 2 }

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

/** Reads the inputs and outputs from an ONNX file, and of everything else, weights above all, only how long it is. */
export function readGraphValues(graphPath: string): GraphValues {
  const descriptor = openSync(graphPath, 'r')
  try {
    const file = new FileBytes(descriptor)
    const model = fields(file, 0, fstatSync(descriptor).size)
    const graph = [...model].find(({ number, isBytes }) => number === MODEL.graph && isBytes)
    const found = { inputs: [] as GraphValue[], outputs: [] as GraphValue[] }
    if (graph === undefined) return found
    for (const { number, start, end } of fields(file, graph.start, graph.end)) {
      if (number === GRAPH.input) found.inputs.push(valueIn(file, start, end))
      if (number === GRAPH.output) found.outputs.push(valueIn(file, start, end))
    }
    return found
  } finally {
    closeSync(descriptor)
  }
}

function valueIn(file: FileBytes, start: number, end: number): GraphValue {
  const parts = [...fields(file, start, end)]
  const name = textOf(file, parts, VALUE.name)
  const types = parts.filter(({ number }) => number === VALUE.type)
  const tensor = types
    .flatMap((type) => [...fields(file, type.start, type.end)])
    .find(({ number }) => number === TYPE.tensor)
  if (tensor === undefined) return { name, isTensor: false }
  const ofTensor = [...fields(file, tensor.start, tensor.end)]
  const elementType = ofTensor.find(({ number }) => number === TENSOR.elementType)?.value ?? 0
  const shapes = ofTensor.filter(({ number }) => number === TENSOR.shape)
  const dimensions = shapes.flatMap((shape) =>
    [...fields(file, shape.start, shape.end)].filter(({ number }) => number === SHAPE.dimension),
  )
  const shape = dimensions.map((dimension) => {
    const ofDimension = [...fields(file, dimension.start, dimension.end)]
    const size = ofDimension.find(({ number }) => number === DIMENSION.size)
    return size === undefined ? textOf(file, ofDimension, DIMENSION.name) : size.value
  })
  return { name, isTensor: true, type: TYPES[elementType] ?? 'undefined', shape } as GraphValue
}

function textOf(file: FileBytes, parts: readonly Field[], number: number): string {
  const part = parts.find((one) => one.number === number)
  return part === undefined ? '' : file.text(part.start, part.end)
}

/** A field of a protobuf message: where its bytes are, or its number. */
interface Field {
  readonly number: number
  readonly isBytes: boolean
  readonly start: number
  readonly end: number
  readonly value: number
}

/** The fields of the message between two places of a file. */
function* fields(file: FileBytes, from: number, to: number): Generator<Field> {
  for (let at = from; at < to;) {
    const key = file.varint(at)
    const [number, wire] = [Math.floor(key.value / 8), key.value % 8]
    if (wire === 0) {
      const { value, end } = file.varint(key.end)
      yield { number, isBytes: false, start: key.end, end, value }
      at = end
    } else if (wire === 2) {
      const length = file.varint(key.end)
      const end = length.end + length.value
      yield { number, isBytes: true, start: length.end, end, value: 0 }
      at = end
    } else if (wire === 1 || wire === 5) {
      at = key.end + (wire === 1 ? 8 : 4)
    } else return // No message goes on like this; the runtime, which opened the file, knows better.
  }
}

const WINDOW_BYTES = 1 << 16

/** The bytes of a file at any place, read in windows: most of a graph is skipped. */
class FileBytes {
  readonly #descriptor: number
  readonly #window = Buffer.alloc(WINDOW_BYTES)
  #start = 0
  #length = 0

  constructor(descriptor: number) {
    this.#descriptor = descriptor
  }

  /** A number of protobuf, which is exact up to 2^53, and the place after it. */
  varint(at: number): { readonly value: number; readonly end: number } {
    let value = 0
    for (let place = 0; place < 10; place++) {
      const byte = this.#byte(at + place)
      value += (byte & 0x7f) * 2 ** (7 * place)
      if (byte < 0x80) return { value, end: at + place + 1 }
    }
    return { value, end: at + 10 }
  }

  text(start: number, end: number): string {
    return Buffer.from(Array.from({ length: end - start }, (_, at) => this.#byte(start + at))).toString('utf8')
  }

  #byte(at: number): number {
    if (at < this.#start || at >= this.#start + this.#length) {
      this.#start = at
      this.#length = readSync(this.#descriptor, this.#window, 0, WINDOW_BYTES, at)
    }
    return this.#window[at - this.#start] ?? 0
  }
}
