import { invalidArgument } from '../../errors.js'
import { checkOptions } from '../../checks.js'
import { type ModelName, bundledPackages, readModelName } from '../files/model-name.js'
import { hubId, openFolder } from './model-files.js'
import { type ModelSourceOptions, hubModelOf } from './model-source.js'

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
  const { fetchHubModel } = await import('../files/fetch-model.js')
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
