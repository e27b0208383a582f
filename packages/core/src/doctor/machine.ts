import { existsSync, lstatSync, readdirSync, readFileSync } from 'node:fs'
import { cpus, freemem, release } from 'node:os'
import { join } from 'node:path'
import { findPackage, installedFolder } from '../score/cross-encoder/installed.js'
import { usableCores, usableMemory } from '../score/cross-encoder/session/container.js'
import { yarnPackages } from '../score/cross-encoder/session/copies.js'
import { hostFacts } from '../score/cross-encoder/session/providers.js'
import { instructionSets, processorName } from '../score/cross-encoder/tuning/machine.js'
import { tokenSource } from '../score/hub/settings.js'

/** The machine and Node.js. */
export interface MachineReport {
  readonly node: string
  readonly platform: string
  readonly arch: string
  readonly osRelease: string
  /** On Linux `'glibc 2.36'` or `'musl'`. */
  readonly libc?: string | undefined
  readonly cpuModel: string
  /** Instructions that matter for speed, where the system tells them: `avx2`, `avx512_vnni`, `amx_int8`, `asimddp`. */
  readonly instructionSets?: readonly string[] | undefined
  readonly cores: number
  /** Whole cores this process may keep busy, by its container's quota as well. */
  readonly usableCores: number
  /** Of the container, where it has a limit. */
  readonly memoryBytes: number
  readonly freeMemoryBytes: number
}

/** One model in the cache of the hub. */
export interface CachedModelReport {
  readonly model: string
  readonly commits: readonly string[]
  readonly bytes: number
  /** Part of `bytes`: downloads that were begun and not finished. */
  readonly unfinishedBytes: number
}

/** The cache that is shared with Python. */
export interface CacheReport {
  readonly folder: string
  readonly models: readonly CachedModelReport[]
  readonly bytes: number
}

export function machineReport(): MachineReport {
  const { platform, arch, libc, node } = hostFacts()
  return {
    node,
    platform,
    arch,
    osRelease: release(),
    libc,
    cpuModel: processorName(),
    instructionSets: instructionSets(),
    cores: cpus().length,
    usableCores: usableCores(),
    memoryBytes: usableMemory(),
    freeMemoryBytes: freemem(),
  }
}

interface Manifest {
  readonly version: string
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** The manifest of this package, wherever a bundler has put this file. */
export function ownManifest(): Manifest {
  const folder = findPackage() ?? installedFolder('@secondpass/core')
  return folder === undefined ? { version: 'unknown' } : read(join(folder, 'package.json'))
}

/** Which version of a package this one would load; `null` when there is none. Loads nothing of it. */
export function installedVersion(name: string): string | null {
  const folder = installedFolder(name) ?? folderOfYarn(name)
  return folder === undefined ? null : read(join(folder, 'package.json')).version
}

/** Of a package that keeps its manifest to itself: without node_modules nobody but yarn knows where it is. */
function folderOfYarn(name: string): string | undefined {
  try {
    return yarnPackages()?.resolveToUnqualified(name, `${import.meta.dirname}/`) ?? undefined
  } catch {
    return undefined
  }
}

/** Every optional package, with its version or `null`. */
export function peerVersions(): Record<string, string | null> {
  const names = Object.keys(ownManifest().peerDependencies ?? {})
  return Object.fromEntries(names.map((name) => [name, installedVersion(name)]))
}

function read(file: string): Manifest {
  return JSON.parse(readFileSync(file, 'utf8')) as Manifest
}

/** Shown as they are. */
const PLAIN =
  /^(HF_HOME|HF_HUB_\w+|HUGGINGFACE_HUB_CACHE|XDG_CACHE_HOME|TRANSFORMERS_OFFLINE|ORT_\w+|ONNXRUNTIME_\w+|OMP_NUM_THREADS|UV_THREADPOOL_SIZE|NODE_USE_ENV_PROXY|CI)$/
/** Addresses, which may hold a name and a password. */
const ADDRESS = /^(HF_ENDPOINT|(https?|all)_proxy)$/i

/** The variables that change what this library does, in the order of the alphabet. */
export function environmentReport(
  env: Readonly<Record<string, string | undefined>> = process.env,
): Record<string, string> {
  const found: Record<string, string> = {}
  for (const name of Object.keys(env).toSorted()) {
    const value = env[name]
    if (value === undefined || value === '') continue
    if (/^no_proxy$/i.test(name) || (PLAIN.test(name) && !/TOKEN|SECRET|KEY/.test(name))) found[name] = value
    if (ADDRESS.test(name)) found[name] = withoutUser(value)
    // Flags may carry anything, a certificate's password included; their names are what a report needs.
    if (name === 'NODE_OPTIONS') found[name] = value.replaceAll(/=\S+/g, '=…')
  }
  const token = tokenSource(env)
  return token === undefined ? found : { ...found, 'token for the hub': `set (${token})` }
}

function withoutUser(address: string): string {
  if (!URL.canParse(address)) return 'set, but not a URL'
  const { protocol, host } = new URL(address)
  return `${protocol}//${host}`
}

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
