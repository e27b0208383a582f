import { RerankError } from '../../errors.js'

/**
 * How the numbers that a graph gives for one pair become its score. Plain data, so that it can be sent to a thread.
 *
 * - `labels`: one number per label. With one label it is the score. With several the score is the log-odds of the label
 *   that means "relevant" against all others, whose sigmoid is that label's softmax.
 * - `next-token`: one number per word of the vocabulary, for the token that would come next. The score is the number of
 *   the word for "yes", less that of the word for "no" where there is one.
 */
export type Head =
  | { readonly kind: 'labels'; readonly names: readonly string[]; readonly relevant: number | undefined }
  | { readonly kind: 'next-token'; readonly yes: number; readonly no: number | undefined }

/** What a runtime says about an output before anything ran; a dimension that is free is a string or missing. */
export interface OutputShape {
  readonly name: string
  readonly dims: readonly (number | string | undefined)[]
}

const RELEVANT = /^(relevant|positive|yes|true)$/i
const IRRELEVANT = /^(irrelevant|not[ _-]?relevant|non[ _-]?relevant|negative|no|false)$/i

/** Reads the labels of a parsed config.json; which of several means "relevant" is taken from their names or not at all. */
export function labelsHead(config: unknown): Head {
  const { id2label } = (config ?? {}) as { id2label?: Readonly<Record<string, string>> | null }
  const names = Object.entries(id2label ?? {})
    .sort(([one], [other]) => Number(one) - Number(other))
    .map(([, name]) => name)
  const named = names.findIndex((name) => RELEVANT.test(name))
  const opposite = names.length === 2 ? names.findIndex((name) => IRRELEVANT.test(name)) : -1
  const relevant = named >= 0 ? named : opposite >= 0 ? 1 - opposite : undefined
  return { kind: 'labels', names, relevant }
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
  if (rank > 2) {
    const fix = 'it was exported without the layer that scores; export it as a sequence classifier'
    throw new RerankError('model-files', `${seen}, numbers for every token: ${fix}.`)
  }
  if (typeof last === 'number') checkLabels(head, last, seen)
}

function checkLabels(head: Head & { kind: 'labels' }, labels: number, seen: string): void {
  if (labels === 1 || (labels > 1 && head.relevant !== undefined && head.relevant < labels)) return
  const names = head.names.length === 0 ? '' : ` (${head.names.join(', ')})`
  const fix =
    'config.json does not say which one means "relevant"; name it so in id2label, for example ' +
    '{"0": "irrelevant", "1": "relevant"}'
  throw new RerankError('model-files', `${seen}, ${labels} labels${names}: ${fix}.`)
}

/**
 * The score of one pair from all numbers of its run.
 *
 * @param valueAt reads one of the numbers, as a float of at least 32 bits.
 * @throws RerankError `'model-files'` for a count of labels that the head does not know what to do with.
 */
export function scoreOf(head: Head, dims: readonly number[], valueAt: (at: number) => number): number {
  const count = dims.reduce((product, dim) => product * dim, 1)
  if (head.kind === 'next-token') {
    // The last position: there is no padding, and some graphs give only that one.
    const start = count - (dims.at(-1) ?? 0)
    return valueAt(start + head.yes) - (head.no === undefined ? 0 : valueAt(start + head.no))
  }
  if (count === 1) return valueAt(0)
  checkLabels(head, count, 'The model')
  const relevant = head.relevant as number
  const others = Array.from({ length: count }, (_, at) => valueAt(at)).filter((_, at) => at !== relevant)
  const most = Math.max(...others)
  return valueAt(relevant) - most - Math.log(others.reduce((sum, other) => sum + Math.exp(other - most), 0))
}
