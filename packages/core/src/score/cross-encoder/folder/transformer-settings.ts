import { RerankError } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { checkNames, flagIn, isObject, notKnown, readObject, type SmallFiles } from './small-files.js'

/** What a transformer was made for; which numbers its graph gives. */
export type Task = 'sequence-classification' | 'feature-extraction' | 'text-generation'

/** How a pair is put to a transformer by its own chat template, as messages. */
export interface ChatSettings {
  /** Whether the content of a message is its text or a list of parts; `'auto'`: as the template looks. */
  readonly format: 'flat' | 'structured' | 'auto'
  /** Handed to the template beside the messages. */
  readonly variables: Json
  /** Whether what the template puts behind the pair is kept when the pair is cut. */
  readonly restoreSuffix: boolean
}

/** How the transformer of a model is fed, by the rules of `sentence_transformers`. */
export interface TransformerSettings {
  readonly task: Task
  /** The name under which later modules find what it gives. */
  readonly outputName: string
  /** Stands in for `model_max_length`. */
  readonly maxSeqLength: number | undefined
  /** Whether text is put in lower case before anything else. */
  readonly lowercase: boolean
  /** Missing when a pair is put as a pair; `'template'` when that is so only if the folder has no chat template. */
  readonly chat: ChatSettings | 'template' | undefined
}

const OUTPUTS: Readonly<Record<Task, { readonly name: string; readonly field: string }>> = {
  'sequence-classification': { name: 'scores', field: 'logits' },
  'feature-extraction': { name: 'token_embeddings', field: 'last_hidden_state' },
  'text-generation': { name: 'causal_logits', field: 'logits' },
}

/** Answers to a prompt that its authors publish in words; as a plain classifier it would be fed without. */
const PROMPTED = /Bidirectional/

/**
 * The transformer of a folder without modules, or of one whose modules belong to another kind of model: what
 * `CrossEncoder` makes of its config.json alone.
 *
 * @throws RerankError `'model-files'` for an architecture whose weights have no layer that scores.
 */
export function plainTransformer(config: unknown, isOtherKind: boolean): TransformerSettings {
  const architecture = architectureOf(config)
  const settings = { maxSeqLength: undefined, lowercase: false, chat: 'template' } as const
  if (architecture.endsWith('ForCausalLM')) return { ...settings, task: 'text-generation', outputName: 'causal_logits' }
  const isClassifier = architecture.endsWith('ForSequenceClassification')
  if (isClassifier && PROMPTED.test(architecture)) {
    const fix = 'it is asked with a prompt of its own; use a server that knows it'
    throw notKnown({ file: 'config.json', name: 'architectures', value: architecture }, fix)
  }
  if (!isClassifier && (architecture !== '' || isOtherKind)) {
    const fix = 'Python would score with random weights; a cross-encoder (…ForSequenceClassification) is needed'
    throw notKnown({ file: 'config.json', name: 'architectures', value: architecture || undefined }, fix)
  }
  return { ...settings, task: 'sequence-classification', outputName: 'scores' }
}

/** The first of the architectures in config.json, of which the weights are; `''` when it names none. */
export function architectureOf(config: unknown): string {
  const { architectures } = (config ?? {}) as { architectures?: unknown }
  return Array.isArray(architectures) ? String(architectures[0] ?? '') : ''
}

/** Under which names `sentence_transformers` has kept the settings of a transformer; the first that is there counts. */
export const TRANSFORMER_FILES: readonly string[] = [
  'sentence_bert_config.json',
  'sentence_roberta_config.json',
  'sentence_distilbert_config.json',
  'sentence_camembert_config.json',
  'sentence_albert_config.json',
  'sentence_xlm-roberta_config.json',
  'sentence_xlnet_config.json',
]

/** Settings that change how fast Python is, or that belong to another kind of model: none of them changes a score. */
const WITHOUT_EFFECT = [
  'unpad_inputs',
  'query_length',
  'document_length',
  'query_expansion',
  'model_kwargs',
  'model_args',
]
const OBEYED = [
  'transformer_task',
  'modality_config',
  'module_output_name',
  'max_seq_length',
  'do_lower_case',
  'processing_kwargs',
  'processor_kwargs',
  'tokenizer_args',
  'config_kwargs',
  'config_args',
]
/** What of `model_kwargs` says how the weights are computed with, and not which function. */
const MODEL_OPTIONS = [
  'attn_implementation',
  'dtype',
  'torch_dtype',
  'device_map',
  'low_cpu_mem_usage',
  'trust_remote_code',
]

/**
 * The transformer that a modules.json begins with.
 *
 * @throws RerankError `'model-files'` for a setting that is not known here.
 */
export function readTransformer(files: SmallFiles, config: unknown): TransformerSettings {
  const file = TRANSFORMER_FILES.find((name) => Object.keys(readObject(files, name) ?? {}).length > 0)
  const given = file === undefined ? {} : (readObject(files, file) as Json)
  const place = file ?? (TRANSFORMER_FILES[0] as string)
  checkNames(place, given, [...OBEYED, ...WITHOUT_EFFECT])
  const task = readTask(place, given)
  const output = readOutput(place, given, task)
  checkArchitecture(task, config)
  checkModelOptions(place, given)
  const processor = withoutTrust(place, given, ['processor_kwargs', 'tokenizer_args'])
  checkNames(place, processor, ['model_max_length'])
  const text = textOptions(place, given)
  return {
    task,
    outputName: output.name,
    maxSeqLength: lengthIn(place, { ...given, ...text, ...processor }),
    lowercase: flagIn({ file: place, name: 'do_lower_case', value: given['do_lower_case'] }, false),
    chat: output.format === undefined ? undefined : { format: output.format, ...chatOptions(place, given) },
  }
}

function readTask(file: string, given: Json): Task {
  // Python's default: a model that was saved before there were tasks makes embeddings.
  const task = given['transformer_task'] ?? 'feature-extraction'
  if (typeof task === 'string' && Object.hasOwn(OUTPUTS, task)) return task as Task
  throw notKnown({ file, name: 'transformer_task', value: task }, `it should be ${Object.keys(OUTPUTS).join(' or ')}`)
}

interface Output {
  readonly name: string
  /** Of messages, where the model reads them. */
  readonly format: ChatSettings['format'] | undefined
}

function readOutput(file: string, given: Json, task: Task): Output {
  const { name, field } = OUTPUTS[task]
  const modalities = given['modality_config'] ?? { text: { method: 'forward', method_output_name: field } }
  if (!isObject(modalities))
    throw notKnown({ file, name: 'modality_config', value: modalities }, 'it should be an object')
  for (const modality of ['text', 'message']) {
    const value = modalities[modality]
    if (value === undefined) continue
    const { method, method_output_name: path } = value as Json
    const gives: unknown = Array.isArray(path) && path.length === 1 ? path[0] : path
    if (method === 'forward' && gives === field) continue
    throw notKnown({ file, name: `modality_config.${modality}`, value }, `it should be ${field} of forward`)
  }
  const outputName = given['modality_config'] === undefined ? name : (given['module_output_name'] ?? name)
  if (typeof outputName !== 'string')
    throw notKnown({ file, name: 'module_output_name', value: outputName }, `use ${name}`)
  const message = modalities['message'] as Json | undefined
  if (modalities['text'] === undefined) {
    throw notKnown({ file, name: 'modality_config', value: modalities }, 'only what has text among it can be read here')
  }
  const format = message === undefined ? undefined : (message['format'] ?? 'auto')
  if (format === undefined || format === 'flat' || format === 'structured' || format === 'auto') {
    return { name: outputName, format }
  }
  throw notKnown({ file, name: 'modality_config.message.format', value: format }, 'use flat, structured or auto')
}

/** Python loads the weights into the class of the task; what the file lacks would be random. */
function checkArchitecture(task: Task, config: unknown): void {
  const architecture = architectureOf(config)
  const wanted = { 'sequence-classification': /ForSequenceClassification$/, 'text-generation': /ForCausalLM$/ }
  const isWhole = task === 'feature-extraction' || architecture === '' || wanted[task].test(architecture)
  if (isWhole) return
  const fix = `the weights lack what ${task} needs`
  throw notKnown({ file: 'config.json', name: 'architectures', value: architecture }, fix)
}

function checkModelOptions(file: string, given: Json): void {
  const model = withoutTrust(file, given, ['model_kwargs', 'model_args'])
  checkNames(file, model, MODEL_OPTIONS)
  const config = withoutTrust(file, given, ['config_kwargs', 'config_args'])
  const [name] = Object.keys(config)
  if (name !== undefined)
    throw notKnown({ file, name: `config_kwargs.${name}`, value: config[name] }, 'write it into config.json')
}

/** Options of a constructor, under their new name or the old one; files cannot ask for trust. */
function withoutTrust(file: string, given: Json, [name, oldName]: readonly [string, string]): Json {
  const value = given[oldName] ?? given[name] ?? {}
  if (!isObject(value)) throw notKnown({ file, name, value }, 'it should be an object')
  return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'trust_remote_code'))
}

/** What `processing_kwargs` says of text and of everything. What is said of images and sound is never used here. */
function textOptions(file: string, given: Json): { readonly max_length?: unknown } {
  const all = processing(file, given)
  const options = { ...optionsIn(file, all, 'text'), ...optionsIn(file, all, 'common') }
  const name = 'processing_kwargs'
  const known = [
    'max_length',
    'truncation',
    'padding',
    'padding_side',
    'pad_to_multiple_of',
    'return_tensors',
    'logits_to_keep',
  ]
  checkNames(`${file} (${name})`, options, known)
  const { truncation, max_length: longest } = options
  if (truncation !== undefined && truncation !== true && truncation !== 'longest_first') {
    throw notKnown({ file, name: `${name}.truncation`, value: truncation }, "only 'longest_first' can be obeyed here")
  }
  return longest === undefined ? {} : { max_length: longest }
}

function chatOptions(file: string, given: Json): Omit<ChatSettings, 'format'> {
  const options = optionsIn(file, processing(file, given), 'chat_template')
  const { restore_suffix: restore = true, ...variables } = options
  const name = 'processing_kwargs.chat_template'
  const taken = Object.keys(variables).find((variable) => NOT_VARIABLES.includes(variable))
  if (taken !== undefined) throw notKnown({ file, name: `${name}.${taken}`, value: variables[taken] }, 'leave it out')
  return { variables, restoreSuffix: restore !== false }
}

/** Names that `apply_chat_template` takes for itself. */
const NOT_VARIABLES = [
  'conversation',
  'messages',
  'tools',
  'documents',
  'chat_template',
  'continue_final_message',
  'tokenize',
  'padding',
  'truncation',
  'max_length',
  'return_tensors',
  'return_dict',
  'return_assistant_tokens_mask',
  'sanitize_control_tokens',
  'tokenizer_kwargs',
]

function processing(file: string, given: Json): Json {
  const value = given['processing_kwargs'] ?? {}
  if (isObject(value)) return value
  throw notKnown({ file, name: 'processing_kwargs', value }, 'it should be an object')
}

function optionsIn(file: string, all: Json, key: string): Json {
  const value = all[key] ?? {}
  if (isObject(value)) return value
  throw notKnown({ file, name: `processing_kwargs.${key}`, value }, 'it should be an object')
}

/** What a call names wins over what the tokenizer was made with, and that over `max_seq_length`. */
function lengthIn(file: string, given: Json): number | undefined {
  const value = given['max_length'] ?? given['model_max_length'] ?? given['max_seq_length'] ?? undefined
  if (value === undefined) return undefined
  if (typeof value === 'number' && value > 0) return value
  throw new RerankError(
    'model-files',
    `${file}: the length ${JSON.stringify(value)} is no number of tokens: restore it.`,
  )
}
