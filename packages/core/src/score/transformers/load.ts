import { invalidArgument, isError, RerankError } from '../../base/errors.js'
import type { TensorClass } from '../cross-encoder/session/tensors.js'
import {
  defaultDevice,
  hasProcess,
  isFolder,
  type LoadedModelFields,
  type LoadedTransformersModel,
  type TransformersOptions,
} from './options.js'

type Library = typeof import('@huggingface/transformers')
type LoadOptions = Parameters<Library['AutoModelForSequenceClassification']['from_pretrained']>[1]

type LoadConfig = Awaited<ReturnType<Library['AutoConfig']['from_pretrained']>>

const PACKAGE = '@huggingface/transformers'

/** The `model_type` of models that read query and passage apart before they read them together, such as the bundled one. */
const OWN_TYPE = 'secondpass-split'

/** A model that transformers.js has loaded, and what goes with it. */
export interface LoadedParts extends LoadedTransformersModel {
  /** That of the copy of transformers.js that the model belongs to. */
  readonly tensor: TensorClass
  dispose(): Promise<void>
}

/** Takes what is loaded already. Another copy of transformers.js may have done so, hence the detour to its tensors. */
export async function partsOfLoaded({ model, tokenizer }: LoadedTransformersModel): Promise<LoadedParts> {
  const { input_ids: ids } = (await tokenizer('a')) as { input_ids?: object }
  if (ids === undefined) throw invalidArgument('model.tokenizer', tokenizer, 'pass what AutoTokenizer has loaded')
  return { model, tokenizer, tensor: ids.constructor as TensorClass, dispose: async () => {} }
}

/**
 * Loads a model by its name or folder. The only file that knows `@huggingface/transformers`.
 *
 * @throws RerankError `'runtime'` when the package is missing, `'model-files'` when the model cannot be loaded.
 */
export async function loadParts(model: string, options: TransformersOptions): Promise<LoadedParts> {
  const library = await importLibrary()
  const { device = defaultDevice() } = options
  setRuntime(library, options)
  const place = isFolder(model) ? placeOf(model) : model
  const undo = isFolder(model) ? allowFolders(library) : () => {}
  try {
    return await load(library, place, await loadOptions(options, device, isFolder(model)))
  } catch (cause) {
    throw loadError(model, device, cause)
  } finally {
    undo()
  }
}

async function load(library: Library, place: string, options: LoadOptions): Promise<LoadedParts> {
  const tokenizing = library.AutoTokenizer.from_pretrained(place, options ?? {})
  // Of two failures that of the model says more.
  tokenizing.catch(() => {})
  const config = await configOf(library, place, options)
  const model = await library.AutoModelForSequenceClassification.from_pretrained(place, { ...options, config })
  const dispose = async (): Promise<void> => void (await (model as LoadedModelFields).dispose?.())
  try {
    const tokenizer = await withFiles(library, await tokenizing, { place, options })
    return { model, tokenizer, tensor: library.Tensor, dispose } as unknown as LoadedParts
  } catch (error) {
    await dispose()
    throw error
  }
}

/** What this library reads of a tokenizer of transformers.js: the files that it was made from. */
interface TokenizerFiles {
  readonly _tokenizerJSON?: unknown
  readonly _tokenizerConfig?: unknown
}

/** Version 4 keeps the files; version 3 hands them to whatever class asks, and they come from its cache. */
async function withFiles(
  { PreTrainedTokenizer }: Library,
  loaded: unknown,
  { place, options }: { readonly place: string; readonly options: LoadOptions },
): Promise<TokenizerFiles> {
  const { _tokenizerJSON: json } = loaded as TokenizerFiles
  if (json !== undefined) return loaded as TokenizerFiles
  class Files implements TokenizerFiles {
    constructor(
      readonly _tokenizerJSON?: unknown,
      readonly _tokenizerConfig?: unknown,
    ) {}
  }
  const read = PreTrainedTokenizer.from_pretrained as (place: string, options: object) => Promise<unknown>
  return (await read.call(Files, place, options ?? {})) as Files
}

/** By the type transformers.js chooses a class. It has none for ours; that of BERT hands inputs and output on as they are. */
async function configOf({ AutoConfig }: Library, place: string, options: LoadOptions): Promise<LoadConfig> {
  const config = await AutoConfig.from_pretrained(place, options)
  if (config.model_type === OWN_TYPE) config.model_type = 'bert'
  return config
}

async function importLibrary(): Promise<Library> {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } }
  // Before the native library loads: onnxruntime-node sends usage telemetry otherwise.
  if (process?.env !== undefined) process.env['ORT_DISABLE_TELEMETRY'] ??= '1'
  try {
    // In a `try`, by which bundlers know that the package may be missing.
    return await import('@huggingface/transformers')
  } catch (cause) {
    const fix = 'install it (npm install @huggingface/transformers)'
    const message =
      (await clashOf(cause)) ??
      `The package @huggingface/transformers could not be loaded (${firstLine(cause)}): ${fix}.`
    throw new RerankError('runtime', message, { cause })
  }
}

/** Whether it is another version of the native runtime, loaded before, that is in its way. */
async function clashOf(cause: unknown): Promise<string | undefined> {
  const { explainClash } = await import('#node/score/cross-encoder/session/copies')
  return explainClash(PACKAGE, cause)
}

function firstLine(cause: unknown): string {
  return (isError(cause) ? cause.message : String(cause)).split('\n')[0] as string
}

function setRuntime({ env }: Library, { wasmPaths, threads }: TransformersOptions): void {
  const wasm = env.backends.onnx.wasm
  if (wasm === undefined) return
  if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths
  if (threads !== undefined) wasm.numThreads = threads
}

/** How many folders are being loaded, and what the setting was before the first of them. */
const folders = { loading: 0, allowedBefore: false }

/** In browsers transformers.js looks for folders only when told to. Gives back the way to undo it. */
function allowFolders({ env }: Library): () => void {
  if (folders.loading === 0) folders.allowedBefore = env.allowLocalModels
  folders.loading += 1
  env.allowLocalModels = true
  return () => {
    folders.loading -= 1
    if (folders.loading === 0) env.allowLocalModels = folders.allowedBefore
  }
}

/** transformers.js takes a whole URL for a name on the hub, and one without its scheme for a place on a server. */
function placeOf(model: string): string {
  if (!/^https?:/i.test(model)) return model
  if (!hasProcess()) return model.replace(/^https?:/i, '')
  throw invalidArgument('model', model, 'in Node.js pass a folder on disk, or a name on the hub')
}

async function loadOptions(
  { revision, dtype, threads, onProgress }: TransformersOptions,
  device: string,
  folder: boolean,
): Promise<LoadOptions> {
  // A folder without a dtype holds one graph, and holds it where secondpass puts it. To transformers.js 'fp32' means
  // the file name without an ending, not what is in it.
  const graph = folder && dtype === undefined ? { subfolder: '', dtype: 'fp32' } : dtype === undefined ? {} : { dtype }
  return {
    ...graph,
    device,
    ...(folder ? { local_files_only: true } : revision === undefined ? {} : { revision }),
    ...(device === 'cpu' && { session_options: await cpuSession(threads ?? 1) }),
    ...(onProgress !== undefined && { progress_callback: progressTo(onProgress) }),
  } as LoadOptions
}

/** As `crossEncoder` opens stock graphs: waiting threads do not spin, int8 sums are exact, one slow fusion is left out. */
async function cpuSession(threads: number): Promise<object> {
  const { sumsExactlyIn } = await import('#node/score/cross-encoder/session/copies')
  const isExact = await sumsExactlyIn(PACKAGE)
  return {
    executionMode: 'sequential',
    interOpNumThreads: 1,
    intraOpNumThreads: threads,
    extra: {
      session: { intra_op: { allow_spinning: '0' }, ...(!isExact && { x64quantprecision: '1' }) },
      optimization: { disable_specified_optimizers: 'SkipLayerNormFusion' },
    },
  }
}

function progressTo(tell: NonNullable<TransformersOptions['onProgress']>): (event: object) => void {
  return (event) => {
    const { status, file, loaded, total } = event as { status?: string; file?: string; loaded?: number; total?: number }
    if (status !== 'progress' || file === undefined) return
    try {
      tell({ file, fileBytes: loaded ?? 0, fileTotal: total ?? 0 })
    } catch {
      // A progress line that fails must not cost the model.
    }
  }
}

function loadError(model: string, device: string, cause: unknown): RerankError {
  if (RerankError.is(cause)) return cause
  const reason = isError(cause) ? cause.message : String(cause)
  if (reason.startsWith('Unsupported device')) {
    const fix = "transformers.js does not have it here; in Node.js use 'cpu', in browsers 'wasm' or 'webgpu'"
    return new RerankError('runtime', `device is ${JSON.stringify(device)}: ${fix}.`, { cause })
  }
  const fix = isFolder(model)
    ? 'check that the folder holds config.json, tokenizer.json, tokenizer_config.json and model.onnx (or, with dtype, onnx/model….onnx)'
    : 'check the name, the network, and that the model has ONNX files'
  return new RerankError('model-files', `transformers.js did not load ${JSON.stringify(model)} (${reason}): ${fix}.`, {
    cause,
  })
}
