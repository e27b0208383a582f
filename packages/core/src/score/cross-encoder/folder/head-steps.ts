/** How the numbers of all tokens become one list. Several are joined in their order. */
export type PoolingMode = 'cls' | 'max' | 'mean' | 'mean_sqrt_len_tokens' | 'weightedmean' | 'lasttoken'

export const poolingModes: readonly PoolingMode[] = [
  'cls',
  'max',
  'mean',
  'mean_sqrt_len_tokens',
  'weightedmean',
  'lasttoken',
]

/** What is put on top of each number of a dense layer. */
export type Activation = keyof typeof activations

/** One module that scores, with its weights. Plain data, so that it can be sent to a thread. */
export type HeadStep = { readonly from: string; readonly to: string } & (
  | { readonly kind: 'pooling'; readonly modes: readonly PoolingMode[] }
  | {
      readonly kind: 'dense'
      /** [out, in], row by row. */
      readonly weight: Float32Array
      readonly bias: Float32Array | undefined
      readonly activation: Activation
      /** Whether the input is added at the end; where it has another width, the weights that bring it to this one. */
      readonly residual: boolean | Float32Array
    }
  | { readonly kind: 'norm'; readonly weight: Float32Array; readonly bias: Float32Array }
  | { readonly kind: 'normalize' }
)

/** The numbers of some tokens, or of one text. */
export interface Features {
  readonly rows: number
  readonly width: number
  at(place: number): number
}

/**
 * What the steps make of a transformer's numbers for one text: the content of `scores`.
 *
 * Computed in 64-bit floats, which PyTorch's 32-bit ones come near.
 */
export function runSteps(
  steps: readonly HeadStep[],
  start: { readonly name: string; readonly features: Features },
): Features {
  const found = new Map([[start.name, start.features]])
  for (const step of steps) found.set(step.to, run(step, found.get(step.from) as Features))
  return found.get('scores') as Features
}

function run(step: HeadStep, features: Features): Features {
  switch (step.kind) {
    case 'pooling':
      return pool(step.modes, features)
    case 'dense':
      return dense(step, features)
    case 'norm':
      return eachRow(features, features.width, (row) => layerNorm(row, step))
    case 'normalize':
      return eachRow(features, features.width, unitLength)
  }
}

function eachRow(features: Features, width: number, change: (row: Float64Array) => ArrayLike<number>): Features {
  const { rows } = features
  const all = new Float64Array(rows * width)
  for (let row = 0; row < rows; row++) all.set(change(rowOf(features, row)), row * width)
  return { rows, width, at: (place) => all[place] as number }
}

function rowOf({ width, at }: Features, row: number): Float64Array {
  return Float64Array.from({ length: width }, (_, column) => at(row * width + column))
}

function pool(modes: readonly PoolingMode[], features: Features): Features {
  const { width } = features
  const all = modes.map((mode) => poolOne(mode, features))
  return {
    rows: 1,
    width: width * modes.length,
    at: (place) => (all[Math.floor(place / width)] as Float64Array)[place % width] as number,
  }
}

function poolOne(mode: PoolingMode, features: Features): Float64Array {
  const { rows, width, at } = features
  if (mode === 'cls') return rowOf(features, 0)
  if (mode === 'lasttoken') return rowOf(features, rows - 1)
  const over = (column: number): number => {
    if (mode === 'max') {
      let most = -Infinity
      for (let row = 0; row < rows; row++) most = Math.max(most, at(row * width + column))
      return most
    }
    let sum = 0
    for (let row = 0; row < rows; row++) sum += at(row * width + column) * (mode === 'weightedmean' ? row + 1 : 1)
    return sum / { mean: rows, mean_sqrt_len_tokens: Math.sqrt(rows), weightedmean: (rows * (rows + 1)) / 2 }[mode]
  }
  return Float64Array.from({ length: width }, (_, column) => over(column))
}

function dense(step: HeadStep & { readonly kind: 'dense' }, features: Features): Features {
  const { weight, bias, residual } = step
  const outWidth = weight.length / features.width
  const activate = activations[step.activation]
  return eachRow(features, outWidth, (row) => {
    const out = product(weight, row)
    const added = residual === true ? row : residual === false ? undefined : product(residual, row)
    return out.map((value, at) => activate(value + (bias?.[at] ?? 0)) + (added?.[at] ?? 0))
  })
}

function product(weight: Float32Array, row: Float64Array): Float64Array {
  return Float64Array.from({ length: weight.length / row.length }, (_, out) => {
    const start = out * row.length
    let sum = 0
    for (let at = 0; at < row.length; at++) sum += (weight[start + at] as number) * (row[at] as number)
    return sum
  })
}

/** What PyTorch adds to a variance, so that nothing is divided by zero. */
const LAYER_NORM_EPSILON = 1e-5

function layerNorm(
  row: Float64Array,
  { weight, bias }: { readonly weight: Float32Array; readonly bias: Float32Array },
): Float64Array {
  const mean = row.reduce((sum, value) => sum + value, 0) / row.length
  const variance = row.reduce((sum, value) => sum + (value - mean) ** 2, 0) / row.length
  const scale = 1 / Math.sqrt(variance + LAYER_NORM_EPSILON)
  return row.map((value, at) => (value - mean) * scale * (weight[at] as number) + (bias[at] as number))
}

function unitLength(row: Float64Array): Float64Array {
  const length = Math.max(Math.sqrt(row.reduce((sum, value) => sum + value * value, 0)), 1e-12)
  return row.map((value) => value / length)
}

const sigmoid = (value: number): number => 1 / (1 + Math.exp(-value))

/** The functions of `torch.nn` that are known here, with PyTorch's own defaults. */
const activations = {
  Identity: (value: number): number => value,
  Tanh: (value: number): number => Math.tanh(value),
  ReLU: (value: number): number => Math.max(0, value),
  GELU: (value: number): number => (value * (1 + erf(value / Math.SQRT2))) / 2,
  SiLU: (value: number): number => value * sigmoid(value),
  Sigmoid: (value: number): number => sigmoid(value),
}

const ACTIVATION = /^torch\.nn\.(?:modules\.(?:(?:activation|linear)\.)?)?(\w+)$/

/** The activation that Python's name of a class means; nothing when it is not known here. */
export function activationOf(name: unknown): Activation | undefined {
  const found = typeof name === 'string' ? ACTIVATION.exec(name)?.[1] : undefined
  return found !== undefined && Object.hasOwn(activations, found) ? (found as Activation) : undefined
}

/** The error function to the last digits: a series whose terms are all of one sign. */
export function erf(value: number): number {
  const size = Math.abs(value)
  if (size > 6) return Math.sign(value)
  let term = size
  let sum = size
  for (let n = 1; term > sum * 1e-17; n++) sum += term *= (2 * size * size) / (2 * n + 1)
  return (Math.sign(value) * sum * Math.exp(-size * size) * 2) / Math.sqrt(Math.PI)
}
