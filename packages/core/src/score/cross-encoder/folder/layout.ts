import { RerankError } from '../../../base/errors.js'
import type { Json } from '../tokenizer/pipeline.js'
import { type ModuleSpec, readModule } from './modules.js'
import { notKnown, readObject, type SmallFiles } from './small-files.js'
import { plainTransformer, readTransformer, type TransformerSettings } from './transformer-settings.js'

/** What a model is made of, and what of its files counts. */
export interface Layout {
  /**
   * Whether `sentence_transformers` loads the folder by its modules.json. It reads sentence_bert_config.json,
   * config_sentence_transformers.json and the folders of modules then, and ignores all of them otherwise.
   */
  readonly hasModules: boolean
  readonly transformer: TransformerSettings
  /** What stands behind the transformer, in the order in which it runs. */
  readonly modules: readonly ModuleSpec[]
  /** The prompt that is put before a query unless another is asked for. */
  readonly prompt: string | undefined
  /** `activation_fn` of config_sentence_transformers.json. */
  readonly activation: unknown
}

const MODULES = 'modules.json'
export const SETTINGS = 'config_sentence_transformers.json'

/**
 * Reads a folder in the order in which `sentence_transformers.CrossEncoder` does: modules.json, or its absence, decides
 * which files count. A modules.json of another kind of model is not obeyed either: CrossEncoder loads the bare transformer
 * of such a folder.
 *
 * @throws RerankError `'model-files'` for a module, an order or a setting that is not known here.
 */
export function readLayout(files: SmallFiles, config: unknown): Layout {
  const listed = files.json(MODULES)
  if (listed === undefined) return plainLayout(config)
  const settings = readObject(files, SETTINGS) ?? {}
  if (settings['model_type'] !== 'CrossEncoder') return plainLayout(config, true)
  const [first, ...behind] = entriesOf(listed)
  if (first === undefined || !isClass(first.type, 'Transformer')) throw badOrder('it should begin with a Transformer')
  if (first.path !== '') {
    const fix = 'copy the files of the transformer to the folder itself and set its path to ""'
    throw notKnown({ file: MODULES, name: 'path of the Transformer', value: first.path }, fix)
  }
  const transformer = readTransformer(files, config)
  const modules = behind.map(({ type, path }) => readModule(files, className(type), path))
  checkChain(transformer, modules)
  return {
    hasModules: true,
    transformer,
    modules,
    prompt: defaultPrompt(settings),
    activation: settings['activation_fn'],
  }
}

/**
 * The layout of a folder without modules.json, or with one that is not of a cross-encoder.
 *
 * @throws RerankError `'model-files'` for an architecture that has no layer that scores.
 */
export function plainLayout(config: unknown, isOtherKind = false): Layout {
  const transformer = plainTransformer(config, isOtherKind)
  return { hasModules: false, transformer, modules: [], prompt: undefined, activation: undefined }
}

interface Entry {
  readonly type: string
  readonly path: string
}

/** A folder of its own, directly below the model's: a path that leads elsewhere is not followed. */
const FOLDER = /^[\w-][\w.-]*$/

function entriesOf(listed: unknown): Entry[] {
  if (!Array.isArray(listed)) throw new RerankError('model-files', `${MODULES} holds no list: restore it.`)
  const names = new Set<unknown>()
  return listed.map((entry: unknown): Entry => {
    const { name, type, path } = (entry ?? {}) as Json
    if (typeof type !== 'string')
      throw notKnown({ file: MODULES, name: 'type', value: type }, 'name the class of the module')
    if (typeof path !== 'string' || (path !== '' && !FOLDER.test(path))) {
      throw notKnown({ file: MODULES, name: 'path', value: path }, 'name a folder inside the folder of the model')
    }
    // Python keeps one module for each name.
    if (names.has(name))
      throw notKnown({ file: MODULES, name: 'name', value: name }, 'give each module a name of its own')
    names.add(name)
    return { type, path }
  })
}

/** Where `sentence_transformers` keeps its classes, and has kept them since its first versions. */
const PACKAGES: readonly string[] = [
  'models',
  'base.modules',
  'sentence_transformer.modules',
  'sentence_transformer.models',
  'cross_encoder.modules',
]

/** The name of a class of sentence_transformers itself, which stands in one of its packages or in a file of one. */
function ownClass(type: string): string | undefined {
  const [name = '', ...path] = type.split('.').reverse()
  const place = path.reverse().join('.')
  const isOwn = PACKAGES.some((inside) => {
    const whole = `sentence_transformers.${inside}`
    return place === whole || (place.startsWith(`${whole}.`) && !place.slice(whole.length + 1).includes('.'))
  })
  return isOwn ? name : undefined
}

function isClass(type: string, name: string): boolean {
  return ownClass(type) === name
}

function className(type: string): string {
  const name = ownClass(type)
  if (name !== undefined) return name
  const fix = 'only modules of sentence_transformers itself can be computed here; export the whole model as one graph'
  throw notKnown({ file: MODULES, name: 'type', value: type }, fix)
}

/** The prompt that CrossEncoder uses unless it is told otherwise. */
function defaultPrompt(settings: Json): string | undefined {
  const { prompts, default_prompt_name: name } = settings
  if (name === undefined || name === null) return undefined
  const known = (prompts ?? {}) as Json
  const prompt = typeof name === 'string' && Object.hasOwn(known, name) ? known[name] : undefined
  if (prompt === null || prompt === '') return undefined
  if (typeof prompt === 'string') return prompt
  const fix = `name one of the prompts (${Object.keys(known).join(', ') || 'there is none'})`
  throw notKnown({ file: SETTINGS, name: 'default_prompt_name', value: name }, fix)
}

/** Which modules may stand behind a transformer, and that each takes what one before it gives. */
function checkChain({ outputName, task }: TransformerSettings, modules: readonly ModuleSpec[]): void {
  const isRight = {
    'sequence-classification': modules.length === 0,
    'text-generation': modules.length === 1 && modules[0]?.kind === 'LogitScore',
    'feature-extraction': modules.every(({ kind }) => kind !== 'LogitScore'),
  }[task]
  if (!isRight) throw badOrder(`${modules.map(({ kind }) => kind).join(', ') || 'nothing'} stands behind ${task}`)
  const known = new Set([outputName])
  for (const module of modules) {
    if (!known.has(module.from)) throw badOrder(`nothing before the module ${module.kind} gives ${module.from}`)
    known.add(module.to)
  }
  const last = modules.findLast(({ to }) => to === 'scores')
  if (last === undefined && outputName !== 'scores') {
    throw badOrder('no module gives scores, so that it makes embeddings and is no cross-encoder')
  }
  if (last?.kind === 'Dense' && last.outWidth !== 1) {
    throw badOrder(`${last.path} gives ${last.outWidth} scores, of which nobody says which means "relevant"`)
  }
}

function badOrder(reason: string): RerankError {
  return new RerankError('model-files', `${MODULES} cannot be followed, ${reason}: use a model that is a CrossEncoder.`)
}
