import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { repoFolder } from './cache-folder.js'
import { isCommit } from './hub-options.js'

/** One commit of a model in the cache; which of its files are there is another matter. */
export interface Snapshot {
  readonly commit: string
  /** The folder `snapshots/COMMIT`. */
  readonly path: string
}

/** What the cache knows of a file of a commit: `'absent'` is what the hub has said, not what merely is not there. */
export type Presence = 'here' | 'absent' | 'unknown'

/** Finds what the cache holds of a revision, without asking the hub. Synchronous: small looks at the disk. */
export function cachedSnapshot(cacheFolder: string, repo: string, revision: string): Snapshot | undefined {
  const folder = repoFolder(cacheFolder, repo)
  const commit = isCommit(revision) ? revision : readRef(join(folder, 'refs', ...revision.split('/')))
  if (commit === undefined) return undefined
  const path = join(folder, 'snapshots', commit)
  return existsSync(path) ? { commit, path } : undefined
}

/** What is known of a file, from the snapshot and from the markers in `.no_exist` that Python leaves too. */
export function presenceOf(snapshot: Snapshot, file: string): Presence {
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
