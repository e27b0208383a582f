import { existsSync, lstatSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from '../errors.js'

/** The binaries of one kind of machine in a copy of onnxruntime-node. */
export interface Binaries {
  /** `linux-x64` and so on, as Node.js calls them. */
  readonly machine: string
  readonly folder: string
  readonly bytes: number
}

/** What is to be removed from a copy of onnxruntime-node, and what stays. */
export interface PrunePlan {
  /** Of the copy. */
  readonly folder: string
  readonly version: string
  readonly kept: readonly Binaries[]
  readonly removed: readonly Binaries[]
}

/** The machine that this runs on. */
export const here: string = `${process.platform}-${process.arch}`

/**
 * Looks at a copy of onnxruntime-node: the binaries of `keep` and of this machine stay, those of all others go.
 *
 * @throws CliError for a folder that is something else, or that has no binaries for this machine: nothing would be left.
 */
export function planPruning(folder: string, keep: readonly string[] = []): PrunePlan {
  const { name, version } = manifestIn(folder)
  if (name !== 'onnxruntime-node') {
    throw new CliError(
      `${folder} is not onnxruntime-node${name === undefined ? '' : `, but ${name}`}: nothing was removed`,
    )
  }
  const found = foldersIn(join(folder, 'bin'))
    .filter(({ name: abi }) => /^napi-v\d+$/.test(abi))
    .flatMap(({ path }) => foldersIn(path))
    .flatMap((platform) =>
      foldersIn(platform.path).map((arch): Binaries => {
        return { machine: `${platform.name}-${arch.name}`, folder: arch.path, bytes: bytesIn(arch.path) }
      }),
    )
  const staying = new Set([here, ...keep])
  const kept = found.filter(({ machine }) => staying.has(machine))
  if (!kept.some((one) => one.machine === here && existsSync(join(one.folder, 'onnxruntime_binding.node')))) {
    throw new CliError(`${folder} has no binaries for ${here}, this machine: nothing was removed`)
  }
  return { folder, version: version ?? 'unknown', kept, removed: found.filter(({ machine }) => !staying.has(machine)) }
}

/** Removes what a plan says, and the folders that are empty then. */
export function prune({ removed }: PrunePlan): void {
  for (const { folder } of removed) {
    rmSync(folder, { recursive: true })
    const above = join(folder, '..')
    if (readdirSync(above).length === 0) rmdirSync(above)
  }
}

function manifestIn(folder: string): { readonly name?: string; readonly version?: string } {
  try {
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
  } catch {
    return {}
  }
}

/** Links are left alone: what they lead to is not this package's. */
function foldersIn(folder: string): { readonly name: string; readonly path: string }[] {
  if (lstatSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return []
  const entries = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  return entries.map(({ name }) => ({ name, path: join(folder, name) }))
}

function bytesIn(folder: string): number {
  const sizes = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((path) => {
    const info = lstatSync(join(folder, path))
    return info.isFile() ? info.size : 0
  })
  return sizes.reduce((sum, size) => sum + size, 0)
}
