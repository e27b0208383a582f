import { RerankError } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { type Activation, activationOf, type HeadStep, type PoolingMode, poolingModes } from './head-steps.js'
import { type Tensors, tensorOf } from './safetensors.js'
import { checkNames, flagIn, notKnown, readObject, type Setting, type SmallFiles } from './small-files.js'

interface Place {
  /** Under which name it finds what it reads, and leaves what it gives. */
  readonly from: string
  readonly to: string
  /** The folder with its weights. */
  readonly path: string
}

/** A module behind the transformer, as its config.json describes it; weights aside. */
export type ModuleSpec = Place &
  (
    | { readonly kind: 'LogitScore'; readonly yes: number; readonly no: number | undefined }
    | {
        readonly kind: 'Pooling'
        readonly modes: readonly PoolingMode[]
        readonly width: number
        readonly takesPrompt: boolean
      }
    | {
        readonly kind: 'Dense'
        readonly width: number
        readonly outWidth: number
        readonly hasBias: boolean
        readonly activation: Activation
        readonly hasResidual: boolean
      }
    | { readonly kind: 'LayerNorm'; readonly width: number }
    | { readonly kind: 'Normalize' }
    | { readonly kind: 'Dropout' }
  )

const SENTENCE = 'sentence_embedding'

/**
 * Reads one module by its class and folder, with the defaults that Python has.
 *
 * @throws RerankError `'model-files'` for a class or a setting that is not known here.
 */
export function readModule(files: SmallFiles, className: string, path: string): ModuleSpec {
  const file = `${path}/config.json`
  const given = readObject(files, file) ?? {}
  const read = Object.hasOwn(readers, className) ? readers[className] : undefined
  if (read !== undefined) return { path, ...read(file, given) } as ModuleSpec
  const fix = `only ${Object.keys(readers).join(', ')} can be computed behind a transformer; export the whole model as one graph`
  throw notKnown({ file: 'modules.json', name: 'type', value: className }, fix)
}

/** A module without its folder. */
type Described = ModuleSpec extends infer Module ? (Module extends ModuleSpec ? Omit<Module, 'path'> : never) : never
type Reader = (file: string, given: Json) => Described

const readers: Readonly<Record<string, Reader>> = {
  LogitScore: readLogitScore,
  Pooling: readPooling,
  Dense: readDense,
  LayerNorm(file, given) {
    checkNames(file, given, ['dimension'])
    return { kind: 'LayerNorm', from: SENTENCE, to: SENTENCE, width: sizeIn(file, given, 'dimension') }
  },
  Normalize(file, given) {
    checkNames(file, given, ['module_input_name', 'module_output_name'])
    return { kind: 'Normalize', ...namesIn(file, given) }
  },
  // Only training drops anything.
  Dropout: () => ({ kind: 'Dropout', from: SENTENCE, to: SENTENCE }),
}

function readLogitScore(file: string, given: Json): Described {
  checkNames(file, given, ['true_token_id', 'false_token_id', 'module_input_name'])
  const token = (name: string): number => {
    const value = given[name]
    if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
    throw notKnown({ file, name, value }, 'it should be the id of a token, a whole number from 0')
  }
  const no = (given['false_token_id'] ?? undefined) === undefined ? undefined : token('false_token_id')
  const from = nameIn(settingOf(file, given, 'module_input_name'), 'causal_logits')
  return { kind: 'LogitScore', from, to: 'scores', yes: token('true_token_id'), no }
}

/** How older files name a mode, each by a switch of its own, in the order in which they are joined. */
const SWITCHES: Readonly<Record<string, PoolingMode>> = {
  pooling_mode_cls_token: 'cls',
  pooling_mode_max_tokens: 'max',
  pooling_mode_mean_tokens: 'mean',
  pooling_mode_mean_sqrt_len_tokens: 'mean_sqrt_len_tokens',
  pooling_mode_weightedmean_tokens: 'weightedmean',
  pooling_mode_lasttoken: 'lasttoken',
}

function readPooling(file: string, given: Json): Described {
  const names = ['embedding_dimension', 'word_embedding_dimension', 'pooling_mode', 'include_prompt']
  checkNames(file, given, [...names, ...Object.keys(SWITCHES)])
  const switched = Object.entries(SWITCHES).flatMap(([name, mode]) => (given[name] === true ? [mode] : []))
  const value = given['pooling_mode'] ?? (switched.length === 0 ? 'mean' : switched)
  const modes = (Array.isArray(value) ? value : [value]) as PoolingMode[]
  if (modes.length === 0 || !modes.every((mode) => poolingModes.includes(mode))) {
    throw notKnown({ file, name: 'pooling_mode', value }, `use ${poolingModes.join(', ')}`)
  }
  const named = given['embedding_dimension'] === undefined ? 'word_embedding_dimension' : 'embedding_dimension'
  const width = sizeIn(file, given, named)
  return {
    kind: 'Pooling',
    from: 'token_embeddings',
    to: SENTENCE,
    modes,
    width,
    takesPrompt: flagIn(settingOf(file, given, 'include_prompt'), true),
  }
}

/** What Python does not know in a Dense, it ignores; only the functions of PyTorch are trusted by it. */
function readDense(file: string, given: Json): Described {
  const { from, to } = namesIn(file, given)
  const width = sizeIn(file, given, 'in_features')
  const outWidth = sizeIn(file, given, 'out_features')
  // Without a name it is what the constructor takes by itself.
  const named = 'activation_function' in given ? given['activation_function'] : 'torch.nn.modules.activation.Tanh'
  const activation = activationOf(named)
  if (activation === undefined) {
    const fix = 'only some functions of torch.nn can be computed here; export the whole model as one graph'
    throw notKnown({ file, name: 'activation_function', value: named }, fix)
  }
  const hasBias = flagIn(settingOf(file, given, 'bias'), true)
  const flags = { hasBias, hasResidual: flagIn(settingOf(file, given, 'use_residual'), false) }
  return { kind: 'Dense', from, to, width, outWidth, activation, ...flags }
}

function namesIn(file: string, given: Json): { readonly from: string; readonly to: string } {
  const from = nameIn(settingOf(file, given, 'module_input_name'), SENTENCE)
  return { from, to: nameIn(settingOf(file, given, 'module_output_name'), from) }
}

function settingOf(file: string, given: Json, name: string): Setting {
  return { file, name, value: given[name] }
}

function nameIn({ file, name, value }: Setting, otherwise: string): string {
  const found = value ?? otherwise
  if (typeof found === 'string') return found
  throw notKnown({ file, name, value }, `it should be a name such as ${otherwise}`)
}

function sizeIn(file: string, given: Json, name: string): number {
  const value = given[name]
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number
  throw notKnown({ file, name, value }, 'it should be a number of features')
}

/**
 * The steps of a head, with their weights.
 *
 * @param weightsOf reads the weights of a folder of the model
 * @throws RerankError `'model-files'` when weights are missing, of another size than config.json says, or too many, or when
 * a module takes another width than the one before it gives.
 */
export function headSteps(modules: readonly ModuleSpec[], weightsOf: (path: string) => Tensors): HeadStep[] {
  const widths = new Map<string, number>()
  return modules.flatMap((module) => {
    if (module.kind === 'Dropout' || module.kind === 'LogitScore') return []
    const before = widths.get(module.from)
    if ('width' in module && before !== undefined && before !== module.width) {
      const seen = `${module.path}/config.json takes ${module.width} features, and the module before it gives ${before}`
      throw new RerankError('model-files', `${seen}: restore the folders of the modules, they do not belong together.`)
    }
    widths.set(module.to, widthAfter(module) ?? before ?? 0)
    return [withWeights(module, weightsOf)]
  })
}

function widthAfter(module: ModuleSpec): number | undefined {
  if (module.kind === 'Dense') return module.outWidth
  if (module.kind === 'Pooling') return module.width * module.modes.length
  return module.kind === 'LayerNorm' ? module.width : undefined
}

function withWeights(
  module: Exclude<ModuleSpec, { readonly kind: 'Dropout' | 'LogitScore' }>,
  weightsOf: (path: string) => Tensors,
): HeadStep {
  const { from, to, path } = module
  if (module.kind === 'Pooling') return { kind: 'pooling', from, to, modes: module.modes }
  if (module.kind === 'Normalize') return { kind: 'normalize', from, to }
  const tensors = weightsOf(path)
  const used: string[] = []
  const take = (name: string, shape: readonly number[]): Float32Array => {
    used.push(name)
    return tensorOf(tensors, name, shape)
  }
  const step = stepOf(module, take)
  const extra = [...tensors.entries.keys()].find((name) => !used.includes(name))
  if (extra === undefined) return step
  throw notKnown(
    { file: `${path}/model.safetensors`, name: 'tensor', value: extra },
    `${module.kind} has no such weights`,
  )
}

function stepOf(
  module: Extract<ModuleSpec, { readonly kind: 'Dense' | 'LayerNorm' }>,
  take: (name: string, shape: readonly number[]) => Float32Array,
): HeadStep {
  const { from, to, width } = module
  if (module.kind === 'LayerNorm') {
    return { kind: 'norm', from, to, weight: take('norm.weight', [width]), bias: take('norm.bias', [width]) }
  }
  const { outWidth, hasBias, hasResidual, activation } = module
  const weight = take('linear.weight', [outWidth, width])
  const bias = hasBias ? take('linear.bias', [outWidth]) : undefined
  const isProjected = hasResidual && width !== outWidth
  const residual = isProjected ? take('residual.weight', [outWidth, width]) : hasResidual
  return { kind: 'dense', from, to, weight, bias, activation, residual }
}
