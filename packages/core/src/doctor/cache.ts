import { existsSync, lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { CacheReport, CachedModelReport } from './report.js'

/** What is in the cache of the hub, models only. */
export function cacheReport(folder: string): CacheReport {
  const names = existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith('models--')) : []
  const models = names.toSorted().map((name) => modelReport(folder, name))
  return { folder, models, bytes: models.reduce((sum, { bytes }) => sum + bytes, 0) }
}

function modelReport(folder: string, name: string): CachedModelReport {
  const files = filesIn(join(folder, name))
  const sum = (some: readonly { bytes: number }[]): number => some.reduce((total, { bytes }) => total + bytes, 0)
  const snapshots = join(folder, name, 'snapshots')
  return {
    model: name.slice('models--'.length).replaceAll('--', '/'),
    commits: existsSync(snapshots) ? readdirSync(snapshots) : [],
    bytes: sum(files),
    unfinishedBytes: sum(files.filter(({ path }) => path.endsWith('.incomplete'))),
  }
}

/** Links count nothing: what they lead to is counted where it lies. */
function filesIn(folder: string): { path: string; bytes: number }[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).flatMap((path) => {
    const info = lstatSync(join(folder, path), { throwIfNoEntry: false })
    return info?.isFile() === true ? [{ path, bytes: info.size }] : []
  })
}
