import { randomUUID } from 'node:crypto'
import { checkFunction, checkOptions } from '../../base/check.js'
import { invalidArgument } from '../../base/errors.js'
import { type CachedModel, findInCache, type HubModel } from '../hub/cache.js'
import type { OnProgress } from '../hub/fetch-model.js'
import {
  bundledPackages,
  checkDtype,
  type Dtype,
  type GraphWish,
  type ModelName,
  readModelName,
} from '../hub/layout.js'
import { checkHubOptions, checkRevision, type HubOptions } from '../hub/settings.js'
import { bundledFolder, hubId, type ModelFolder, openFolder } from './model-files.js'
import { checkProviders, type Provider } from './session/providers.js'

/** Options that say which model is meant, where it comes from, and in which number format. */
export interface ModelSourceOptions {
  /**
   * `'bundled'`: the English model that comes with this package. `'bundled-tiny'`: a smaller and faster one, in the
   * package `@secondpass/model-en-tiny`, which is installed by itself. A path: a folder with `tokenizer.json`,
   * `config.json` and a graph. `'organisation/name'`: a model on the Hugging Face hub, downloaded once into the cache that
   * Python shares; needs the package `@huggingface/hub`. A folder of that name in the working directory comes first.
   */
  readonly model?: string
  /** For a model on the hub: a branch, a tag or a commit. Default `'main'`, as the cache knows it. */
  readonly revision?: string
  /**
   * The number format of the graph. Default `'auto'`: on a processor `fp32`, which has the authors' own numbers, then
   * `int8`, `uint8`, `q4`; with `providers` that leave out `'cpu'`, `fp16` before those.
   */
  readonly dtype?: Dtype
  /** Told how a download comes along. */
  readonly onProgress?: OnProgress
  /** How the hub is reached; the defaults are those of Python's `huggingface_hub`. */
  readonly hub?: HubOptions
  /** See {@link Provider}. Only whether the processor may have to run the graph matters here. */
  readonly providers?: readonly Provider[]
}

/** What {@link ModelSourceOptions} holds, for the scorers whose options include it. */
export const sourceOptionNames: readonly string[] = [
  'model',
  'revision',
  'dtype',
  'onProgress',
  'hub',
  'providers',
] satisfies (keyof ModelSourceOptions)[]

/**
 * Where a model comes from. A folder, and a model of the hub that is in the cache, are found at once; a model that has to
 * be downloaded is found by `ensure`. Once found it stays the same.
 */
export class ModelSource {
  readonly #options: ModelSourceOptions
  readonly #hub: HubModel | undefined
  readonly #provisionalId: string
  #folder: ModelFolder | undefined

  /** @throws RerankError `'invalid-argument'` for a wrong option, `'model-files'` for a folder that is not complete or not there. */
  constructor(options: ModelSourceOptions) {
    const { model = 'bundled' } = options
    const name = readModelName(model)
    this.#options = options
    this.#hub = hubModelOf(name, options)
    const graph = graphWishOf(options)
    if (name.kind === 'bundled') {
      const path = bundledFolder(name.name, graph.dtype)
      this.#folder = openFolder({ path, model, graph: { ...graph, dtype: 'auto' } })
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
    return this.#folder?.id ?? this.#provisionalId
  }

  /** Finds the model, downloading what is missing. */
  async ensure(signal?: AbortSignal): Promise<ModelFolder> {
    if (this.#folder === undefined && this.#hub !== undefined) {
      const { fetchHubModel } = await import('../hub/fetch-model.js')
      this.#take(await fetchHubModel(this.#hub, { onProgress: this.#options.onProgress, signal }))
    }
    return this.#folder as ModelFolder
  }

  #take(found: CachedModel | undefined): void {
    if (found === undefined) return
    const { repo, graph } = this.#hub as HubModel
    const known = { id: hubId(repo, found), graph: found.graph }
    this.#folder = openFolder({ path: found.path, model: repo, graph, known })
  }
}

/**
 * What is to be found on the hub; nothing for a name that means a folder.
 *
 * @throws RerankError `'invalid-argument'` for the first option that is wrong.
 */
export function hubModelOf(name: ModelName, options: ModelSourceOptions): HubModel | undefined {
  checkSourceOptions(options)
  const { revision, hub } = options
  const graph = graphWishOf(options)
  if (name.kind === 'hub') return { repo: name.repo, revision: revision ?? 'main', graph, hub: hub ?? {} }
  if (revision === undefined) return undefined
  throw invalidArgument('revision', revision, 'it is for models on the hub only; leave it out')
}

function graphWishOf(options: ModelSourceOptions): GraphWish {
  return { dtype: options.dtype ?? 'auto', onProcessor: onProcessor(options), arch: process.arch }
}

function checkSourceOptions({ revision, dtype, hub, onProgress, providers }: ModelSourceOptions): void {
  if (revision !== undefined) checkRevision(revision)
  if (providers !== undefined) checkProviders(providers)
  checkDtype(dtype, onProcessor({ ...(providers && { providers }) }))
  if (hub !== undefined) checkHubOptions(hub)
  if (onProgress !== undefined) checkFunction('onProgress', onProgress)
}

function onProcessor({ providers }: Pick<ModelSourceOptions, 'providers'>): boolean {
  return providers === undefined || providers.includes('cpu')
}

/** Options of {@link fetchModel}. */
export interface FetchModelOptions extends Omit<ModelSourceOptions, 'model'> {
  /** Aborting stops the download and rejects with the signal's reason; what it brought so far is gone on with another time. */
  readonly signal?: AbortSignal
}

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
 * Unfinished files are gone on with, every file is checked against its sum and appears under its name in one step, and
 * two processes do not download the same file twice.
 *
 * @param model `'organisation/name'`.
 * @throws RerankError `'invalid-argument'` for anything else, `'model-files'` or `'runtime'` with what to do, ProviderError
 * for what may pass by itself.
 */
export async function fetchModel(model: string, options: FetchModelOptions = {}): Promise<FetchedModel> {
  checkOptions('options', options, ['revision', 'dtype', 'onProgress', 'hub', 'providers', 'signal'])
  const { signal, ...source } = options
  const name = readModelName(model)
  const wish = hubModelOf(name, source)
  if (wish === undefined) throw invalidArgument('model', model, `pass 'organisation/name'; ${whyNot(name)}`)
  const { fetchHubModel } = await import('../hub/fetch-model.js')
  const found = await fetchHubModel(wish, { onProgress: options.onProgress, signal })
  const known = { id: hubId(wish.repo, found), graph: found.graph }
  const { id, path, graphPath } = openFolder({ path: found.path, model, graph: wish.graph, known })
  return { id, path, graphPath, commit: found.commit }
}

/** Why a model is not one to download. */
function whyNot(name: ModelName): string {
  if (name.kind !== 'bundled') return 'nothing else needs downloading'
  return `this one comes with the package ${bundledPackages[name.name]}`
}
