import { invalidArgument, RerankError } from '../../base/errors.js'
import { createPairEncoder, type PairEncoder, type PairEncoderOptions } from './pairs.js'
import { createPromptEncoder, type Profile, profileOf, type TemplateName, templateNames } from './prompts.js'
import { createTextEncoder, type TokenEncoder } from './tokenizer/text-encoder.js'

/** The files of a model that say how a pair is read and scored, parsed. */
export interface ScoringFiles {
  /** What the model is called: its repository or folder. Decides which prompt a language model is asked with. */
  readonly name: string
  readonly config: unknown
  readonly tokenizer: unknown
  readonly tokenizerConfig?: unknown
  /** sentence_bert_config.json, which may name a limit. */
  readonly sentenceBert?: unknown
  /** 1_LogitScore/config.json, where `sentence_transformers` keeps which words are compared. */
  readonly logitScore?: unknown
}

/** How pairs become tokens, and the model's numbers a score. */
export interface Scoring {
  readonly pairs: PairEncoder
  readonly head: Head
}

/**
 * Reads from a model's files how it is to be asked and understood, for every runtime.
 *
 * @throws RerankError `'model-files'` when the files leave it open or ask for something that is not known here.
 */
export async function prepareScoring(
  files: ScoringFiles,
  options: ScoringOptions & PairEncoderOptions,
): Promise<Scoring> {
  const profile = profileOf(files.name, files.config, options.template)
  const isLanguageModel = architectureOf(files.config).endsWith('ForCausalLM')
  if (profile === undefined) refuseWithoutProfile(files, options, isLanguageModel)
  const encoder = await createTextEncoder(files.tokenizer, files.tokenizerConfig).catch((cause: unknown) => {
    const fix = 'restore it from the model it came with'
    const message = `tokenizer.json of ${files.name} cannot be used (${(cause as Error).message}): ${fix}.`
    throw new RerankError('model-files', message, { cause })
  })
  const pairs =
    profile === undefined
      ? createPairEncoder({ ...files, encoder }, options)
      : createPromptEncoder({ ...files, encoder }, profile, options)
  const head = isLanguageModel && profile ? wordsHead(files, profile, encoder) : labelsHead(files.config)
  return { pairs, head }
}

function architectureOf(config: unknown): string {
  const { architectures } = (config ?? {}) as { architectures?: unknown }
  return Array.isArray(architectures) ? String(architectures[0] ?? '') : ''
}

function refuseWithoutProfile({ name, config }: ScoringFiles, options: ScoringOptions, isLanguageModel: boolean): void {
  if (options.instruction !== undefined) {
    throw invalidArgument('instruction', options.instruction, `${name} takes none; leave it out`)
  }
  if (!isLanguageModel) return
  const fix = `pass template: '${templateNames.join("' or '")}' if it is one of these under another name`
  throw new RerankError(
    'model-files',
    `${name} is a language model (${architectureOf(config)}), and how it is asked to rerank is not known here: ${fix}.`,
  )
}

/** The words whose numbers are compared: those that the files name, else those of the profile. */
function wordsHead({ name, logitScore }: ScoringFiles, { words }: Profile, encoder: TokenEncoder): Head {
  const { true_token_id: yes, false_token_id: no } = (logitScore ?? {}) as Record<string, unknown>
  if (typeof yes === 'number') return { kind: 'next-token', yes, no: typeof no === 'number' ? no : undefined }
  const idOf = (word: string): number => {
    const ids = encoder.encode(word)
    if (ids.length === 1) return ids[0] as number
    throw new RerankError(
      'model-files',
      `The word ${JSON.stringify(word)} is ${ids.length} tokens for ${name}: its tokenizer.json is not the one it was made with.`,
    )
  }
  return { kind: 'next-token', yes: idOf(words.yes), no: idOf(words.no) }
}

/** What a model's files may leave open, or what is wanted otherwise than they say. */
export interface ScoringOptions {
  /**
   * The prompt of a language model that reranks: `'qwen3-reranker'` or `'mxbai-rerank-v2'`. Default: the one that the
   * model's name points to. Only for a model whose folder or repository is called otherwise.
   */
  readonly template?: TemplateName
  /** What the model is to judge by, for models that take an instruction. Default: what its authors wrote. */
  readonly instruction?: string
  /**
   * What becomes of the model's number. `'sigmoid'`: results carry it as a `score` in 0..1, and as `logit`. `'identity'`:
   * they carry it as it is. Default: what the model's files say, by the rules of `sentence_transformers.CrossEncoder`.
   */
  readonly activation?: Activation
}

/** @throws RerankError `'invalid-argument'` for the first option that is wrong. */
export function checkScoringOptions({ template, instruction, activation }: ScoringOptions): void {
  if (template !== undefined && !templateNames.includes(template)) {
    throw invalidArgument('template', template, `pass '${templateNames.join("' or '")}', or leave it out`)
  }
  if (instruction !== undefined && (typeof instruction !== 'string' || instruction.trim() === '')) {
    throw invalidArgument('instruction', instruction, 'pass a sentence, or leave it out')
  }
  if (activation !== undefined && activation !== 'sigmoid' && activation !== 'identity') {
    throw invalidArgument('activation', activation, "pass 'sigmoid' or 'identity', or leave it out")
  }
}

/** The options that change the numbers, as parts of a scorer's id. */
export function scoringParts({ template, instruction, activation }: ScoringOptions): string[] {
  return [
    ...(template === undefined ? [] : [template]),
    ...(instruction === undefined ? [] : [`instruction=${JSON.stringify(instruction)}`]),
    ...(activation === undefined ? [] : [activation]),
  ]
}

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

/**
 * What the authors of a model put on top of its score: the sigmoid, which makes a number in 0..1 of it, or nothing, which
 * leaves a number whose size means something only beside others of the same model.
 */
export type Activation = 'sigmoid' | 'identity'

/** The files that may name an activation, parsed. */
export interface ActivationFiles {
  /** config.json */
  readonly config?: unknown
  /** config_sentence_transformers.json */
  readonly sentenceTransformers?: unknown
}

type Json = Readonly<Record<string, unknown>>

/**
 * The activation that `sentence_transformers.CrossEncoder` would use, by its own rules: what
 * config_sentence_transformers.json names, else `sentence_transformers.activation_fn` of config.json, else the older
 * `sbert_ce_default_activation_function`, else the sigmoid. Never guessed from scores.
 *
 * Several labels have the sigmoid as well: the score is then the log-odds of one label, and its sigmoid the softmax.
 *
 * @throws RerankError `'model-files'` for a function of PyTorch that is neither.
 */
export function readActivation({ config, sentenceTransformers }: ActivationFiles): Activation {
  const model = (config ?? {}) as Json
  const own = (sentenceTransformers ?? {}) as Json
  const nested = (model['sentence_transformers'] ?? {}) as Json
  const named =
    own['activation_fn'] ??
    ('activation_fn' in nested ? nested['activation_fn'] : model['sbert_ce_default_activation_function'])
  // A function that PyTorch does not have is not loaded by the reference either, unless it is told to trust the files.
  if (typeof named !== 'string' || !named.startsWith('torch.')) return 'sigmoid'
  const name = named.slice(named.lastIndexOf('.') + 1)
  if (name === 'Identity') return 'identity'
  if (name === 'Sigmoid') return 'sigmoid'
  const fix = "only Sigmoid and Identity are known here; pass activation: 'identity' to have the bare logits"
  throw new RerankError('model-files', `The model's activation is ${named}: ${fix}.`)
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
  const isHalf = type === 'float16' && data instanceof Uint16Array
  return isHalf ? (at) => floatOf(data[at] as number) : (at) => Number(data[at])
}
