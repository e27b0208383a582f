import { Nodes, valueOf } from './nodes.js'
import { TYPES, type ValueMessage } from './onnx.js'
import { roundColumns, roundRows, widestChannels } from './quantise.js'
import { type Activation, type Linear, type Matrix, type Norm, pickRows } from './weights.js'

/** How a graph is written. */
export interface Recipe {
  readonly dtype: 'fp32' | 'int8'
  /** For int8: the largest absolute input of each channel, by linear layer; without it no channel stays a float. */
  readonly widest?: ReadonlyMap<string, Float32Array> | undefined
  /** Whether the ranges that `widest` is made of are outputs too, under the names of the linear layers. */
  readonly tap?: boolean | undefined
}

interface Attended {
  readonly queries: string
  readonly keys: string
  readonly values: string
  readonly mask?: string | undefined
}

/** What a layer of attention consists of, whatever is around it: the parts of a graph that every family has. */
export class LeanWriter {
  readonly nodes: Nodes = new Nodes()
  readonly taps: ValueMessage[] = []
  protected readonly recipe: Recipe
  protected readonly hidden: number
  protected readonly heads: number
  protected readonly headSize: number

  constructor(recipe: Recipe, { hidden, heads }: { readonly hidden: number; readonly heads: number }) {
    this.recipe = recipe
    this.hidden = hidden
    this.heads = heads
    this.headSize = hidden / heads
  }

  protected wordRows(words: Matrix): string {
    if (this.recipe.dtype === 'fp32') return this.nodes.add('Gather', [this.nodes.matrix(words), 'token_ids'])
    const { numbers, scale } = roundRows(words)
    const tables = [this.nodes.bytes(numbers, words.rows, words.columns), this.nodes.floats(scale, words.rows, 1)]
    const [rows, scales] = tables.map((table) => this.nodes.add('Gather', [table, 'token_ids'])) as [string, string]
    return this.nodes.add('Mul', [this.nodes.add('Cast', [rows], { attributes: { to: TYPES.float32 } }), scales])
  }

  protected byHead(x: string, parts: number): string {
    const shape = this.nodes.shape(-1, parts * this.heads, this.headSize)
    const split = this.nodes.add('Reshape', [x, shape])
    return this.nodes.add('Transpose', [split], { attributes: { perm: [1, 0, 2] } })
  }

  /** [heads, L, head size] to [L, hidden]. */
  protected joinHeads(x: string): string {
    const gathered = this.nodes.add('Transpose', [x], { attributes: { perm: [1, 0, 2] } })
    return this.nodes.add('Reshape', [gathered, this.nodes.shape(-1, this.hidden)])
  }

  /** @param mask what is added to the scores of every head, [queries, keys] */
  protected attend({ queries, keys, values, mask }: Attended): string {
    const alpha = { float: 1 / Math.sqrt(this.headSize) }
    const products = this.nodes.add('FusedMatMul', [queries, keys], { attributes: { transB: 1, alpha } })
    const scores = mask === undefined ? products : this.nodes.add('Add', [products, mask])
    return this.nodes.add('MatMul', [this.nodes.add('Softmax', [scores], { attributes: { axis: -1 } }), values])
  }

  /** A linear layer that every token passes, under the name that calibration knows it by. */
  protected linear(
    x: string,
    layer: Linear,
    { name, outliers }: { readonly name: string; readonly outliers: number },
  ): string {
    this.tap(x, name, layer.weight.rows)
    if (this.recipe.dtype === 'fp32') return this.gemm(x, layer)
    const wide = this.wide(name, outliers)
    if (wide.length === 0) return this.rounded(x, layer)
    const { weight, bias } = layer
    const keep = new Float32Array(weight.rows).fill(1)
    const narrow = { ...weight, values: weight.values.slice() }
    for (const row of wide) {
      keep[row] = 0
      narrow.values.fill(0, row * weight.columns, (row + 1) * weight.columns)
    }
    const masked = this.nodes.add('Mul', [x, this.nodes.floats(keep)])
    const picked = this.nodes.add('Gather', [x, this.nodes.indices(wide)], { attributes: { axis: 1 } })
    const rounded = this.rounded(masked, { weight: narrow, bias })
    return this.nodes.add('Gemm', [picked, this.nodes.matrix(pickRows(weight, wide)), rounded])
  }

  /** Inputs to bytes with one scale for the whole pair, found in each run; weights in bytes with one for each output. */
  protected rounded(x: string, { weight, bias }: Linear): string {
    const { numbers, scale } = roundColumns(weight)
    const matrix = this.nodes.bytes(numbers, weight.rows, weight.columns)
    const inputs = [x, matrix, this.nodes.floats(scale), '', this.nodes.floats(bias)]
    return this.nodes.add('DynamicQuantizeMatMul', inputs)
  }

  protected gemm(x: string, { weight, bias }: Linear): string {
    return this.nodes.add('Gemm', [x, this.nodes.matrix(weight), this.nodes.floats(bias)])
  }

  protected norm(x: string, { scale, bias, epsilon }: Norm): string {
    const attributes = { axis: -1, epsilon: { float: epsilon } }
    return this.nodes.add('LayerNormalization', [x, this.nodes.floats(scale), this.nodes.floats(bias)], { attributes })
  }

  protected activate(x: string, activation: Activation): string {
    return this.nodes.add({ gelu: 'Gelu', relu: 'Relu', tanh: 'Tanh' }[activation], [x])
  }

  protected wide(name: string, count: number): readonly number[] {
    return this.recipe.dtype === 'fp32' ? [] : widestChannels(this.recipe.widest?.get(name), count)
  }

  protected tap(x: string, name: string, channels: number): void {
    if (this.recipe.tap !== true) return
    const attributes = { axes: [0], keepdims: 0 }
    this.nodes.add('ReduceMax', [this.nodes.add('Abs', [x])], { attributes, output: name })
    this.taps.push(valueOf(name, TYPES.float32, [channels]))
  }
}
