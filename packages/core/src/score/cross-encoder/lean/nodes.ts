import {
  type AttributeMessage,
  type ModelMessage,
  type NodeMessage,
  type TensorMessage,
  TYPES,
  type ValueMessage,
} from './onnx.js'
import type { Matrix } from './weights.js'

/** The operators of onnxruntime's own. */
const MICROSOFT = 'com.microsoft'
const OF_MICROSOFT = new Set(['DynamicQuantizeMatMul', 'FusedMatMul', 'Gelu', 'RotaryEmbedding'])

/** AttributeProto.AttributeType. */
const FLOAT = 1
const INT = 2
const INTS = 7

interface Extra {
  readonly attributes?: Readonly<Record<string, number | readonly number[] | { readonly float: number }>>
  /** The name of what comes out; made up where there is none. */
  readonly output?: string
  /** How many come out. */
  readonly outputs?: number
}

/** A small writer of graphs: each call adds a node or a constant, and returns the name of what comes out. */
export class Nodes {
  readonly #nodes: NodeMessage[] = []
  readonly #constants: TensorMessage[] = []
  readonly #shapes = new Map<string, string>()

  /** @returns the name of its one output */
  add(kind: string, inputs: readonly string[], extra: Extra = {}): string {
    return this.addMany(kind, inputs, extra)[0] as string
  }

  addMany(kind: string, inputs: readonly string[], { attributes = {}, output, outputs = 1 }: Extra): readonly string[] {
    const name = `${kind}${this.#nodes.length}`
    const names = outputs === 1 ? [output ?? name] : Array.from({ length: outputs }, (_, at) => `${name}_${at}`)
    this.#nodes.push({
      inputs,
      outputs: names,
      name,
      kind,
      ...(OF_MICROSOFT.has(kind) && { domain: MICROSOFT }),
      attributes: Object.entries(attributes).map(([key, value]) => attribute(key, value)),
    })
    return names
  }

  floats(values: Float32Array, ...dims: number[]): string {
    return this.#constant(TYPES.float32, values, dims.length === 0 ? [values.length] : dims)
  }

  matrix({ rows, columns, values }: Matrix): string {
    return this.floats(values, rows, columns)
  }

  bytes(values: Int8Array, ...dims: number[]): string {
    return this.#constant(TYPES.int8, values, dims)
  }

  indices(numbers: readonly number[]): string {
    return this.#constant(TYPES.int32, Int32Array.from(numbers), [numbers.length])
  }

  /** Sizes or places, int64. */
  shape(...sizes: number[]): string {
    const key = sizes.join()
    const known = this.#shapes.get(key)
    if (known !== undefined) return known
    const name = this.#constant(TYPES.int64, BigInt64Array.from(sizes, BigInt), [sizes.length])
    this.#shapes.set(key, name)
    return name
  }

  #constant(type: number, { buffer, byteOffset, byteLength }: ArrayBufferView, dims: readonly number[]): string {
    const name = `c${this.#constants.length}`
    this.#constants.push({ dims, type, name, raw: new Uint8Array(buffer, byteOffset, byteLength) })
    return name
  }

  /** The finished model: {@link tokenInputs} in, `outputs` (float32) out. */
  model(outputs: readonly ValueMessage[], properties: Readonly<Record<string, string>>): ModelMessage {
    return {
      irVersion: 9,
      producer: 'secondpass',
      graph: {
        nodes: this.#nodes,
        name: 'secondpass-lean',
        constants: this.#constants,
        inputs: ['token_ids', 'position_type_ids'].map((name) => valueOf(name, TYPES.int32, ['L'])),
        outputs,
      },
      opsets: [
        { domain: '', version: 17 },
        { domain: MICROSOFT, version: 1 },
      ],
      properties: Object.entries(properties).map(([key, value]) => ({ key, value })),
    }
  }
}

/** An input or output; a size that varies is a name. */
export function valueOf(name: string, element: number, sizes: readonly (number | string)[]): ValueMessage {
  const dimensions = sizes.map((size) => (typeof size === 'string' ? { name: size } : { size }))
  return { name, type: { tensor: { element, shape: { dimensions } } } }
}

function attribute(name: string, value: number | readonly number[] | { readonly float: number }): AttributeMessage {
  if (typeof value === 'number') return { name, int: value, type: INT }
  if ('float' in value) return { name, float: value.float, type: FLOAT }
  return { name, ints: value, type: INTS }
}
