import { existsSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

const require = createRequire(import.meta.url)

interface Manifest {
  readonly version: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The manifest of this package: the first one above this file, which lies elsewhere once the package was built. */
export function ownManifest(): Manifest {
  let folder = import.meta.dirname
  while (!existsSync(join(folder, 'package.json')) && folder !== dirname(folder)) folder = dirname(folder)
  return read(join(folder, 'package.json'))
}

/** Which version of a package this one would load; `null` when there is none. Loads nothing of it. */
export function installedVersion(name: string): string | null {
  const folders = require.resolve.paths(name) ?? []
  const file = folders.map((folder) => join(folder, name, 'package.json')).find((path) => existsSync(path))
  return file === undefined ? null : read(file).version
}

/** Every optional package, with its version or `null`. */
export function peerVersions(): Record<string, string | null> {
  const names = Object.keys(ownManifest().peerDependencies ?? {})
  return Object.fromEntries(names.map((name) => [name, installedVersion(name)]))
}

function read(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}
