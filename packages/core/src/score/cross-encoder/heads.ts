import { RerankError, show } from '../../base/errors.js'
import { type HeadStep, runSteps } from './folder/head-steps.js'

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
  const listed = Object.entries(id2label ?? {})
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, name]) => String(name))
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
  const wanted = head.kind === 'modules' ? ['last_hidden_state', 'token_embeddings', 'logits', 'scores'] : ['logits', 'scores']
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
  const most = Math.max(...others)
  return valueAt(relevant) - most - Math.log(others.reduce((sum, other) => sum + Math.exp(other - most), 0))
}

function checkWidth(isRight: boolean, dims: readonly number[], wanted: string): void {
  if (isRight) return
  const fix = 'use the graph that belongs to the other files of the model'
  throw new RerankError('model-files', `The graph gave [${dims.join(', ')}], and ${wanted} are read: ${fix}.`)
}
