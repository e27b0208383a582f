import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mustRun, pnpm, root } from './commands.ts'

/** A file, or files by condition. */
export type Exports = string | { readonly [condition: string]: Exports }

export interface Manifest {
  readonly name: string
  readonly version: string
  readonly exports: Readonly<Record<string, Exports>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A package as it would be published. */
export interface PackedPackage {
  readonly manifest: Manifest
  /** Path of the .tgz. */
  readonly tarball: string
  /** Where the tarball was unpacked. */
  readonly folder: string
  /** Paths in the tarball, sorted, with `/`. */
  readonly files: readonly string[]
}

/** Packs and unpacks every package of the workspace, built beforehand, into a new temporary folder. */
export function packAll(): { readonly folder: string; readonly packages: readonly PackedPackage[]; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-packed-'))
  mustRun([...pnpm(), '--recursive', '--filter', './packages/*', 'pack', '--pack-destination', folder], root)
  const packages = readdirSync(folder).map((name) => unpack(join(folder, name)))
  return { folder, packages, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

function unpack(tarball: string): PackedPackage {
  const into = tarball.replace(/\.tgz$/, '')
  mkdirSync(into)
  mustRun(['tar', '-xzf', tarball, '-C', into], into)
  const folder = join(into, 'package')
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const files = entries.map((entry) =>
    join(entry.parentPath, entry.name)
      .slice(folder.length + 1)
      .replaceAll('\\', '/'),
  )
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
  return { manifest, tarball, folder, files: files.sort() }
}
