import { join, resolve } from 'node:path'
import { externalFiles } from './external-data.js'
import { hubCacheFolder, isOffline } from './cache-folder.js'
import { type Snapshot, cachedSnapshot, graphsIn, presenceOf } from './cached.js'
import { type GraphWish, chooseGraph } from './graph-choice.js'
import type { HubOptions } from './hub-options.js'
import { optionalFiles, requiredFiles } from './model-parts.js'

/** A model on the hub: which one, which version, which of its graphs. */
export interface HubModel {
  readonly repo: string
  readonly revision: string
  readonly graph: GraphWish
  readonly hub: HubOptions
}

/** A model in the cache with everything that scoring needs. */
export interface CachedModel extends Snapshot {
  /** The path of the graph in the repository. */
  readonly graph: string
}

/** Thrown and caught here: the cache does not know whether the commit has a file that would be preferred. */
class Unsure extends Error {}

/**
 * Finds a model in the cache, complete, without asking the hub; nothing when it is not there, or when the hub would have
 * to be asked whether there is a better graph. With `isEnough` what is there has to do: when nobody can be asked.
 */
export function findInCache(model: HubModel, isEnough: boolean = isOfflineFor(model)): CachedModel | undefined {
  const snapshot = cachedSnapshot(cacheFolderOf(model.hub), model.repo, model.revision)
  if (snapshot === undefined) return undefined
  const isKnown = (file: string): boolean => {
    const presence = presenceOf(snapshot, file)
    if (presence === 'unknown' && !isEnough) throw new Unsure()
    return presence === 'here'
  }
  const place = { name: model.repo, has: isKnown, graphs: () => graphsIn(snapshot.path) }
  try {
    if (!requiredFiles.every(isKnown)) return undefined
    optionalFiles.forEach(isKnown)
    const graph = chooseGraph(place, model.graph)
    const beside = externalFiles(join(snapshot.path, graph)).map((name) => besideGraph(graph, name))
    return beside.every((file) => presenceOf(snapshot, file) === 'here') ? { ...snapshot, graph } : undefined
  } catch {
    // Unsure, or no graph of the format in the cache: the hub has to say.
    return undefined
  }
}

/** The path in the repository of a file that a graph names beside itself. */
export function besideGraph(graph: string, name: string): string {
  const folder = graph.split('/').slice(0, -1)
  return [...folder, ...name.split('/').filter((part) => part !== '.')].join('/')
}

/** The cache folder of a model, from its options or from the environment. */
export function cacheFolderOf(hub: HubOptions): string {
  return hub.cacheFolder === undefined ? hubCacheFolder() : resolve(hub.cacheFolder)
}

function isOfflineFor({ hub }: HubModel): boolean {
  return hub.offline ?? isOffline()
}
