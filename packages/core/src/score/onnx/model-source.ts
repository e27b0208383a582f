import { randomUUID } from 'node:crypto'
import { type Dtype, type GraphWish, checkDtype } from '../files/graph-choice.js'
import { type CachedModel, type HubModel, findInCache } from '../files/hub-model.js'
import { type HubOptions, checkHubOptions, checkRevision } from '../files/hub-options.js'
import { type ModelName, readModelName } from '../files/model-name.js'
import type { OnProgress } from '../files/progress.js'
import { invalidArgument } from '../../errors.js'
import { checkFunction } from '../../checks.js'
import { type ModelFolder, bundledFolder, hubId, openFolder } from './model-files.js'
import { type Provider, checkProviders } from './providers.js'

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
      const { fetchHubModel } = await import('../files/fetch-model.js')
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
