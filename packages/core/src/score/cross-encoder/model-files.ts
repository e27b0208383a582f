import { createHash } from 'node:crypto'
import { closeSync, existsSync, fstatSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { installError, isError, isInstallFault, RerankError, show } from '../../base/errors.js'
import type { ScorerDefaults } from '../../types.js'
import { type CachedModel, configIn, graphsIn } from '../hub/cache.js'
import {
  chooseGraph,
  graphFiles,
  isWrittenHere,
  type GraphSpec,
  leanDtype,
  moduleFiles,
  optionalFiles,
  requiredFiles,
  leanBasisOf,
  type LeanBasis,
} from '../hub/layout.js'
import { refusePointer, type VerifiedFolder, verifyFolder } from '../hub/verify.js'
import { type Activation, readActivation } from './folder/activation.js'
import { type Layout, readLayout } from './folder/layout.js'
import { headSteps } from './folder/modules.js'
import { readTensors } from './folder/safetensors.js'
import type { SmallFiles } from './folder/small-files.js'
import { isOurs, type ScoringFiles } from './scoring.js'
import { readDefaults } from './scoring-options.js'
import type { Json } from './tokenizer/pipeline.js'

/** The part of `config.json` that scoring depends on. */
export interface ModelConfig {
  readonly model_type?: string
  readonly max_position_embeddings?: number
  readonly pad_token_id?: number
}

/** A model folder that was found complete; nothing large has been read yet. */
export interface ModelFolder extends VerifiedFolder {
  /** Folder, package or repository and what names its weights: changes whenever the numbers may. */
  readonly id: string
  readonly config: ModelConfig
  /** The number format of the lean graph that is to be made of `graphPath`; nothing where that is opened as it is. */
  readonly lean: 'fp32' | 'int8' | undefined
  /** Divisor of the logit before the sigmoid, from `calibration.json`; 1 without one. */
  readonly temperature: number
  /** What config.json recommends under `secondpass`: see {@link readDefaults}. */
  readonly defaults: ScorerDefaults | undefined
  /**
   * What it is made of as a cross-encoder, and so which of its files count; nothing for a model of ours.
   *
   * @throws RerankError `'model-files'` when it is none, or for a setting that is not known here.
   */
  layout(): Layout | undefined
  /**
   * What is put on top of the logit: what was asked for, else what the files name; the sigmoid where `calibration.json`
   * gives a temperature.
   *
   * @throws RerankError `'model-files'` when the files name something else.
   */
  activation(asked: Activation | undefined): Activation
}

/** What a text encoder is built from, and what makes a score of an encoder's numbers. */
export type TokenizerFiles = Omit<ScoringFiles, 'name' | 'config' | 'layout'>

/** A folder to be looked at. */
export interface FolderSpec {
  readonly path: string
  /** The `model` option as it was written, for errors. */
  readonly model: string
  readonly graph: GraphSpec
  /** For a commit of the hub, whose name says all and whose graph is chosen already. */
  readonly known?: { readonly id: string; readonly graph: string }
  /** See {@link VerifiedFolder}. */
  readonly sumsDigest?: string | undefined
}

/**
 * Checks that a model folder is complete. Synchronous, because a wrong path should throw where it was written and the id
 * is needed before the first score; reads a few small files.
 *
 * @throws RerankError `'model-files'` when something is missing or unreadable.
 */
export function openFolder({ path, model, graph: spec, known, sumsDigest }: FolderSpec): ModelFolder {
  if (!existsSync(path)) {
    const fix =
      "there is no such folder: check the path, which is taken from the working directory; a model on the hub is 'organisation/name'"
    throw new RerankError('model-files', `model is ${JSON.stringify(model)} (${path}): ${fix}.`)
  }
  if (!statSync(path).isDirectory()) {
    const fix = `pass the folder that it is in, ${JSON.stringify(dirname(model))}; dtype chooses among several graphs`
    throw new RerankError('model-files', `model is ${JSON.stringify(model)}, which is a file: ${fix}.`)
  }
  const has = (file: string): boolean => existsSync(join(path, file))
  const place = { name: `The folder ${path}`, has, graphs: () => graphsIn(path), leanBasis: () => leanBasisIn(path) }
  const graph = known?.graph ?? chooseGraph(place, spec)
  const graphPath = join(path, graph)
  for (const file of requiredFiles) requireFile(join(path, file), path)
  const weights = graphFiles(graphPath)
  for (const file of weights) {
    if (existsSync(file)) refusePointer(file)
  }
  const config = readJson(join(path, 'config.json')) as ModelConfig
  const layout = (): Layout | undefined => (isOurs(config) ? undefined : readLayout(filesIn(path), config))
  const isCalibrated = existsSync(join(path, 'calibration.json'))
  const activation = (asked: Activation | undefined): Activation =>
    asked ?? (isCalibrated ? 'sigmoid' : readActivation({ config, ofModules: layout()?.activation }))
  const id = known?.id ?? idOf(path, graph, weights)
  const defaults = readDefaults(config, join(path, 'config.json'))
  const wanted = leanDtype(graph, spec, config)
  const lean = wanted !== undefined && existsSync(graphPath) && !isWrittenHere(graphPath) ? wanted : undefined
  const temperature = readTemperature(path)
  return { path, id, graphPath, config, lean, temperature, layout, activation, defaults, sumsDigest }
}

/** A folder whose graph is lean already has nothing to make one of. */
function leanBasisIn(path: string): LeanBasis | undefined {
  const own = ['model.onnx', 'onnx/model.onnx'].map((file) => join(path, file)).filter((file) => existsSync(file))
  return own.some(isWrittenHere) ? undefined : leanBasisOf(configIn(path))
}

/**
 * Loads a model, so that whatever its files make of the libraries below comes out as one clear error.
 *
 * @throws the signal's reason when it has aborted; RerankError, `'model-files'` where nothing better is known.
 */
export async function loading<T>(model: string, signal: AbortSignal, load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (cause) {
    signal.throwIfAborted()
    if (RerankError.is(cause)) throw cause
    if (isInstallFault(cause)) throw installError(model, cause)
    const said = isError(cause) ? cause.message : String(cause)
    const fix = 'a file of it is damaged or of a kind that is not known here; restore it from where the model came from'
    throw new RerankError('model-files', `${model} cannot be loaded (${said}): ${fix}.`, { cause })
  }
}

/** Names the weights of a commit: repository, commit and graph. */
export function hubId(repo: string, { commit, graph }: CachedModel): string {
  return `${repo}@${commit.slice(0, 12)}/${graph}`
}

/**
 * Reads the tokenizer's files and the weights of modules, after checking every file of the model: see {@link verifyFolder}.
 *
 * @throws RerankError `'model-files'` when a sum differs, a file is not JSON, or weights are not those of the modules.
 */
export async function readTokenizerFiles(
  folder: Pick<ModelFolder, 'path' | 'graphPath' | 'sumsDigest'>,
  layout?: Layout,
): Promise<TokenizerFiles> {
  const { path } = folder
  await verifyFolder(folder)
  const files = filesIn(path)
  const weightsOf = (module: string): ReturnType<typeof readTensors> => {
    const file = join(path, module, 'model.safetensors')
    if (existsSync(file)) return readTensors(file, readFileSync(file))
    const fix = 'save the model again with a sentence_transformers that writes safetensors, or copy the file'
    throw new RerankError('model-files', `The model folder ${path} has no ${module}/model.safetensors: ${fix}.`)
  }
  return {
    tokenizer: readJson(join(path, 'tokenizer.json')),
    tokenizerConfig: files.json('tokenizer_config.json') ?? {},
    specialTokens: files.json('special_tokens_map.json'),
    addedTokens: files.json('added_tokens.json'),
    chatTemplate: files.text('chat_template.jinja'),
    steps: layout === undefined ? [] : headSteps(layout.modules, weightsOf),
  }
}

function filesIn(path: string): SmallFiles {
  return {
    json: (file) => readOptional(path, file),
    text: (file) => (existsSync(join(path, file)) ? readFileSync(join(path, file), 'utf8') : undefined),
  }
}

function idOf(path: string, graph: string, weights: readonly string[]): string {
  const id = `${basename(path)}@${folderDigest(path, weights)}`
  // The sums of a folder may cover several graphs; the usual one goes without saying.
  return basename(graph) === 'model.onnx' ? id : `${id}/${graph}`
}

function requireFile(file: string, folder: string): void {
  if (existsSync(file)) return
  throw new RerankError('model-files', `The model folder ${folder} has no ${basename(file)}: copy it from the model.`)
}

/** An object: of a model's files, only modules.json holds a list. */
function readJson(file: string): Json {
  refusePointer(file)
  try {
    const found: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const isRight = Array.isArray(found) ? basename(file) === 'modules.json' : found !== null
    if (typeof found === 'object' && isRight) return found as Json
    throw new Error(`it holds ${show(found)} where an object was due`)
  } catch (cause) {
    const fix = 'restore the file from the model it came with'
    throw new RerankError('model-files', `${file} is not readable JSON (${(cause as Error).message}): ${fix}.`, {
      cause,
    })
  }
}

/** A file of a folder, if it is there. @throws RerankError `'model-files'` when it is not JSON. */
export function readOptional(path: string, file: string): Json | undefined {
  const place = join(path, file)
  return existsSync(place) ? readJson(place) : undefined
}

function readTemperature(path: string): number {
  const file = join(path, 'calibration.json')
  if (!existsSync(file)) return 1
  const { temperature } = readJson(file)
  if (temperature === undefined) return 1
  if (typeof temperature === 'number' && Number.isFinite(temperature) && temperature > 0) return temperature
  const fix = 'write a finite number above 0, or remove the file'
  throw new RerankError('model-files', `temperature in ${file} is ${JSON.stringify(temperature)}: ${fix}.`)
}

/** The digits of a sum in SHA256SUMS, and the two characters before the name of the file. */
const SUM_WIDTH = 66

const SAMPLES = 16
const SAMPLE_BYTES = 1 << 16

/**
 * Twelve hex digits that change when the folder's numbers may: of `SHA256SUMS` when the folder has one (its sums are
 * checked before the first score), with the small files that it leaves out; else of the small files and of the graph's size and sixteen evenly spaced slices.
 * Reading a graph of gigabytes whole for a name would cost seconds; training changes every slice.
 */
function folderDigest(path: string, weights: readonly string[]): string {
  const hash = createHash('sha256')
  const sums = join(path, 'SHA256SUMS')
  const config = readFileSync(join(path, 'config.json'))
  const numbersOnly = withoutDefaults(config)
  if (existsSync(sums)) {
    const published = readFileSync(sums, 'utf8').replace(sha256(config), sha256(numbersOnly))
    hash.update(published)
    const listed = new Set(published.split('\n').map((line) => line.trim().slice(SUM_WIDTH)))
    // A temperature changes no score, and is the caller's to add.
    const unlisted = optionalFiles.filter((file) => file !== 'calibration.json' && !listed.has(file))
    for (const file of unlisted) {
      if (existsSync(join(path, file))) hash.update(file).update(readFileSync(join(path, file)))
    }
    return hash.digest('hex').slice(0, 12)
  }
  for (const file of [...requiredFiles, ...optionalFiles, ...moduleFiles(path)]) {
    const place = join(path, file)
    if (existsSync(place)) hash.update(file).update(file === 'config.json' ? numbersOnly : readFileSync(place))
  }
  // Weights may lie beside the graph, where the graph alone would not tell them apart.
  for (const file of weights) {
    if (existsSync(file)) sampleInto(hash, file)
  }
  return hash.digest('hex').slice(0, 12)
}

/** config.json as it was before {@link ScorerDefaults} were written into it: they change no number, so no id either. */
function withoutDefaults(config: Buffer): Buffer {
  const text = config.toString('utf8')
  const without = text.replace(/,\s*"secondpass":\s*\{(?:[^{}]|\{[^{}]*\})*\}/, '')
  return without === text ? config : Buffer.from(without)
}

function sha256(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex')
}

function sampleInto(hash: ReturnType<typeof createHash>, file: string): void {
  const handle = openSync(file, 'r')
  try {
    const { size } = fstatSync(handle)
    hash.update(`${basename(file)}:${size}`)
    const slice = Buffer.alloc(SAMPLE_BYTES)
    for (let sample = 0; sample < SAMPLES; sample++) {
      const start = Math.floor((Math.max(0, size - SAMPLE_BYTES) * sample) / (SAMPLES - 1))
      hash.update(slice.subarray(0, readSync(handle, slice, 0, SAMPLE_BYTES, start)))
    }
  } finally {
    closeSync(handle)
  }
}
