import { createHash } from 'node:crypto'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { mustRun, pnpm, throughNpm } from './commands.ts'
import type { PackedPackage } from './packed.ts'

export const managers = ['npm', 'pnpm', 'yarn'] as const
export type Manager = (typeof managers)[number]

/** A new folder with the packed packages installed into it, as a stranger's project would have them. */
export interface InstalledProject {
  readonly folder: string
  /** Writes a file into the project. */
  write(file: string, text: string): void
  remove(): void
}

/**
 * Installs with the given manager, from its cache where it can. The packages refer to each other by version, so each is
 * also given as an override: nothing of this repository is asked of a registry.
 *
 * Under npm and yarn the install script of onnxruntime-node runs as it does for everyone, told to skip the CUDA
 * libraries, which it would otherwise fetch from a host of its own; pnpm is told not to run it.
 */
export function install(manager: Manager, packages: readonly PackedPackage[]): InstalledProject {
  const folder = mkdtempSync(join(tmpdir(), `secondpass-${manager}-`))
  const ours = copyTarballs(folder, packages)
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  const manifest = {
    name: 'stranger',
    private: true,
    dependencies: { ...ours, '@langchain/core': '1.2.13' },
    ...(manager === 'yarn' && { resolutions: ours }),
  }
  write('package.json', JSON.stringify(manifest, undefined, 2))
  if (manager === 'pnpm') {
    write('pnpm-workspace.yaml', JSON.stringify({ overrides: ours, allowBuilds: { 'onnxruntime-node': false } }))
  }
  mustRun(installCommands[manager], folder, { ONNXRUNTIME_NODE_INSTALL: 'skip' })
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

/**
 * Installs packages by name and version with npm: ours, and all that they depend on among us, from the tarballs.
 *
 * @param flags more of npm's, such as `--ignore-scripts` where a package wants to compile what nobody here calls
 */
export function installWith(
  packages: readonly PackedPackage[],
  wanted: readonly string[],
  flags: readonly string[] = [],
): InstalledProject {
  const folder = mkdtempSync(join(tmpdir(), 'secondpass-with-'))
  const ours = copyTarballs(folder, packages)
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  const dependencies = Object.fromEntries(
    wanted.map((name) => {
      const [, bare = name, version = 'latest'] = /^(@?[^@]+)(?:@(.+))?$/.exec(name) ?? []
      return [bare, ours[bare] ?? version]
    }),
  )
  // A package of ours that is asked for directly may not be an override as well, unless both say the same.
  write(
    'package.json',
    JSON.stringify({ name: 'stranger', private: true, dependencies, overrides: ours }, undefined, 2),
  )
  mustRun([...installCommands.npm, ...flags], folder, { ONNXRUNTIME_NODE_INSTALL: 'skip' })
  return { folder, write, remove: () => rmSync(folder, { recursive: true, force: true }) }
}

const installCommands: Readonly<Record<Manager, readonly string[]>> = {
  npm: ['npm', 'install', '--prefer-offline', '--no-audit', '--no-fund'],
  pnpm: [...pnpm(), 'install', '--prefer-offline'],
  yarn: [...throughNpm('yarn@1.22.22'), 'install', '--prefer-offline', '--no-progress'],
}

/**
 * The tarballs beside the manifest, as `name → file:./packed/…`. Their names hold a digest: yarn keeps what it once read
 * from a relative path, and would bring back the tarball of an earlier run.
 */
export function copyTarballs(folder: string, packages: readonly PackedPackage[]): Record<string, string> {
  mkdirSync(join(folder, 'packed'))
  return Object.fromEntries(
    packages.map(({ manifest, tarball }) => {
      const digest = createHash('sha256').update(readFileSync(tarball)).digest('hex').slice(0, 12)
      const name = `${basename(tarball, '.tgz')}-${digest}.tgz`
      cpSync(tarball, join(folder, 'packed', name))
      return [manifest.name, `file:./packed/${name}`]
    }),
  )
}
