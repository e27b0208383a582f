import { readFileSync } from 'node:fs'
import { tensorOf, type Tensors, readTensors } from '../folder/safetensors.js'
import type { Json } from '../tokenizer/pipeline.js'

/** A table of floats, row after row. Of a linear layer: a row for each input, a column for each output. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly values: Float32Array
}

export interface Linear {
  readonly weight: Matrix
  readonly bias: Float32Array
}

export interface Norm {
  readonly scale: Float32Array
  readonly bias: Float32Array
  readonly epsilon: number
}

/** What is between two linear layers. */
export type Activation = 'gelu' | 'relu' | 'tanh'

export interface Layer {
  readonly query: Linear
  readonly key: Linear
  readonly value: Linear
  readonly attended: Linear
  readonly attendedNorm: Norm
  readonly inner: Linear
  readonly activation: Activation
  readonly outer: Linear
  readonly outerNorm: Norm
}

/** The weights of a BERT with a head on its first token, wherever they were read from. */
export interface BertWeights {
  readonly words: Matrix
  /** Row 0 is that of the first token. */
  readonly positions: Matrix
  /** A row for each segment; one alone is for both. */
  readonly types: Matrix
  readonly norm: Norm
  /** From the width of the tables to that of the layers, where they differ. */
  readonly projection: Linear | undefined
  readonly layers: readonly Layer[]
  readonly heads: number
  /** From the first token to the logits, with an activation between each two. */
  readonly head: readonly Linear[]
  readonly headActivation: Activation
}

/** Why a model is not one that this folder can write anew. Its message ends a sentence that begins with "because". */
export class NotLean extends Error {}

/** What of config.json the weights do not say. */
export interface Shape {
  readonly family: string
  readonly hidden: number
  readonly layers: number
  readonly heads: number
  readonly intermediate: number
  readonly words: number
  readonly embedding: number
  /** Rows of the position table. */
  readonly positions: number
  /** Id of the padding token where it is read at a place of its own, and the others are counted from the row behind it. */
  readonly padding: number | undefined
  readonly types: number
  readonly epsilon: number
}

/** The head of a family: the names of its layers, and what is between them. */
interface Family {
  readonly prefix: string
  readonly head: readonly string[]
  readonly activation: Activation
  readonly begins: 'at 0' | 'behind padding'
}

const likeRoberta = {
  prefix: 'roberta.',
  head: ['classifier.dense', 'classifier.out_proj'],
  activation: 'tanh',
  begins: 'behind padding',
} as const

/** By `model_type`. */
const families: Readonly<Record<string, Family>> = {
  bert: { prefix: 'bert.', head: ['bert.pooler.dense', 'classifier'], activation: 'tanh', begins: 'at 0' },
  electra: {
    prefix: 'electra.',
    head: ['classifier.dense', 'classifier.out_proj'],
    activation: 'gelu',
    begins: 'at 0',
  },
  roberta: likeRoberta,
  'xlm-roberta': likeRoberta,
  camembert: likeRoberta,
}

/** What would make another graph of the same weights. */
const PLAIN: Readonly<Record<string, unknown>> = {
  hidden_act: 'gelu',
  position_embedding_type: 'absolute',
  is_decoder: false,
  add_cross_attention: false,
}

/** @throws NotLean for anything but a whole number above 0. */
export function sizeIn(config: Json, key: string, usual?: number): number {
  const value = config[key] ?? usual
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw new NotLean(`${key} of config.json is ${JSON.stringify(value)}`)
}

/** @throws NotLean for a model of another kind. */
export function readShape(config: Json): Shape {
  const family = families[String(config['model_type'])]
  if (family === undefined)
    throw new NotLean(`${String(config['model_type'])} is none of ${Object.keys(families).join(', ')}`)
  for (const [key, plain] of Object.entries(PLAIN)) {
    const value = config[key] ?? plain
    if (value !== plain) throw new NotLean(`${key} is ${JSON.stringify(value)}, not ${JSON.stringify(plain)}`)
  }
  const size = (key: string, usual?: number): number => sizeIn(config, key, usual)
  const hidden = size('hidden_size')
  const heads = size('num_attention_heads')
  if (hidden % heads !== 0) throw new NotLean(`hidden_size ${hidden} is no multiple of num_attention_heads ${heads}`)
  const epsilon = config['layer_norm_eps'] ?? 1e-12
  if (typeof epsilon !== 'number') throw new NotLean(`layer_norm_eps of config.json is ${JSON.stringify(epsilon)}`)
  const padding = family.begins === 'at 0' ? undefined : Number(config['pad_token_id'] ?? 1)
  return {
    family: String(config['model_type']),
    hidden,
    heads,
    layers: size('num_hidden_layers'),
    intermediate: size('intermediate_size'),
    words: size('vocab_size'),
    embedding: config['model_type'] === 'electra' ? size('embedding_size', hidden) : hidden,
    positions: size('max_position_embeddings'),
    padding,
    types: size('type_vocab_size', 2),
    epsilon,
  }
}

/** The rows of a position table that tokens have: that of the padding token if it has one, then the first token's. */
export function placesOf(table: Matrix, { padding = 0 }: Shape): Matrix {
  return rowsOf(table, padding, table.rows)
}

/** @throws NotLean when a tensor is missing; RerankError `'model-files'` for a damaged file. */
export function weightsOfSafetensors(file: string, shape: Shape): BertWeights {
  const tensors = readTensors(file, readFileSync(file))
  const { prefix, head, activation } = families[shape.family] as Family
  const { hidden, intermediate, embedding } = shape
  const read = new NamedTensors(tensors, shape.epsilon)
  const inTables = `${prefix}embeddings.`
  const layer = (at: number): Layer => {
    const name = `${prefix}encoder.layer.${at}.`
    const inAttention = (part: string): Linear => read.linear(`${name}attention.${part}`, hidden, hidden)
    return {
      query: inAttention('self.query'),
      key: inAttention('self.key'),
      value: inAttention('self.value'),
      attended: inAttention('output.dense'),
      attendedNorm: read.norm(`${name}attention.output.LayerNorm`, hidden),
      inner: read.linear(`${name}intermediate.dense`, hidden, intermediate),
      activation: 'gelu',
      outer: read.linear(`${name}output.dense`, intermediate, hidden),
      outerNorm: read.norm(`${name}output.LayerNorm`, hidden),
    }
  }
  const [dense = '', out = ''] = head
  return {
    words: read.table(`${inTables}word_embeddings.weight`, shape.words, embedding),
    positions: placesOf(read.table(`${inTables}position_embeddings.weight`, shape.positions, embedding), shape),
    types: read.table(`${inTables}token_type_embeddings.weight`, shape.types, embedding),
    norm: read.norm(`${inTables}LayerNorm`, embedding),
    projection: embedding === hidden ? undefined : read.linear(`${prefix}embeddings_project`, embedding, hidden),
    layers: Array.from({ length: shape.layers }, (_, at) => layer(at)),
    heads: shape.heads,
    head: [read.linear(dense, hidden, hidden), read.linear(out, hidden, read.rows(`${out}.weight`))],
    headActivation: activation,
  }
}

/** The tensors of a file by the names that PyTorch gives them. */
export class NamedTensors {
  readonly #tensors: Tensors
  readonly #epsilon: number
  readonly #mayLackBias: boolean

  constructor(tensors: Tensors, epsilon: number, { mayLackBias = false }: { readonly mayLackBias?: boolean } = {}) {
    this.#tensors = tensors
    this.#epsilon = epsilon
    this.#mayLackBias = mayLackBias
  }

  has(name: string): boolean {
    return this.#tensors.entries.has(name)
  }

  rows(name: string): number {
    const entry = this.#tensors.entries.get(name)
    if (entry === undefined) throw new NotLean(`model.safetensors has no ${name}`)
    return entry.shape[0] ?? 0
  }

  table(name: string, rows: number, columns: number): Matrix {
    return { rows, columns, values: this.#numbers(name, [rows, columns]) }
  }

  /** PyTorch keeps a row for each output. */
  linear(name: string, inputs: number, outputs: number): Linear {
    const weight = transposed(this.table(`${name}.weight`, outputs, inputs))
    return { weight, bias: this.#bias(`${name}.bias`, outputs) }
  }

  norm(name: string, size: number): Norm {
    // As the first BERT files have it, which transformers renames.
    const isOlder = this.#tensors.entries.has(`${name}.gamma`)
    const [scale, bias] = isOlder ? ['gamma', 'beta'] : ['weight', 'bias']
    return {
      scale: this.#numbers(`${name}.${scale}`, [size]),
      bias: this.#bias(`${name}.${bias}`, size),
      epsilon: this.#epsilon,
    }
  }

  /** Zeros where there is none, which is how some families are made. */
  #bias(name: string, size: number): Float32Array {
    return this.has(name) || !this.#mayLackBias ? this.#numbers(name, [size]) : new Float32Array(size)
  }

  #numbers(name: string, shape: readonly number[]): Float32Array {
    this.rows(name)
    return tensorOf(this.#tensors, name, shape)
  }
}

export function transposed({ rows, columns, values }: Matrix): Matrix {
  const turned = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      turned[column * rows + row] = values[row * columns + column] as number
    }
  }
  return { rows: columns, columns: rows, values: turned }
}

export function rowsOf({ columns, values }: Matrix, from: number, to: number): Matrix {
  return { rows: to - from, columns, values: values.subarray(from * columns, to * columns) }
}

/** The columns of those numbers, in their order. */
export function columnsOf({ rows, columns, values }: Matrix, numbers: readonly number[]): Matrix {
  const kept = new Float32Array(rows * numbers.length)
  for (let row = 0; row < rows; row++) {
    for (const [at, column] of numbers.entries())
      kept[row * numbers.length + at] = values[row * columns + column] as number
  }
  return { rows, columns: numbers.length, values: kept }
}

/** The rows of those numbers, in their order. */
export function pickRows({ columns, values }: Matrix, numbers: readonly number[]): Matrix {
  const kept = new Float32Array(numbers.length * columns)
  for (const [at, row] of numbers.entries()) kept.set(values.subarray(row * columns, (row + 1) * columns), at * columns)
  return { rows: numbers.length, columns, values: kept }
}

/** Layers that read the same, as one. */
export function sideBySide(layers: readonly Linear[]): Linear {
  const rows = layers[0]?.weight.rows ?? 0
  const columns = layers.reduce((total, { weight }) => total + weight.columns, 0)
  const values = new Float32Array(rows * columns)
  const bias = new Float32Array(columns)
  let start = 0
  for (const layer of layers) {
    const { weight } = layer
    for (let row = 0; row < rows; row++) {
      values.set(weight.values.subarray(row * weight.columns, (row + 1) * weight.columns), row * columns + start)
    }
    bias.set(layer.bias, start)
    start += weight.columns
  }
  return { weight: { rows, columns, values }, bias }
}

/** Of two vectors, or the one that is there. */
export function sum(one: Float32Array | undefined, other: Float32Array | undefined): Float32Array | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.map((value, at) => value + (other[at] as number))
}

export function columnRange(matrix: Matrix, from: number, to: number): Matrix {
  return columnsOf(
    matrix,
    Array.from({ length: to - from }, (_, at) => from + at),
  )
}

/** What is added to every word beside its position: zeros where a graph adds nothing. */
export function withBias(types: Matrix | undefined, bias: Float32Array | undefined, columns: number): Matrix {
  const table = types ?? { rows: 1, columns, values: new Float32Array(columns) }
  if (bias === undefined) return table
  return { ...table, values: table.values.map((value, at) => value + (bias[at % columns] as number)) }
}
