import { valueOf } from './nodes.js'
import { type ModelMessage, TYPES } from './onnx.js'
import { OUTLIERS } from './quantise.js'
import { type BertWeights, columnsOf, type Layer, type Linear, type Matrix, pickRows, sideBySide } from './weights.js'
import { LeanWriter, type Recipe } from './writer.js'

export interface LeanGraphOptions {
  /** Rows of the position table, by config.json. */
  readonly stride: number
  /** See `Shape`. */
  readonly padding: number | undefined
  /** At the end of the file. */
  readonly properties: Readonly<Record<string, string>>
}

/**
 * The lean graph of a BERT: training/export/source.py in TypeScript. Inputs are `token_ids` and `position_type_ids`
 * (position + segment * `stride`), int32 [L]; the output is `logits`, [1, labels]. There is no mask, since there is no
 * padding; the tables of positions and segments are one; so are the matrices of query, key and value; and the last layer
 * computes the first token alone, which is exact, since the head reads nothing else.
 *
 */
export function leanGraph(
  weights: BertWeights,
  recipe: Recipe,
  { stride, padding, properties }: LeanGraphOptions,
): ModelMessage {
  const writer = new BertWriter(weights, recipe)
  const last = weights.layers.length - 1
  let x = writer.embed(stride, padding)
  for (const [at, layer] of weights.layers.entries()) {
    x = at < last ? writer.fullLayer(x, layer, `layer.${at}.`) : writer.firstTokenLayer(x, layer, `layer.${at}.`)
  }
  const labels = writer.head(x)
  const outputs = [valueOf('logits', TYPES.float32, [1, labels]), ...writer.taps]
  return writer.nodes.model(outputs, properties)
}

class BertWriter extends LeanWriter {
  readonly #weights: BertWeights

  constructor(weights: BertWeights, recipe: Recipe) {
    super(recipe, { hidden: weights.layers[0]?.query.weight.rows ?? 0, heads: weights.heads })
    this.#weights = weights
  }

  embed(stride: number, padding: number | undefined): string {
    const { words, positions, types, norm, projection } = this.#weights
    const table = this.nodes.matrix(placeTable(positions, types, stride))
    const at = padding === undefined ? 'position_type_ids' : this.#placesBehindPadding(padding)
    const places = this.nodes.add('Gather', [table, at])
    const x = this.norm(this.nodes.add('Add', [this.wordRows(words), places]), norm)
    return projection === undefined ? x : this.gemm(x, projection)
  }

  /**
   * RoBERTa counts what is no padding token, from 1, and reads that token at 0. A text may hold one: its name is a word like
   * others to most tokenizers. What position_type_ids adds for a segment stays.
   */
  #placesBehindPadding(padding: number): string {
    const { nodes } = this
    const whole = { attributes: { to: TYPES.int32 } }
    const counted = (what: string): string => nodes.add('CumSum', [what, nodes.shape(0)])
    const isPadding = nodes.add('Equal', ['token_ids', nodes.indices([padding])])
    const one = nodes.add('Cast', [nodes.add('Not', [isPadding])], whole)
    const place = nodes.add('Mul', [counted(one), one])
    const order = counted(nodes.add('Add', [one, nodes.add('Cast', [isPadding], whole)]))
    return nodes.add('Add', [
      nodes.add('Sub', [place, order]),
      nodes.add('Add', ['position_type_ids', nodes.indices([1])]),
    ])
  }

  fullLayer(x: string, layer: Layer, name: string): string {
    const { query, key, value, attended, attendedNorm, outerNorm } = layer
    const parts = this.byHead(
      this.linear(x, sideBySide([query, key, value]), {
        name: `${name}qkv`,
        outliers: OUTLIERS.hidden,
      }),
      3,
    )
    const [queries, keys, values] = this.nodes.addMany('Split', [parts], { attributes: { axis: 0 }, outputs: 3 }) as [
      string,
      string,
      string,
    ]
    const context = this.joinHeads(this.attend({ queries, keys, values }))
    const out = this.linear(context, attended, { name: `${name}attended`, outliers: OUTLIERS.context })
    const seen = this.norm(this.nodes.add('Add', [out, x]), attendedNorm)
    return this.norm(this.nodes.add('Add', [this.#feedForward(seen, layer, name), seen]), outerNorm)
  }

  /** Keys and values of every token, everything else for the first. */
  firstTokenLayer(x: string, layer: Layer, name: string): string {
    const { nodes } = this
    const { heads } = this
    const first = nodes.add('Slice', [x, nodes.shape(0), nodes.shape(1), nodes.shape(0)])
    const parts = this.byHead(
      this.linear(x, sideBySide([layer.key, layer.value]), {
        name: `${name}kv`,
        outliers: OUTLIERS.hidden,
      }),
      2,
    )
    const [keys, values] = nodes.addMany('Split', [parts], { attributes: { axis: 0 }, outputs: 2 }) as [string, string]
    const queries = nodes.add('Reshape', [this.gemm(first, layer.query), nodes.shape(heads, 1, this.headSize)])
    const context = nodes.add('Reshape', [this.attend({ queries, keys, values }), nodes.shape(1, this.hidden)])
    const seen = this.norm(nodes.add('Add', [this.gemm(context, layer.attended), first]), layer.attendedNorm)
    const inner = this.activate(this.gemm(seen, layer.inner), layer.activation)
    return this.norm(nodes.add('Add', [this.gemm(inner, layer.outer), seen]), layer.outerNorm)
  }

  /** @returns how many labels there are */
  head(first: string): number {
    const { head, headActivation } = this.#weights
    let x = first
    for (const { weight, bias } of head.slice(0, -1)) x = this.activate(this.gemm(x, { weight, bias }), headActivation)
    const { weight, bias } = head.at(-1) as Linear
    this.nodes.add('Gemm', [x, this.nodes.matrix(weight), this.nodes.floats(bias)], { output: 'logits' })
    return weight.columns
  }

  /** The widest hidden units are computed apart in floats: a split of both matrices, exact in itself. */
  #feedForward(x: string, { inner, activation, outer }: Layer, name: string): string {
    const wide = this.wide(`${name}outer`, OUTLIERS.intermediate)
    if (wide.length === 0) {
      const hidden = this.activate(
        this.linear(x, inner, { name: `${name}inner`, outliers: OUTLIERS.hidden }),
        activation,
      )
      return this.linear(hidden, outer, { name: `${name}outer`, outliers: 0 })
    }
    const isWide = new Set(wide)
    const rest = Array.from({ length: outer.weight.rows }, (_, at) => at).filter((at) => !isWide.has(at))
    const narrow = this.activate(
      this.linear(x, unitsOf(inner, rest), {
        name: `${name}inner`,
        outliers: OUTLIERS.hidden,
      }),
      activation,
    )
    const apart = this.activate(this.gemm(x, unitsOf(inner, wide)), activation)
    const rounded = this.rounded(narrow, { weight: pickRows(outer.weight, rest), bias: outer.bias })
    return this.nodes.add('Gemm', [apart, this.nodes.matrix(pickRows(outer.weight, wide)), rounded])
  }
}

function unitsOf({ weight, bias }: Linear, numbers: readonly number[]): Linear {
  return { weight: columnsOf(weight, numbers), bias: Float32Array.from(numbers, (at) => bias[at] as number) }
}

/** Row `position + segment * stride` is what both add to a word. One segment's rows serve both where the model knows one. */
function placeTable(positions: Matrix, types: Matrix, stride: number): Matrix {
  const { columns } = positions
  const values = new Float32Array(2 * stride * columns)
  for (let segment = 0; segment < 2; segment++) {
    const type = Math.min(segment, types.rows - 1) * columns
    for (let at = 0; at < positions.values.length; at++) {
      values[segment * stride * columns + at] =
        (positions.values[at] as number) + (types.values[type + (at % columns)] as number)
    }
  }
  return { rows: 2 * stride, columns, values }
}
