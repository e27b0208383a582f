import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import {
  chooseGraph,
  externalFiles,
  type GraphSpec,
  leanBasisOf,
  moduleFiles,
  optionalFiles,
  requiredFiles,
} from './layout.js'
import { hubCacheFolder, type HubOptions, isCommit, isOffline, repoFolder } from './settings.js'

/** One commit of a model in the cache; which of its files are there is another matter. */
export interface Snapshot {
  readonly commit: string
  /** The folder `snapshots/COMMIT`. */
  readonly path: string
}

/** What the cache knows of a file of a commit: `'absent'` is what the hub has said, not what merely is not there. */
type Presence = 'here' | 'absent' | 'unknown'

/** Finds what the cache holds of a revision, without asking the hub. Synchronous: small looks at the disk. */
export function cachedSnapshot(cacheFolder: string, repo: string, revision: string): Snapshot | undefined {
  const folder = repoFolder(cacheFolder, repo)
  const commit = isCommit(revision) ? revision : readRef(join(folder, 'refs', revision))
  if (commit === undefined) return undefined
  const path = join(folder, 'snapshots', commit)
  return existsSync(path) ? { commit, path } : undefined
}

/** What is known of a file, from the snapshot and from the markers in `.no_exist` that Python leaves too. */
function presenceOf(snapshot: Snapshot, file: string): Presence {
  if (isFile(join(snapshot.path, file))) return 'here'
  return existsSync(join(markerFolder(snapshot), file)) ? 'absent' : 'unknown'
}

/** Where it is noted which files a commit does not have. */
export function markerFolder({ path, commit }: Snapshot): string {
  return join(path, '..', '..', '.no_exist', commit)
}

/** The paths of all files of a snapshot that end with `.onnx`. */
export function graphsIn(folder: string): string[] {
  const list = (path: string): string[] => (existsSync(path) ? readdirSync(path) : [])
  const inside = list(join(folder, 'onnx')).map((name) => `onnx/${name}`)
  return [...list(folder), ...inside].filter((name) => name.endsWith('.onnx'))
}

/** The parsed config.json of a folder; nothing where there is none that can be read. */
export function configIn(folder: string): unknown {
  try {
    return JSON.parse(readFileSync(join(folder, 'config.json'), 'utf8'))
  } catch {
    // Said where the file is read for more than the choice of a graph.
    return undefined
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function readRef(file: string): string | undefined {
  try {
    const commit = readFileSync(file, 'utf8').trim()
    return isCommit(commit) ? commit : undefined
  } catch {
    return undefined
  }
}

/** A model on the hub: which one, which version, which of its graphs. */
export interface HubModel {
  readonly repo: string
  readonly revision: string
  readonly graph: GraphSpec
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
 * to be asked whether there is a better graph. With `isEnough`, for when the hub cannot be asked, what is there is used.
 */
export function findInCache(model: HubModel, isEnough: boolean = isOfflineFor(model)): CachedModel | undefined {
  const snapshot = cachedSnapshot(cacheFolderOf(model.hub), model.repo, model.revision)
  if (snapshot === undefined) return undefined
  const isKnown = (file: string): boolean => {
    const presence = presenceOf(snapshot, file)
    if (presence === 'unknown' && !isEnough) throw new Unsure()
    return presence === 'here'
  }
  const place = {
    name: model.repo,
    has: isKnown,
    graphs: () => graphsIn(snapshot.path),
    leanBasis: () => leanBasisOf(configIn(snapshot.path)),
  }
  try {
    if (!requiredFiles.every(isKnown)) return undefined
    optionalFiles.forEach(isKnown)
    moduleFiles(snapshot.path).forEach(isKnown)
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
