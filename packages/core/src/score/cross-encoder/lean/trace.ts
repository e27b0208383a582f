import { attributeOf, inputOf, type OnnxGraph } from './onnx-graph.js'
import type { NodeMessage } from './onnx.js'
import {
  type Activation,
  type BertWeights,
  columnRange,
  type Layer,
  type Linear,
  type Matrix,
  type Norm,
  NotLean,
  placesOf,
  rowsOf,
  type Shape,
  sum,
  transposed,
  withBias,
} from './weights.js'

/*
 * Finds the weights of a BERT in a graph that somebody exported, from what is computed and not from names: exporters and
 * optimizers rename, turn and fuse. Where a graph is read wrongly all the same, its numbers differ from those of the
 * original, which is tried before anything is used.
 */

/** A linear layer as a graph has it: an optimizer may have put the bias elsewhere. */
interface Found {
  readonly input: string
  readonly weight: Matrix
  readonly bias: Float32Array | undefined
}

/** The sum that a norm reads, and the norm. */
interface FoundNorm {
  readonly norm: Norm
  readonly terms: readonly string[]
  /** Constants that are added, other than tables. */
  readonly bias: Float32Array | undefined
}

const RESHAPING = new Set(['Reshape', 'Squeeze', 'Unsqueeze', 'Flatten', 'Transpose'])
const SCALING = new Set([...RESHAPING, 'Mul', 'Div'])
const ELEMENTWISE = new Set(['Mul', 'Add', 'Div', 'Erf', 'Cast'])
/** What is between a softmax and what it is multiplied with, and between the products and the softmax: masks. */
const AFTER_SOFTMAX = new Set(['Where', 'Reshape', 'Cast'])
const BEFORE_SOFTMAX = new Set(['Add', 'Mul', 'Div', 'Where', 'Reshape', 'Clip', 'Max'])

/** @throws NotLean where a graph is something else. */
export function weightsOfGraph(graph: OnnxGraph, shape: Shape): BertWeights {
  return new Trace(graph, shape).weights()
}

class Trace {
  readonly #graph: OnnxGraph
  readonly #shape: Shape

  constructor(graph: OnnxGraph, shape: Shape) {
    this.#graph = graph
    this.#shape = shape
  }

  weights(): BertWeights {
    const output = this.#graph.outputs.find((name) => name === 'logits') ?? this.#graph.outputs[0] ?? ''
    const { head, headActivation, tokens } = this.#head(output)
    const layers: Layer[] = []
    let x = tokens
    for (;;) {
      const found = this.#layer(x)
      if (found === undefined) break
      layers.unshift(found.layer)
      x = found.input
    }
    if (layers.length !== this.#shape.layers) {
      throw new NotLean(`${layers.length} layers were found in the graph, and config.json says ${this.#shape.layers}`)
    }
    return { ...this.#tables(x), layers, heads: this.#shape.heads, head, headActivation }
  }

  /** From the logits up to the choice of the first token. */
  #head(output: string): Pick<BertWeights, 'head' | 'headActivation'> & { readonly tokens: string } {
    const head: Linear[] = []
    let headActivation: Activation = 'tanh'
    let at = output
    for (;;) {
      const found = this.#linear(at)
      if (found !== undefined) {
        head.unshift(complete(found))
        at = found.input
        continue
      }
      const tokens = this.#firstOf(at)
      if (tokens !== undefined && head.length > 0) return { head, headActivation, tokens }
      const active = this.#activation(at)
      if (active === undefined || head.length !== 1) throw new NotLean('the graph has another head')
      headActivation = active.activation
      head.unshift(complete(active.layer))
      at = active.layer.input
    }
  }

  /** All tokens, of which a value is the first. */
  #firstOf(name: string): string | undefined {
    const node = this.#graph.makerOf(name)
    if (node === undefined) return undefined
    const input = inputOf(node, 0)
    if (node.kind === 'Gather') {
      const isFirst = this.#graph.numberOf(inputOf(node, 1)) === 0 && attributeOf(node, 'axis')?.int === 1
      return isFirst ? this.#graph.plain(input) : undefined
    }
    // x[:, 0, :] may be written as slices, of which some take everything.
    if (node.kind === 'Slice') {
      const [start, end, axis] = [1, 2, 3].map((at) => this.#graph.numberOf(inputOf(node, at)))
      if (start !== 0) return undefined
      if (axis === 1 && end === 1) return this.#graph.plain(input)
      return (end ?? 0) > 1e6 ? this.#firstOf(input) : undefined
    }
    return RESHAPING.has(node.kind ?? '') && node.kind !== 'Transpose' ? this.#firstOf(input) : undefined
  }

  /** The layer that ends in a value; nothing where the tables begin. */
  #layer(x: string): { readonly layer: Layer; readonly input: string } | undefined {
    const last = this.#norm(x)
    const outer = last && this.#onlyLinear(last)
    if (last === undefined || outer === undefined) return undefined
    const active = this.#activation(outer.found.input)
    if (active === undefined) throw new NotLean('the graph has another feed-forward part')
    const middle = this.#norm(outer.residual)
    const attended = middle && this.#onlyLinear(middle)
    if (middle === undefined || attended === undefined) throw new NotLean('the graph has another order of layers')
    const { residual: input } = attended
    const { query, key, value } = this.#attention(attended.found.input, input)
    if (this.#graph.plain(active.layer.input) !== outer.residual)
      throw new NotLean('the graph has another order of layers')
    const layer = {
      query,
      key,
      value,
      attended: complete(attended.found, middle.bias),
      attendedNorm: middle.norm,
      inner: complete(active.layer),
      activation: active.activation,
      outer: complete(outer.found, last.bias),
      outerNorm: last.norm,
    }
    return { layer, input }
  }

  /** A norm that reads a linear layer and what that layer's block began with. */
  #onlyLinear({ terms }: FoundNorm): { readonly found: Found; readonly residual: string } | undefined {
    const [one, other, ...more] = terms
    if (one === undefined || other === undefined || more.length > 0) return undefined
    const [first, second] = [this.#linear(one), this.#linear(other)]
    // The first block may begin with a linear layer too, behind the tables: then it is the one that reads no attention.
    const isFirst = first !== undefined && (second === undefined || this.#attentionAbove(first.input) !== undefined)
    const found = isFirst ? first : second
    return found && { found, residual: this.#graph.plain(isFirst ? other : one) }
  }

  #attentionAbove(context: string): NodeMessage | undefined {
    return this.#graph.findAbove(context, RESHAPING, (name) => {
      const node = this.#graph.makerOf(name)
      return ['Attention', 'MultiHeadAttention', 'MatMul'].includes(node?.kind ?? '') ? node : undefined
    })
  }

  #attention(context: string, input: string): Pick<Layer, 'query' | 'key' | 'value'> {
    const fused = this.#attentionAbove(context)
    const parts =
      fused?.kind === 'Attention'
        ? this.#fusedAttention(fused)
        : fused?.kind === 'MultiHeadAttention'
          ? this.#multiHeadAttention(fused)
          : fused && this.#plainAttention(fused)
    if (parts === undefined || parts.some((part) => part === undefined))
      throw new NotLean('the graph has another attention')
    const [query, key, value] = parts as readonly [Found, Found, Found]
    if (parts.some((part) => this.#graph.plain(part?.input ?? '') !== input))
      throw new NotLean('the graph has another attention')
    return { query: complete(query), key: complete(key), value: complete(value) }
  }

  #plainAttention(node: NodeMessage): readonly (Found | undefined)[] {
    const kindIs =
      (kinds: readonly string[]) =>
      (name: string): NodeMessage | undefined => {
        const maker = this.#graph.makerOf(name)
        return kinds.includes(maker?.kind ?? '') ? maker : undefined
      }
    const softmax = this.#graph.findAbove(inputOf(node, 0), AFTER_SOFTMAX, kindIs(['Softmax']))
    const products =
      softmax && this.#graph.findAbove(inputOf(softmax, 0), BEFORE_SOFTMAX, kindIs(['MatMul', 'FusedMatMul']))
    if (products === undefined) return [undefined]
    const linearAbove = (name: string): Found | undefined =>
      this.#graph.findAbove(name, SCALING, (one) => this.#linear(one))
    return [inputOf(products, 0), inputOf(products, 1), inputOf(node, 1)].map(linearAbove)
  }

  /** Query, key and value side by side in one matrix. */
  #fusedAttention(node: NodeMessage): readonly (Found | undefined)[] {
    const weight = this.#graph.matrixOf(inputOf(node, 1))
    const bias = this.#graph.vectorOf(inputOf(node, 2))
    const { hidden } = this.#shape
    if (weight?.columns !== 3 * hidden || bias === undefined) return [undefined]
    return [0, 1, 2].map((part) => ({
      input: inputOf(node, 0),
      weight: columnRange(weight, part * hidden, (part + 1) * hidden),
      bias: bias.subarray(part * hidden, (part + 1) * hidden),
    }))
  }

  #multiHeadAttention(node: NodeMessage): readonly (Found | undefined)[] {
    const { hidden } = this.#shape
    const bias = this.#graph.vectorOf(inputOf(node, 3))
    return [0, 1, 2].map((part) => {
      const found = this.#linear(inputOf(node, part))
      return found && { ...found, bias: sum(found.bias, bias?.subarray(part * hidden, (part + 1) * hidden)) }
    })
  }

  /** The tables that are added up at the beginning, from the value that the first layer reads. */
  #tables(x: string): Pick<BertWeights, 'words' | 'positions' | 'types' | 'norm' | 'projection'> {
    const fused = this.#graph.makerOf(x)
    if (fused?.kind === 'EmbedLayerNormalization') return this.#fusedTables(fused)
    const beginning = this.#norm(x)
    if (beginning === undefined) {
      const projection = this.#linear(x)
      if (projection === undefined) throw new NotLean('the graph has another beginning')
      return { ...this.#tables(this.#graph.plain(projection.input)), projection: complete(projection) }
    }
    let [words, positions, types]: (Matrix | undefined)[] = []
    for (const term of beginning.terms) {
      const node = this.#graph.makerOf(term)
      const table = node?.kind === 'Gather' ? this.#graph.matrixOf(inputOf(node, 0)) : undefined
      if (node === undefined || table === undefined) throw new NotLean('the graph has other tables')
      const index = this.#graph.plain(inputOf(node, 1))
      if (index === 'input_ids') words = table
      else if (index === 'token_type_ids') types = table
      else if (positions === undefined && table.rows === this.#shape.positions) positions = table
      // No input says which segment: the first serves all tokens.
      else types = rowsOf(table, 0, 1)
    }
    if (words === undefined || positions === undefined) throw new NotLean('the graph has other tables')
    types = withBias(types, beginning.bias, words.columns)
    return {
      words,
      positions: placesOf(positions, this.#shape),
      types,
      norm: beginning.norm,
      projection: undefined,
    }
  }

  #fusedTables(node: NodeMessage): Pick<BertWeights, 'words' | 'positions' | 'types' | 'norm' | 'projection'> {
    const [words, positions, types] = [2, 3, 4].map((at) => this.#graph.matrixOf(inputOf(node, at)))
    const [scale, bias] = [5, 6].map((at) => this.#graph.vectorOf(inputOf(node, at)))
    if (words === undefined || positions === undefined || scale === undefined || bias === undefined) {
      throw new NotLean('the graph has other tables')
    }
    const norm = { scale, bias, epsilon: attributeOf(node, 'epsilon')?.float ?? 1e-12 }
    const isTyped = inputOf(node, 1) !== ''
    const used = isTyped ? types : types && rowsOf(types, 0, 1)
    return {
      words,
      positions: placesOf(positions, this.#shape),
      types: withBias(used, undefined, words.columns),
      norm,
      projection: undefined,
    }
  }

  /** The linear layer that ends in a value. */
  #linear(name: string): Found | undefined {
    const node = this.#graph.makerOf(name)
    if (node === undefined) return undefined
    const [one, other] = [inputOf(node, 0), inputOf(node, 1)]
    if (node.kind === 'Reshape' || node.kind === 'Squeeze' || node.kind === 'Flatten') return this.#linear(one)
    if (node.kind === 'MatMul') {
      const weight = this.#graph.matrixOf(other)
      return weight && { input: one, weight, bias: undefined }
    }
    if (node.kind === 'Gemm') return this.#gemm(node)
    if (node.kind !== 'Add') return undefined
    for (const [constant, rest] of [
      [one, other],
      [other, one],
    ] as const) {
      const bias = this.#graph.vectorOf(constant)
      const found = bias && this.#linear(rest)
      if (found !== undefined) return { ...found, bias: sum(found.bias, bias) }
    }
    return undefined
  }

  #gemm(node: NodeMessage): Found | undefined {
    const factors = ['alpha', 'beta'].map((name) => attributeOf(node, name)?.float ?? 1)
    if (factors.some((factor) => factor !== 1) || (attributeOf(node, 'transA')?.int ?? 0) !== 0) return undefined
    const isTurned = attributeOf(node, 'transB')?.int === 1
    const weight = this.#graph.matrixOf(inputOf(node, 1))
    if (weight === undefined) return undefined
    const bias = this.#graph.floatsOf(inputOf(node, 2))?.values
    return { input: inputOf(node, 0), weight: isTurned ? transposed(weight) : weight, bias }
  }

  /** The activation that ends in a value, and the linear layer that it reads. */
  #activation(name: string): { readonly activation: Activation; readonly layer: Found } | undefined {
    const node = this.#graph.makerOf(name)
    const kind = node?.kind ?? ''
    const input = node === undefined ? '' : inputOf(node, 0)
    const isApproximate = node !== undefined && attributeOf(node, 'approximate')?.text === 'tanh'
    const simple: Readonly<Record<string, Activation>> = { Gelu: 'gelu', BiasGelu: 'gelu', Relu: 'relu', Tanh: 'tanh' }
    const activation = simple[kind]
    if (node !== undefined && activation !== undefined && !isApproximate) {
      const found = this.#linear(input)
      const bias = kind === 'BiasGelu' ? this.#graph.vectorOf(inputOf(node, 1)) : undefined
      return found && { activation, layer: { ...found, bias: sum(found.bias, bias) } }
    }
    if (RESHAPING.has(kind)) return this.#activation(input)
    // x * 0.5 * (1 + erf(x / sqrt(2))), in any order.
    const error = this.#graph.findAbove(name, new Set(['Mul', 'Add', 'Div']), (one) => {
      const maker = this.#graph.makerOf(one)
      return maker?.kind === 'Erf' ? maker : undefined
    })
    const layer = error && this.#graph.findAbove(inputOf(error, 0), ELEMENTWISE, (one) => this.#linear(one))
    return layer && { activation: 'gelu', layer }
  }

  /** The norm that ends in a value, in one node or in those that it is made of. */
  #norm(name: string): FoundNorm | undefined {
    const node = this.#graph.makerOf(name)
    if (node?.kind === 'LayerNormalization') {
      const norm = this.#normOf(inputOf(node, 1), inputOf(node, 2), attributeOf(node, 'epsilon')?.float ?? 1e-5)
      return norm && { norm, ...this.#sum([inputOf(node, 0)]) }
    }
    if (node?.kind === 'SkipLayerNormalization') {
      const norm = this.#normOf(inputOf(node, 2), inputOf(node, 3), attributeOf(node, 'epsilon')?.float ?? 1e-12)
      const { terms, bias } = this.#sum([inputOf(node, 0), inputOf(node, 1)])
      return norm && { norm, terms, bias: sum(bias, this.#graph.vectorOf(inputOf(node, 4))) }
    }
    return node?.kind === 'Add' ? this.#normInParts(node) : undefined
  }

  /** (x - mean) / sqrt(variance + epsilon) * scale + bias */
  #normInParts(node: NodeMessage): FoundNorm | undefined {
    const [scaled, bias] = this.#graph.besideVector(node)
    const product = scaled === undefined ? undefined : this.#graph.makerOf(scaled)
    const [normed, scale] = product?.kind === 'Mul' ? this.#graph.besideVector(product) : []
    const quotient = normed === undefined ? undefined : this.#graph.makerOf(normed)
    if (quotient?.kind !== 'Div' || scale === undefined || bias === undefined) return undefined
    const difference = this.#graph.makerOf(inputOf(quotient, 0))
    const root = this.#graph.makerOf(inputOf(quotient, 1))
    const inside = root?.kind === 'Sqrt' ? this.#graph.makerOf(inputOf(root, 0)) : undefined
    if (difference?.kind !== 'Sub' || inside?.kind !== 'Add') return undefined
    const epsilon = [0, 1].map((at) => this.#graph.numberOf(inputOf(inside, at))).find((one) => one !== undefined)
    if (epsilon === undefined) return undefined
    return { norm: { scale, bias, epsilon }, ...this.#sum([inputOf(difference, 0)]) }
  }

  #normOf(scaleName: string, biasName: string, epsilon: number): Norm | undefined {
    const scale = this.#graph.vectorOf(scaleName)
    if (scale === undefined) return undefined
    return { scale, bias: this.#graph.vectorOf(biasName) ?? new Float32Array(scale.length), epsilon }
  }

  /** What is added up in values, norms and linear layers being whole. */
  #sum(names: readonly string[]): Pick<FoundNorm, 'terms' | 'bias'> {
    const terms: string[] = []
    let bias: Float32Array | undefined
    const visit = (name: string): void => {
      const vector = this.#graph.vectorOf(name)
      const node = this.#graph.makerOf(name)
      if (vector !== undefined) bias = sum(bias, vector)
      else if (node?.kind === 'Add' && this.#linear(name) === undefined && this.#norm(name) === undefined) {
        for (const input of node.inputs ?? []) visit(input)
      } else terms.push(this.#graph.plain(name))
    }
    for (const name of names) visit(name)
    return { terms, bias }
  }
}

function complete({ weight, bias }: Found, more?: Float32Array): Linear {
  return { weight, bias: sum(bias, more) ?? new Float32Array(weight.columns) }
}
