import { RerankError, show } from '../../../base/errors.js'
import type { KnownTexts, StateWidths } from '../states.js'
import { type HeadStep, runSteps } from '../folder/head-steps.js'
import type { GraphValue } from './graph-values.js'

/** The tensors of a runtime, which takes no other's. */
export type TensorClass = new (type: string, data: never, dims: readonly number[]) => object

/** Builds the inputs of one pair: its token ids, and where the second segment starts. */
export type Feeds = (ids: Int32Array, secondSegmentStart: number) => Record<string, object>

/** An input of a graph that holds a number for each token. */
export interface TokenInput {
  readonly name: string
  readonly type: 'int32' | 'int64'
  /** Of an input that holds a row for each token: how long a row is. */
  readonly width?: number | undefined
}

/** The inputs of a graph of ours for what it made of the texts of a pair before: see `StateGraph`. */
const KNOWN_QUERY = 'known_query'
const KNOWN_PASSAGE = 'known_passage'

/** What stock graphs are fed at each place of a pair. */
const PER_TOKEN: Readonly<Record<string, (ids: Int32Array, secondSegmentStart: number, at: number) => number>> = {
  input_ids: (ids, _, at) => ids[at] as number,
  attention_mask: () => 1,
  token_type_ids: (_, secondSegmentStart, at) => (at < secondSegmentStart ? 0 : 1),
  position_ids: (_, __, at) => at,
}

/** The names of {@link PER_TOKEN}, for errors. */
export const tokenInputNames: readonly string[] = Object.keys(PER_TOKEN)

/**
 * The function that fills the inputs of a graph, for every runtime; nothing when the graph has an input that is not known
 * here. Segment ids are fed if and only if the graph asks, and then as real 0/1 values: zeros would change every score of
 * a BERT model.
 *
 * - lean graph: `token_ids` and `position_type_ids` (position + segment * maxPositions), int32 [length]; where it takes
 *   what it made of the texts before, nothing is known
 * - stock graph: `input_ids`, and where present `attention_mask`, `token_type_ids`, `position_ids`, [1, length]
 */
export function tokenFeeds(
  Tensor: TensorClass,
  inputs: readonly TokenInput[],
  maxPositions: number,
): Feeds | undefined {
  const names = inputs.map(({ name }) => name)
  if (names.includes('token_ids') && names.includes('position_type_ids')) {
    const feeds = leanFeeds(Tensor, maxPositions)
    const widths = stateWidths(inputs)
    return widths === undefined
      ? feeds
      : (ids, secondSegmentStart) => ({ ...feeds(ids, secondSegmentStart), ...stateFeeds(Tensor, widths) })
  }
  if (!names.includes('input_ids') || names.some((name) => !tokenInputNames.includes(name))) return undefined
  return (ids, secondSegmentStart) => {
    const feed = ({ name, type }: TokenInput): [string, object] => {
      const valueAt = PER_TOKEN[name] as (typeof PER_TOKEN)[string]
      return [name, intTensor(Tensor, { type, dims: [1, ids.length] }, (at) => valueAt(ids, secondSegmentStart, at))]
    }
    return Object.fromEntries(inputs.map(feed))
  }
}

function leanFeeds(Tensor: TensorClass, maxPositions: number): Feeds {
  return (ids, secondSegmentStart) => ({
    token_ids: intTensor(Tensor, { type: 'int32', dims: [ids.length] }, (at) => ids[at] as number),
    position_type_ids: intTensor(Tensor, { type: 'int32', dims: [ids.length] }, (at) =>
      at < secondSegmentStart ? at : at + maxPositions,
    ),
  })
}

/** Read from the inputs of a graph; nothing for one that keeps nothing. */
export function stateWidths(inputs: readonly Pick<TokenInput, 'name' | 'width'>[]): StateWidths | undefined {
  const [query, passage] = [KNOWN_QUERY, KNOWN_PASSAGE].map(
    (name) => inputs.find((input) => input.name === name)?.width,
  )
  return query === undefined || passage === undefined ? undefined : { query, passage }
}

/** What a graph of ours is given of what it made of the texts before: nothing unless told otherwise. */
export function stateFeeds(
  Tensor: TensorClass,
  widths: StateWidths,
  known: KnownTexts = nothing,
): Record<string, object> {
  const { query, passage } = known
  return {
    [KNOWN_QUERY]: tensorOf(Tensor, 'float32', { data: query, width: widths.query }),
    [KNOWN_PASSAGE]: tensorOf(Tensor, 'uint8', { data: passage, width: widths.passage }),
  }
}

/** A tensor of rows that are there already: copied only where they are of another realm than the runtime's. */
function tensorOf(
  Tensor: TensorClass,
  type: string,
  { data, width }: { readonly data: Float32Array | Uint8Array; readonly width: number },
): object {
  const Data = dataClass(Tensor, type)
  const fitting = data.constructor === Data ? data : new Data(data)
  return new Tensor(type, fitting as never, [data.length / width, width])
}

const nothing: KnownTexts = { query: new Float32Array(0), passage: new Uint8Array(0) }

/** A tensor of whole numbers, none of them negative. */
export function intTensor(
  Tensor: TensorClass,
  { type, dims }: Pick<TokenInput, 'type'> & { readonly dims: readonly number[] },
  valueAt: (at: number) => number,
): object {
  const length = dims.reduce((product, dim) => product * dim, 1)
  if (type === 'int32') {
    const data = new (dataClass<Int32Array>(Tensor, type))(length)
    for (let at = 0; at < length; at++) data[at] = valueAt(at)
    return new Tensor(type, data as never, dims)
  }
  // The low half of each 64-bit number is written through a 32-bit view, so that no BigInt is made.
  const wide = new (dataClass<BigInt64Array>(Tensor, type))(length)
  const low = new Int32Array(wide.buffer)
  for (let at = 0; at < length; at++) low[2 * at] = valueAt(at)
  return new Tensor(type, wide as never, dims)
}

type DataClass<Data = never> = new (from: number | ArrayLike<number>) => Data

/** The classes of typed arrays that a runtime takes, by its class of tensors and their type. */
const dataClasses = new WeakMap<TensorClass, Map<string, DataClass>>()

/** The class that the runtime itself makes for such a tensor, since it refuses those of another realm. */
function dataClass<Data = never>(Tensor: TensorClass, type: string): DataClass<Data> {
  const known = dataClasses.get(Tensor) ?? new Map<string, DataClass>()
  dataClasses.set(Tensor, known)
  const found = known.get(type) ?? classOfData(Tensor, type)
  known.set(type, found)
  return found as DataClass<Data>
}

function classOfData(Tensor: TensorClass, type: string): DataClass {
  const { data } = new Tensor(type, [] as never, [0]) as { data?: object }
  // A class that keeps what it is given asks for none but those of this realm.
  const here = { int32: Int32Array, float32: Float32Array, uint8: Uint8Array }[type] ?? BigInt64Array
  return (ArrayBuffer.isView(data) ? data.constructor : here) as DataClass
}

/** What was asked for alone. Its name is not gone by: of a part of the outputs, 1.21 calls each by that of another. */
export function onlyOne(answer: Readonly<Record<string, unknown>>): never {
  return Object.values(answer)[0] as never
}

/** The number format that an input of onnxruntime wants. */
export function intTypeOf(input: GraphValue | undefined): TokenInput['type'] {
  return input?.isTensor === true && input.type === 'int32' ? 'int32' : 'int64'
}

/** How long a row of an input is that has one for each token. */
export function rowWidthOf(input: GraphValue | undefined): number | undefined {
  const [, width] = input?.isTensor === true ? input.shape : []
  return typeof width === 'number' ? width : undefined
}

/** Of how many places a language model gives its numbers: the last is enough. */
const LAST_ONLY = ['num_logits_to_keep', 'logits_to_keep']

/**
 * Reads from an opened graph which inputs it has, and gives the function that fills them: those of {@link tokenFeeds} and,
 * for language models, `past_key_values.*`, which is empty, and `num_logits_to_keep`, which is 1.
 *
 * @throws RerankError `'model-files'` for inputs that are not known here.
 */
export function createFeeds(
  TensorType: unknown,
  inputs: readonly GraphValue[],
  { graphPath, maxPositions }: { readonly graphPath: string; readonly maxPositions: number },
): Feeds {
  const Tensor = TensorType as TensorClass
  const isFixed = ({ name }: GraphValue): boolean => name.startsWith('past_key_values.') || LAST_ONLY.includes(name)
  const perToken = inputs.filter((input) => !isFixed(input))
  const feeds = tokenFeeds(
    Tensor,
    perToken.map((input) => ({ name: input.name, type: intTypeOf(input), width: rowWidthOf(input) })),
    maxPositions,
  )
  if (feeds === undefined) {
    const unknown = perToken.map(({ name }) => name).filter((name) => !tokenInputNames.includes(name))
    const odd = unknown.length > 0 ? ` (${unknown.join(', ')} is not known here)` : ''
    const fix = 'export it with input_ids, attention_mask and token_type_ids, or with training/export'
    const seen = `${graphPath} has the inputs ${inputs.map(({ name }) => name).join(', ')}${odd}`
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  const fixed = Object.fromEntries(
    inputs.filter(isFixed).map((input) => [input.name, fixedTensor(Tensor, input, graphPath)]),
  )
  return (ids, secondSegmentStart) => ({ ...fixed, ...feeds(ids, secondSegmentStart) })
}

/** An input that is the same for every pair. */
function fixedTensor(Tensor: TensorClass, input: GraphValue, graphPath: string): object {
  if (!LAST_ONLY.includes(input.name)) return emptyPast(Tensor, input, graphPath)
  const dims = input.isTensor && input.shape.length === 1 ? [1] : []
  return intTensor(Tensor, { type: intTypeOf(input), dims }, () => 1)
}

/** What a language model remembers of earlier tokens: none, since every pair is read from its start. [1, heads, 0, size]. */
function emptyPast(Tensor: TensorClass, input: GraphValue, graphPath: string): object {
  const { type, shape } = input.isTensor ? input : { type: '', shape: [] }
  const [, heads, , size] = shape
  const isFloat = type === 'float32' || type === 'float16'
  if (shape.length !== 4 || typeof heads !== 'number' || typeof size !== 'number' || !isFloat) {
    const seen = `${graphPath} has the input ${input.name} (${type || 'no tensor'} [${shape.join(', ')}])`
    const fix = 'it should be a tensor of floats [batch, heads, length, size]; export the model without past_key_values'
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  return new Tensor(type, new (dataClass(Tensor, type))(0), [1, heads, 0, size])
}

/**
 * How the numbers that a graph gives for one pair become its score. Plain data, so that it can be sent to a thread.
 *
 * - `labels`: one number per label. With one label it is the score. With several the score is the log-odds of the label
 *   that means "relevant" against all others, whose sigmoid is that label's softmax.
 * - `next-token`: one number per word of the vocabulary, for the token that would come next. The score is the number of
 *   the word for "yes", less that of the word for "no" where there is one.
 * - `modules`: `width` numbers per token, which the steps make a score of.
 */
export type Head =
  | { readonly kind: 'labels'; readonly names: readonly string[]; readonly relevant: number | undefined }
  | { readonly kind: 'next-token'; readonly yes: number; readonly no: number | undefined }
  | { readonly kind: 'modules'; readonly input: string; readonly width: number; readonly steps: readonly HeadStep[] }

/** What a runtime says about an output before anything ran; a dimension that is free is a string or missing. */
export interface OutputShape {
  readonly name: string
  readonly dims: readonly (number | string | undefined)[]
}

const RELEVANT = /^(relevant|positive|yes|true)$/i
const IRRELEVANT = /^(irrelevant|not[ _-]?relevant|non[ _-]?relevant|negative|no|false)$/i

/** Reads the labels of a parsed config.json; which of several means "relevant" is taken from their names or not at all. */
export function labelsHead(config: unknown): Head & { readonly kind: 'labels' } {
  const { id2label, num_labels, architectures } = (config ?? {}) as {
    id2label?: Readonly<Record<string, string>> | null
    num_labels?: unknown
    architectures?: unknown
  }
  const byId = Object.entries(id2label ?? {}).sort(([one], [other]) => Number(one) - Number(other))
  const gap = byId.find(([id], at) => Number(id) !== at)
  if (gap !== undefined) {
    const seen = `config.json: id2label has the label ${gap[0]} and not one for each number from 0`
    throw new RerankError('model-files', `${seen}: number the labels as the graph gives them.`)
  }
  const listed = byId.map(([, name]) => name)
  // As transformers does: two where no file says how many, and numbers in the place of names.
  const isClassifier = Array.isArray(architectures) && String(architectures[0]).endsWith('ForSequenceClassification')
  const count = num_labels ?? (listed.length > 0 ? listed.length : isClassifier ? 2 : 0)
  const isCount = Number.isSafeInteger(count) && (count as number) >= 0 && (count as number) <= MOST_LABELS
  if (!isCount || (listed.length > 0 && count !== listed.length)) {
    const fix = 'write the same number of labels in both'
    const seen = `config.json: num_labels is ${show(count)}, and id2label names ${listed.length}`
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  const names = listed.length > 0 ? listed : Array.from({ length: count as number }, (_, at) => `LABEL_${at}`)
  const named = names.findIndex((name) => RELEVANT.test(name))
  const opposite = names.length === 2 ? names.findIndex((name) => IRRELEVANT.test(name)) : -1
  const relevant = named >= 0 ? named : opposite >= 0 ? 1 - opposite : undefined
  return { kind: 'labels', names, relevant }
}

const MOST_LABELS = 10_000

/** Outputs that hold embeddings whatever their width is: a number of one is no score. */
const EMBEDDINGS = /^(last_hidden_state|pooler_output|sentence_embedding|token_embeddings|hidden_states.*|embeddings?)$/

/** The outputs in which exports keep what a head reads, the first that is there. */
export function outputFor(head: Head, names: readonly string[]): string | undefined {
  const wanted =
    head.kind === 'modules' ? ['last_hidden_state', 'token_embeddings', 'logits', 'scores'] : ['logits', 'scores']
  return wanted.find((name) => names.includes(name)) ?? names[0]
}

/**
 * The head that reads an output: of a model whose modules are in the graph already, its one number.
 *
 * @throws RerankError `'model-files'` when the output does not hold what the head reads, with the names of output and
 * labels.
 */
export function headFor(head: Head, output: OutputShape, model: string): Head {
  const isScore = (output.name === 'logits' || output.name === 'scores') && output.dims.length <= 2
  const found = head.kind === 'modules' && isScore ? labelsHead(undefined) : head
  checkOutput(found, output, model)
  return found
}

/**
 * Refuses a graph whose output does not hold what the head reads.
 *
 * @throws RerankError `'model-files'`, with the names of output and labels.
 */
export function checkOutput(head: Head, output: OutputShape, model: string): void {
  const last = output.dims.at(-1)
  const rank = output.dims.length
  const seen = `${model} has the output ${output.name} [${output.dims.map((dim) => dim ?? '?').join(', ')}]`
  if (head.kind === 'next-token') {
    if (rank === 3 && (typeof last !== 'number' || last > Math.max(head.yes, head.no ?? 0))) return
    throw new RerankError('model-files', `${seen}: a language model's is [batch, length, words]; export it again.`)
  }
  if (head.kind === 'modules') {
    if (rank === 3 && (typeof last !== 'number' || last === head.width)) return
    const fix = `the modules of the folder read [batch, length, ${head.width}]; use the graph that belongs to them`
    throw new RerankError('model-files', `${seen}: ${fix}.`)
  }
  if (rank > 2) {
    const fix = 'it was exported without the layer that scores; export it as a sequence classifier'
    throw new RerankError('model-files', `${seen}, numbers for every token: ${fix}.`)
  }
  if (EMBEDDINGS.test(output.name)) {
    const fix = 'a cross-encoder is needed; export it as a sequence classifier'
    throw new RerankError('model-files', `${seen}, an embedding: ${fix}.`)
  }
  if (typeof last === 'number') checkLabels(head, last, seen)
}

function checkLabels(head: Head & { kind: 'labels' }, labels: number, seen: string): void {
  const names = head.names.length === 0 ? '' : ` (${head.names.join(', ').slice(0, 200)})`
  if (head.names.length > 0 && head.names.length !== labels) {
    const fix = `config.json names ${head.names.length}${names} in id2label; use the graph and the config.json of one model`
    throw new RerankError('model-files', `${seen}, ${labels} labels: ${fix}.`)
  }
  if (labels === 1 || (labels > 1 && head.relevant !== undefined)) return
  const fix =
    'config.json does not say which one means "relevant"; name it so in id2label, for example ' +
    '{"0": "irrelevant", "1": "relevant"}'
  throw new RerankError('model-files', `${seen}, ${labels} labels${names}: ${fix}.`)
}

/**
 * The score of one pair from all numbers of its run.
 *
 * @param valueAt reads one of the numbers, as a float of at least 32 bits.
 * @throws RerankError `'model-files'` for a count of numbers that the head does not know what to do with.
 */
export function scoreOf(head: Head, dims: readonly number[], valueAt: (at: number) => number): number {
  const count = dims.reduce((product, dim) => product * dim, 1)
  if (head.kind === 'next-token') {
    const words = dims.at(-1) ?? 0
    checkWidth(words > Math.max(head.yes, head.no ?? 0), dims, `more than ${Math.max(head.yes, head.no ?? 0)} words`)
    // The last position: there is no padding, and some graphs give only that one.
    const start = count - words
    return valueAt(start + head.yes) - (head.no === undefined ? 0 : valueAt(start + head.no))
  }
  if (head.kind === 'modules') {
    const { input, width, steps } = head
    checkWidth(count > 0 && dims.at(-1) === width, dims, `${width} features a token`)
    const scores = runSteps(steps, { name: input, features: { rows: count / width, width, at: valueAt } })
    return scores.at(0)
  }
  if (count === 1 && head.names.length <= 1) return valueAt(0)
  checkLabels(head, count, 'The model')
  const relevant = head.relevant as number
  const others = Array.from({ length: count }, (_, at) => valueAt(at)).filter((_, at) => at !== relevant)
  const most = others.reduce((largest, other) => Math.max(largest, other), -Infinity)
  return valueAt(relevant) - most - Math.log(others.reduce((sum, other) => sum + Math.exp(other - most), 0))
}

function checkWidth(isRight: boolean, dims: readonly number[], wanted: string): void {
  if (isRight) return
  const fix = 'use the graph that belongs to the other files of the model'
  throw new RerankError('model-files', `The graph gave [${dims.join(', ')}], and ${wanted} are read: ${fix}.`)
}

/** The number that sixteen bits stand for (IEEE 754 binary16). */
export function floatOf(half: number): number {
  const sign = half & 0x8000 ? -1 : 1
  const exponent = (half >> 10) & 0x1f
  const fraction = half & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : Number.NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}

/**
 * Reads the numbers of a tensor. Half floats become floats first: nothing is computed with eleven bits, and runtimes
 * without `Float16Array` hand over their bare bits.
 */
export function numbersOf({
  type,
  data,
}: {
  readonly type: string
  readonly data: ArrayLike<unknown>
}): (at: number) => number {
  // By name: the array may be of another realm.
  const isHalf = type === 'float16' && Object.prototype.toString.call(data) === '[object Uint16Array]'
  return isHalf ? (at) => floatOf(data[at] as number) : (at) => Number(data[at])
}
