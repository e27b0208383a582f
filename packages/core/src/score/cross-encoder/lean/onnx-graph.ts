import { type AttributeMessage, type ModelMessage, type NodeMessage, type TensorMessage, TYPES } from './onnx.js'
import { type Matrix, NotLean, transposed } from './weights.js'

/** A graph that was read, to be asked what a value is made of. Names are those of the file. */
export class OnnxGraph {
  readonly outputs: readonly string[]
  readonly #makers = new Map<string, NodeMessage>()
  readonly #constants = new Map<string, TensorMessage>()

  /** @throws NotLean when the numbers are in another file. */
  constructor({ graph = {} }: ModelMessage) {
    this.outputs = (graph.outputs ?? []).map(({ name = '' }) => name)
    for (const tensor of graph.constants ?? []) {
      if (tensor.location === 1) throw new NotLean('its weights are in a file of their own')
      this.#constants.set(tensor.name ?? '', tensor)
    }
    for (const node of graph.nodes ?? []) {
      for (const output of node.outputs ?? []) this.#makers.set(output, node)
      const tensor = node.kind === 'Constant' ? attributeOf(node, 'value')?.tensor : undefined
      if (tensor !== undefined) this.#constants.set(node.outputs?.[0] ?? '', tensor)
    }
  }

  /** What makes a value, past nodes that leave its numbers as they are. Nothing for inputs and constants. */
  makerOf(name: string): NodeMessage | undefined {
    return this.#makers.get(this.plain(name))
  }

  /** The name that a value has before nodes that leave numbers and shape as they are. */
  plain(name: string): string {
    const node = this.#makers.get(name)
    const isSame = node !== undefined && (node.kind === 'Identity' || node.kind === 'Dropout' || isFloatCast(node))
    return isSame ? this.plain(inputOf(node, 0)) : name
  }

  /** The numbers of a constant, as floats; nothing for what is none. */
  floatsOf(name: string): { readonly dims: readonly number[]; readonly values: Float32Array } | undefined {
    const tensor = this.#constants.get(this.plain(name))
    if (tensor === undefined || tensor.type !== TYPES.float32) return undefined
    return {
      dims: tensor.dims ?? [],
      values: tensor.raw === undefined ? Float32Array.from(tensor.floats ?? []) : aligned(tensor.raw),
    }
  }

  /** A constant of two dimensions, turned where a node turns it. */
  matrixOf(name: string): Matrix | undefined {
    const node = this.makerOf(name)
    if (node?.kind === 'Transpose') {
      const turned = this.matrixOf(inputOf(node, 0))
      return turned && transposed(turned)
    }
    const found = this.floatsOf(name)
    const [rows, columns] = found?.dims ?? []
    if (found === undefined || found.dims.length !== 2) return undefined
    return { rows: rows as number, columns: columns as number, values: found.values }
  }

  /** A constant with more than one number, all of them in one dimension. */
  vectorOf(name: string): Float32Array | undefined {
    const found = this.floatsOf(name)
    return found !== undefined && found.values.length > 1 && found.dims.at(-1) === found.values.length
      ? found.values
      : undefined
  }

  /** The one number of a constant. */
  numberOf(name: string): number | undefined {
    const { values } = this.floatsOf(name) ?? {}
    return values?.length === 1 ? values[0] : this.#wholeOf(name)
  }

  #wholeOf(name: string): number | undefined {
    const tensor = this.#constants.get(this.plain(name))
    if (tensor?.type !== TYPES.int64 && tensor?.type !== TYPES.int32) return undefined
    if (tensor.ints?.length === 1) return tensor.ints[0]
    const { raw } = tensor
    const size = tensor.type === TYPES.int64 ? 8 : 4
    if (raw?.length !== size) return undefined
    const view = new DataView(raw.buffer, raw.byteOffset, size)
    return size === 8 ? Number(view.getBigInt64(0, true)) : view.getInt32(0, true)
  }

  isConstant(name: string): boolean {
    return this.#constants.has(this.plain(name))
  }

  /** The nearest value above, itself included, for which `find` has an answer; the way goes through nodes of those kinds. */
  findAbove<T>(name: string, through: ReadonlySet<string>, find: (name: string) => T | undefined): T | undefined {
    let level = [name]
    const seen = new Set<string>()
    while (level.length > 0) {
      for (const one of level) {
        const found = find(one)
        if (found !== undefined) return found
      }
      level = level.flatMap((one) => {
        const node = this.makerOf(one)
        return node !== undefined && through.has(node.kind ?? '') ? [...(node.inputs ?? [])] : []
      })
      level = level.filter((one) => one !== '' && !seen.has(one))
      for (const one of level) seen.add(one)
    }
    return undefined
  }

  /** Of a node with two inputs, one of them a vector: the other, and the vector. */
  besideVector(node: NodeMessage): readonly [string, Float32Array] | readonly [] {
    for (const at of [0, 1]) {
      const vector = this.vectorOf(inputOf(node, at))
      if (vector !== undefined) return [inputOf(node, 1 - at), vector]
    }
    return []
  }
}

function isFloatCast(node: NodeMessage): boolean {
  return (
    node.kind === 'Cast' && [TYPES.float32, TYPES.int32, TYPES.int64].includes(attributeOf(node, 'to')?.int as never)
  )
}

export function inputOf(node: NodeMessage, at: number): string {
  return node.inputs?.[at] ?? ''
}

export function attributeOf(node: NodeMessage, name: string): AttributeMessage | undefined {
  return node.attributes?.find((attribute) => attribute.name === name)
}

/** A view of the bytes where it can be one: numbers in a file may begin anywhere. */
function aligned(raw: Uint8Array): Float32Array {
  const { buffer, byteOffset, byteLength } = byteAligned(raw)
  return new Float32Array(buffer, byteOffset, byteLength / 4)
}

function byteAligned(raw: Uint8Array): Uint8Array {
  return raw.byteOffset % 4 === 0 ? raw : new Uint8Array(raw)
}
