import {
  callable,
  type Check,
  type Checks,
  isFiniteNumber,
  type Mandatory,
  must,
  oneOf,
  required,
  whole,
  trimEndWhile,
} from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { type QueueOptions, queueOptions } from '../../base/schedule.js'
import { type ReadingOptions, readingOptions, readingParts, threadsPart } from '../cross-encoder/reading.js'
import { type ScoringOptions, scoringOptions, scoringParts } from '../cross-encoder/scoring-options.js'

/** Where transformers.js computes. `'wasm'` and `'webgpu'` in browsers, `'cpu'` in Node.js, Deno and Bun. */
export type TransformersDevice = 'wasm' | 'webgpu' | 'cpu'

/** How weights are stored; which file of the model that is, transformers.js knows (`'q8'`: `model_quantized.onnx`). */
export type TransformersDtype = 'fp32' | 'fp16' | 'q8' | 'int8' | 'uint8' | 'q4' | 'q4f16' | 'bnb4'

/** A model and its tokenizer that transformers.js has loaded already. Not disposed of by `close()`. */
export interface LoadedTransformersModel {
  /** From `AutoModelForSequenceClassification.from_pretrained`. */
  readonly model: (inputs: Record<string, unknown>) => Promise<unknown>
  /** From `AutoTokenizer.from_pretrained`. What it was loaded from is used, not its own way of joining and cutting. */
  readonly tokenizer: (text: string) => unknown
}

/** Progress of one file. */
export interface TransformersProgress {
  /** Path within the model, for example `onnx/model_quantized.onnx`. */
  readonly file: string
  readonly fileBytes: number
  readonly fileTotal: number
}

/** Options of {@link transformers}. */
export interface TransformersOptions extends ReadingOptions, ScoringOptions, QueueOptions {
  /**
   * - a name on the hub: `'org/name'`
   * - a folder (in browsers: its URL on your own server), beginning with `/`, `./`, `../`, or `https://`: nothing is then
   *   asked of the hub
   * - `{ model, tokenizer }`, which transformers.js has loaded already
   */
  readonly model: string | LoadedTransformersModel
  /** Which version of the model. On the hub a branch, tag or commit, default `'main'`; else only a part of the id. */
  readonly revision?: string | undefined
  /** Default: `'cpu'` in Node.js, Deno and Bun, `'wasm'` elsewhere. No effect on a loaded model. */
  readonly device?: TransformersDevice | undefined
  /**
   * Default: for a folder the file `model.onnx` in the folder itself, where secondpass models have it; for a name on the
   * hub what transformers.js chooses (`'q8'` for `'wasm'`, else `'fp32'`). When set, the file is below `onnx/`.
   */
  readonly dtype?: TransformersDtype | undefined
  /** What a loaded model is called in the scorer's id. Needed unless the model's configuration has `_name_or_path`. */
  readonly name?: string | undefined
  /** Divisor of the logit before the sigmoid, above 0. Default 1. The order does not depend on it. */
  readonly temperature?: number | undefined
  /**
   * Where the WebAssembly files of onnxruntime-web are: the URL of a folder, or of both files. Default: what was set in
   * `env.backends.onnx.wasm.wasmPaths` of transformers.js, which is a public CDN. Holds for the whole page.
   */
  readonly wasmPaths?: string | { readonly mjs: string; readonly wasm: string } | undefined
  /**
   * Threads inside one run, 1 or more. Default 1 in Node.js; in browsers what onnxruntime-web chooses, which is 1 unless
   * the page is cross-origin isolated. Holds for the whole page.
   */
  readonly threads?: number | undefined
  /** Called with the progress of each file. What it throws is ignored. */
  readonly onProgress?: ((progress: TransformersProgress) => void) | undefined
}

/** See {@link TransformersOptions}. */
export const transformersOptions: Checks<Omit<TransformersOptions, 'model' | 'maxQueued'>> & {
  readonly model: Mandatory<TransformersOptions['model']>
} & typeof queueOptions = {
  model: required(checkModel as Check<string | LoadedTransformersModel>),
  revision: must<string>(isName, 'pass a name, or leave it out'),
  device: oneOf('wasm', 'webgpu', 'cpu'),
  dtype: oneOf('fp32', 'fp16', 'q8', 'int8', 'uint8', 'q4', 'q4f16', 'bnb4'),
  name: must<string>(isName, 'pass a name, or leave it out'),
  temperature: must<number>((value) => isFiniteNumber(value) && value > 0, 'pass a number above 0'),
  wasmPaths: must<string | { readonly mjs: string; readonly wasm: string }>(
    (value) => typeof value === 'string' || (typeof value === 'object' && value !== null),
    'pass the URL of a folder, or { mjs, wasm }',
  ),
  threads: whole(1, 1024),
  onProgress: callable<(progress: TransformersProgress) => void>(),
  ...queueOptions,
  ...readingOptions,
  ...scoringOptions,
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && value.trim() !== ''
}

/** Names of packages, which `crossEncoder` finds; here they would be looked for on the hub. */
const BUNDLED: Readonly<Record<string, string>> = { bundled: 'model-en-mini', 'bundled-tiny': 'model-en-tiny' }

function checkModel(name: string, model: unknown): void {
  if (typeof model === 'string' && Object.hasOwn(BUNDLED, model)) {
    const files = BUNDLED[model] as string
    const fix = `pass the folder where the files of @secondpass/${files} are, such as '/models/${files}/'`
    throw invalidArgument(name, model, fix)
  }
  if (typeof model === 'string' && model.trim() !== '') return
  const { model: loaded, tokenizer } = (model ?? {}) as Record<string, unknown>
  if (typeof loaded === 'function' && typeof tokenizer === 'function') return
  const fix = "pass 'org/name', a folder such as '/models/name/', or { model, tokenizer } from transformers.js"
  throw invalidArgument(name, model, fix)
}

/** Whether a model is named by where it lies and not by its name on the hub. */
export function isFolder(model: string): boolean {
  return /^(\.{0,2}[/\\]|[a-z]:[/\\]|https?:)/i.test(model)
}

/** Node.js, Deno and Bun have a processor of their own to offer, everything else WebAssembly. */
export function defaultDevice(): TransformersDevice {
  return hasProcess() ? 'cpu' : 'wasm'
}

/** Whether this is Node.js or what passes for it. */
export function hasProcess(): boolean {
  const { process } = globalThis as { process?: { versions?: { node?: string } } }
  return process?.versions?.node !== undefined
}

/** The model, its version, the runtime with device and precision, and the options that change the numbers. */
export function idOf(options: TransformersOptions): string {
  const { model } = options
  const parts = typeof model === 'string' ? idOfNamed(model, options) : idOfLoaded(model, options)
  return [...parts, ...scoringParts(options), ...readingParts(options), ...threadsPart(options.threads)].join(':')
}

function idOfNamed(model: string, { revision, device = defaultDevice(), dtype }: TransformersOptions): string[] {
  const folder = isFolder(model)
  const version = revision ?? (folder ? undefined : 'main')
  const name = folder ? trimEndWhile(model, (unit) => unit === '/' || unit === '\\') : model
  return [version === undefined ? name : `${name}@${version}`, 'transformers', device, dtype ?? 'default']
}

function idOfLoaded({ model }: LoadedTransformersModel, { name, revision }: TransformersOptions): string[] {
  const { config, sessions } = model as LoadedModelFields
  const { _name_or_path: ownName } = config ?? {}
  const called = name ?? ownName
  if (typeof called !== 'string' || called === '') {
    throw invalidArgument('name', name, 'the model does not say what it is called: name it, for example by its hub id')
  }
  const { device = 'unknown', dtype = 'unknown' } = sessions?.['model']?.config ?? {}
  return [revision === undefined ? called : `${called}@${revision}`, 'transformers', device, dtype]
}

/** What of a model of transformers.js is looked at beside calling it. */
export interface LoadedModelFields {
  readonly config?: {
    readonly _name_or_path?: unknown
    readonly max_position_embeddings?: number
    /** Of a graph of ours that takes what it made of texts before, by input: how long a row is. */
    readonly state_widths?: unknown
  }
  readonly sessions?: Readonly<Record<string, LoadedSession | undefined>>
  dispose?(): Promise<unknown>
}

/** The session of onnxruntime behind it. */
export interface LoadedSession {
  readonly inputNames: readonly string[]
  readonly inputMetadata?: readonly {
    readonly name: string
    readonly type?: string
    readonly shape?: readonly (number | string)[]
  }[]
  /** Left there by transformers.js. */
  readonly config?: { readonly device?: string; readonly dtype?: string }
}
