import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const require = createRequire(import.meta.url)

interface Manifest {
  readonly version: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The manifest of this package, by its name: where this file lies depends on how the package was built. */
export function ownManifest(): Manifest {
  return require('@secondpass/core/package.json') as Manifest
}

/** Which version of a package this one would load; `null` when there is none. Loads nothing of it. */
export function installedVersion(name: string): string | null {
  const folders = require.resolve.paths(name) ?? []
  const file = folders.map((folder) => join(folder, name, 'package.json')).find((path) => existsSync(path))
  return file === undefined ? null : (JSON.parse(readFileSync(file, 'utf8')) as Manifest).version
}

/** Every optional package, with its version or `null`. */
export function peerVersions(): Record<string, string | null> {
  const names = Object.keys(ownManifest().peerDependencies ?? {})
  return Object.fromEntries(names.map((name) => [name, installedVersion(name)]))
}
