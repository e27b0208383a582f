import { readFileSync } from 'node:fs'
import { readTensors } from '../folder/safetensors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { valueOf } from './nodes.js'
import { type ModelMessage, TYPES } from './onnx.js'
import { OUTLIERS } from './quantise.js'
import { columnRange, type Linear, type Matrix, NamedTensors, type Norm, NotLean, sizeIn } from './weights.js'
import { LeanWriter, type Recipe } from './writer.js'

/** What of a ModernBERT's config.json the weights do not say. */
export interface ModernShape {
  readonly hidden: number
  readonly heads: number
  readonly intermediate: number
  readonly words: number
  readonly positions: number
  readonly epsilon: number
  /** One for each layer. */
  readonly layers: readonly Reach[]
  /** What a classifier reads: the first token, or the mean of all. */
  readonly pooling: 'cls' | 'mean'
}

/** How far the tokens of a layer see, to both sides; everywhere where it is missing. And how it counts positions. */
interface Reach {
  readonly window: number | undefined
  readonly theta: number
}

interface ModernLayer extends Reach {
  /** The first layer has none. */
  readonly attentionNorm: Norm | undefined
  /** Query, key and value side by side. */
  readonly qkv: Linear
  readonly attended: Linear
  readonly innerNorm: Norm
  /** What is activated, and what it is multiplied with, side by side. */
  readonly inner: Linear
  readonly outer: Linear
}

/** The weights of a ModernBERT. */
export interface ModernWeights {
  readonly words: Matrix
  readonly norm: Norm
  readonly layers: readonly ModernLayer[]
  readonly finalNorm: Norm
  readonly shape: ModernShape
  /** The head of a sequence classifier; missing where the folder's own modules are the head. */
  readonly head: { readonly dense: Linear; readonly norm: Norm; readonly classifier: Linear } | undefined
}

/** What would make another graph of the same weights. */
const PLAIN: Readonly<Record<string, unknown>> = { hidden_activation: 'gelu', classifier_activation: 'gelu' }

/** @throws NotLean for settings that are not known here. */
export function readModernShape(config: Json): ModernShape {
  for (const [key, plain] of Object.entries(PLAIN)) {
    const value = config[key] ?? plain
    if (value !== plain) throw new NotLean(`${key} is ${JSON.stringify(value)}, not ${JSON.stringify(plain)}`)
  }
  const pooling = config['classifier_pooling'] ?? 'cls'
  if (pooling !== 'cls' && pooling !== 'mean')
    throw new NotLean(`classifier_pooling is ${JSON.stringify(pooling)}, not "cls" or "mean"`)
  const hidden = sizeIn(config, 'hidden_size')
  const heads = sizeIn(config, 'num_attention_heads')
  if (hidden % (2 * heads) !== 0) throw new NotLean(`hidden_size ${hidden} is no even multiple of the ${heads} heads`)
  const epsilon = config['norm_eps'] ?? 1e-5
  if (typeof epsilon !== 'number') throw new NotLean(`norm_eps of config.json is ${JSON.stringify(epsilon)}`)
  return {
    hidden,
    heads,
    epsilon,
    pooling,
    intermediate: sizeIn(config, 'intermediate_size'),
    words: sizeIn(config, 'vocab_size'),
    positions: sizeIn(config, 'max_position_embeddings', 8192),
    layers: reaches(config),
  }
}

/** As transformers reads it: by the list of layers and of rotations, or by the older settings, which these stand for. */
function reaches(config: Json): Reach[] {
  const count = sizeIn(config, 'num_hidden_layers')
  const every = sizeIn(config, 'global_attn_every_n_layers', 3)
  const window = Math.floor(sizeIn(config, 'local_attention', 128) / 2)
  const listed = config['layer_types'] ?? Array.from({ length: count }, (_, at) => (at % every === 0 ? FULL : SLIDING))
  if (!Array.isArray(listed) || listed.length !== count || listed.some((one) => one !== FULL && one !== SLIDING))
    throw new NotLean(`layer_types is ${JSON.stringify(listed)}`)
  const wide = Number(config['global_rope_theta'] ?? 160_000)
  const theta = { [FULL]: wide, [SLIDING]: Number(config['local_rope_theta'] ?? wide) }
  const rotations = (config['rope_parameters'] ?? {}) as Readonly<Record<string, Json | undefined>>
  return (listed as (typeof FULL | typeof SLIDING)[]).map((type) => {
    const { rope_type: kind = 'default', rope_theta: own = theta[type] } = rotations[type] ?? {}
    if (kind !== 'default' || typeof own !== 'number')
      throw new NotLean(`rope_parameters is ${JSON.stringify(rotations)}`)
    return { window: type === FULL ? undefined : window, theta: own }
  })
}

const FULL = 'full_attention'
const SLIDING = 'sliding_attention'

/**
 * @param isClassifier whether the head is among the weights
 * @throws NotLean when a tensor is missing; RerankError `'model-files'` for a damaged file.
 */
export function modernWeights(file: string, shape: ModernShape, isClassifier: boolean): ModernWeights {
  const read = new NamedTensors(readTensors(file, readFileSync(file)), shape.epsilon, { mayLackBias: true })
  const { hidden, intermediate } = shape
  // A classifier keeps the encoder in a part of its own; an encoder alone is all there is.
  const prefix = read.has('model.final_norm.weight') ? 'model.' : ''
  const layer = (reach: Reach, at: number): ModernLayer => {
    const name = `${prefix}layers.${at}.`
    return {
      ...reach,
      attentionNorm: at === 0 ? undefined : read.norm(`${name}attn_norm`, hidden),
      qkv: read.linear(`${name}attn.Wqkv`, hidden, 3 * hidden),
      attended: read.linear(`${name}attn.Wo`, hidden, hidden),
      innerNorm: read.norm(`${name}mlp_norm`, hidden),
      inner: read.linear(`${name}mlp.Wi`, hidden, 2 * intermediate),
      outer: read.linear(`${name}mlp.Wo`, intermediate, hidden),
    }
  }
  return {
    shape,
    words: read.table(`${prefix}embeddings.tok_embeddings.weight`, shape.words, hidden),
    norm: read.norm(`${prefix}embeddings.norm`, hidden),
    layers: shape.layers.map(layer),
    finalNorm: read.norm(`${prefix}final_norm`, hidden),
    head: isClassifier
      ? {
          dense: read.linear('head.dense', hidden, hidden),
          norm: read.norm('head.norm', hidden),
          classifier: read.linear('classifier', hidden, read.rows('classifier.weight')),
        }
      : undefined,
  }
}

/** What comes out: the logits of the labels, or what modules read, of the first token or of all. */
export type ModernOutput = 'logits' | 'first token' | 'all tokens'

/**
 * The lean graph of a ModernBERT, with the inputs of `leanGraph`, of which the second is not read. The output is `logits`,
 * [1, labels], or `last_hidden_state`, [1, tokens, hidden]. Where the first token alone is read, the last layer computes
 * nothing else.
 */
export function modernGraph(
  weights: ModernWeights,
  recipe: Recipe,
  { output, properties }: { readonly output: ModernOutput; readonly properties: Readonly<Record<string, string>> },
): ModelMessage {
  const writer = new ModernWriter(weights, recipe)
  const { shape, layers } = weights
  const isFirstOnly = output === 'first token' || (output === 'logits' && shape.pooling === 'cls')
  let x = writer.embed()
  for (const [at, layer] of layers.entries()) {
    const isFirst = isFirstOnly && at === layers.length - 1
    x = isFirst ? writer.firstTokenLayer(x, layer, `layer.${at}.`) : writer.fullLayer(x, layer, `layer.${at}.`)
  }
  return writer.nodes.model([writer.end(x, output), ...writer.taps], properties)
}

class ModernWriter extends LeanWriter {
  readonly #weights: ModernWeights
  readonly #masks = new Map<number, string>()
  readonly #rotations = new Map<number, readonly [cosines: string, sines: string]>()

  constructor(weights: ModernWeights, recipe: Recipe) {
    super(recipe, weights.shape)
    this.#weights = weights
  }

  embed(): string {
    return this.norm(this.wordRows(this.#weights.words), this.#weights.norm)
  }

  fullLayer(x: string, layer: ModernLayer, name: string): string {
    const { nodes, heads } = this
    const seen = layer.attentionNorm === undefined ? x : this.norm(x, layer.attentionNorm)
    const parts = this.byHead(this.linear(seen, layer.qkv, { name: `${name}qkv`, outliers: OUTLIERS.hidden }), 3)
    const [turning, values] = nodes.addMany('Split', [parts, nodes.shape(2 * heads, heads)], {
      attributes: { axis: 0 },
      outputs: 2,
    }) as [string, string]
    const turned = this.#rotate(turning, 2, layer.theta)
    const [queries, keys] = nodes.addMany('Split', [turned], { attributes: { axis: 0 }, outputs: 2 }) as [
      string,
      string,
    ]
    const mask = layer.window === undefined ? undefined : this.#mask(layer.window)
    const context = this.joinHeads(this.attend({ queries, keys, values, mask }))
    const out = this.linear(context, layer.attended, { name: `${name}attended`, outliers: OUTLIERS.context })
    const middle = nodes.add('Add', [out, x])
    const hidden = this.#gated(
      this.linear(this.norm(middle, layer.innerNorm), layer.inner, { name: `${name}inner`, outliers: OUTLIERS.hidden }),
    )
    const outer = this.linear(hidden, layer.outer, { name: `${name}outer`, outliers: OUTLIERS.intermediate })
    return nodes.add('Add', [outer, middle])
  }

  /** Keys and values of the tokens that the first one sees, everything else for that one. Its own position turns nothing. */
  firstTokenLayer(x: string, layer: ModernLayer, name: string): string {
    const { nodes, hidden, heads, headSize } = this
    const firstRows = (of: string, count: number): string =>
      nodes.add('Slice', [of, nodes.shape(0), nodes.shape(count), nodes.shape(0)])
    const { window, attentionNorm, qkv, theta } = layer
    const near = window === undefined ? x : firstRows(x, window + 1)
    const seen = attentionNorm === undefined ? near : this.norm(near, attentionNorm)
    const keysAndValues = partOf(qkv, hidden, 3 * hidden)
    const parts = this.byHead(this.linear(seen, keysAndValues, { name: `${name}kv`, outliers: OUTLIERS.hidden }), 2)
    const [still, values] = nodes.addMany('Split', [parts], { attributes: { axis: 0 }, outputs: 2 }) as [string, string]
    const query = this.gemm(firstRows(seen, 1), partOf(qkv, 0, hidden))
    const queries = nodes.add('Reshape', [query, nodes.shape(heads, 1, headSize)])
    const context = this.attend({ queries, keys: this.#rotate(still, 1, theta), values })
    const out = this.gemm(nodes.add('Reshape', [context, nodes.shape(1, hidden)]), layer.attended)
    const middle = nodes.add('Add', [out, firstRows(x, 1)])
    const inner = this.#gated(this.gemm(this.norm(middle, layer.innerNorm), layer.inner))
    return nodes.add('Add', [this.gemm(inner, layer.outer), middle])
  }

  end(x: string, output: ModernOutput): ReturnType<typeof valueOf> {
    const { nodes, hidden } = this
    const { head, finalNorm, shape } = this.#weights
    const final = this.norm(x, finalNorm)
    if (output !== 'logits' || head === undefined) {
      nodes.add('Reshape', [final, nodes.shape(1, -1, hidden)], { output: 'last_hidden_state' })
      return valueOf('last_hidden_state', TYPES.float32, [1, 'rows', hidden])
    }
    const attributes = { axes: [0], keepdims: 1 }
    const pooled = shape.pooling === 'cls' ? final : nodes.add('ReduceMean', [final], { attributes })
    const read = this.norm(this.activate(this.gemm(pooled, head.dense), 'gelu'), head.norm)
    const { weight, bias } = head.classifier
    nodes.add('Gemm', [read, nodes.matrix(weight), nodes.floats(bias)], { output: 'logits' })
    return valueOf('logits', TYPES.float32, [1, weight.columns])
  }

  /** Half of the units, activated, times the other half. */
  #gated(x: string): string {
    const [units, gates] = this.nodes.addMany('Split', [x], { attributes: { axis: 1 }, outputs: 2 }) as [string, string]
    return this.nodes.add('Mul', [this.activate(units, 'gelu'), gates])
  }

  /** Turns [parts * heads, L, head size] by the position of each token. */
  #rotate(x: string, parts: number, theta: number): string {
    const { nodes, heads, headSize } = this
    const inBatch = nodes.add('Reshape', [x, nodes.shape(1, parts * heads, -1, headSize)])
    const turned = nodes.add('RotaryEmbedding', [inBatch, nodes.shape(0), ...this.#rotation(theta)])
    return nodes.add('Reshape', [turned, nodes.shape(parts * heads, -1, headSize)])
  }

  #rotation(theta: number): readonly [string, string] {
    const known = this.#rotations.get(theta)
    if (known !== undefined) return known
    const { positions } = this.#weights.shape
    const half = this.headSize / 2
    const table = (of: (angle: number) => number): string => {
      const values = new Float32Array(positions * half)
      for (let at = 0; at < values.length; at++) {
        // In 32 bits, as PyTorch has the angles.
        const frequency = Math.fround(1 / Math.fround(theta ** Math.fround((at % half) / half)))
        values[at] = of(Math.fround(Math.floor(at / half) * frequency))
      }
      return this.nodes.floats(values, positions, half)
    }
    const made = [table(Math.cos), table(Math.sin)] as const
    this.#rotations.set(theta, made)
    return made
  }

  /** [L, L], 0 where a token sees another, and what no softmax leaves anything of elsewhere. */
  #mask(window: number): string {
    const known = this.#masks.get(window)
    if (known !== undefined) return known
    const { nodes } = this
    const toFloat = { attributes: { to: TYPES.float32 } }
    const ones = nodes.add('Cast', [nodes.add('Equal', ['token_ids', 'token_ids'])], toFloat)
    const places = nodes.add('CumSum', [ones, nodes.shape(0)])
    const column = nodes.add('Unsqueeze', [places, nodes.shape(1)])
    const distance = nodes.add('Abs', [nodes.add('Sub', [places, column])])
    const isFar = nodes.add('Greater', [distance, nodes.floats(Float32Array.of(window))])
    const mask = nodes.add('Mul', [nodes.add('Cast', [isFar], toFloat), nodes.floats(Float32Array.of(-1e30))])
    this.#masks.set(window, mask)
    return mask
  }
}

/** Some of the outputs of a linear layer. */
function partOf({ weight, bias }: Linear, from: number, to: number): Linear {
  return { weight: columnRange(weight, from, to), bias: bias.subarray(from, to) }
}
