import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
// Whole, and not the one function by name, which bundlers replace by their own.
import module from 'node:module'
import { dirname, join } from 'node:path'
import { runInThisContext } from 'node:vm'
import { isError } from '../../../base/errors.js'
import { processReport } from './providers.js'
import { sumsExactly } from './sums.js'

/*
 * The copies of onnxruntime-node. A process holds one version of its native library; the second that is loaded finds the
 * symbols of the first and fails, with a sentence of the system's loader that names no package.
 */

export type Runtime = typeof import('onnxruntime-node')

/** A copy on disk. */
export interface RuntimeCopy {
  readonly version: string
  readonly folder: string
}

/** A copy, with where it stands in this process. */
export interface FoundCopy extends RuntimeCopy {
  readonly isLoaded: boolean
}

/** Whether a version is one of those that the tests run: 1.21, the oldest, up to the newest of 1.x. */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major === 1 && minor >= OLDEST_MINOR
}

const OLDEST_MINOR = 21
const OLDEST = '1.21.0'

/** The copy that this package depends on. */
export function ownCopy(): RuntimeCopy | undefined {
  return copySeenFrom(import.meta.url)
}

/** Packages that ask for one version of the runtime, load it in the same process, and are often beside this one. */
const NEIGHBOURS = ['@huggingface/transformers', 'fastembed']

/** The copy of a neighbour that pins another version, when this package can work with it. */
export function neighbourCopy(): RuntimeCopy | undefined {
  const own = ownCopy()
  const copies = NEIGHBOURS.map((name) => copyOfNeighbour(name))
  return copies.find((copy) => copy !== undefined && copy.version !== own?.version && isSupported(copy.version))
}

/** Looked for beside this package, and in the project that runs. */
function copyOfNeighbour(name: string): RuntimeCopy | undefined {
  const places = [import.meta.url, join(process.cwd(), 'package.json')]
  const main = places.map((place) => resolveFrom(place, name)).find((found) => found !== undefined)
  return main === undefined ? undefined : copySeenFrom(main)
}

function copySeenFrom(place: string): RuntimeCopy | undefined {
  const manifest = resolveFrom(place, 'onnxruntime-node/package.json')
  return manifest === undefined ? undefined : copyIn(dirname(manifest))[0]
}

/** Where a package is for whoever asks from a place; nothing when it is not there. */
export function resolveFrom(place: string, name: string): string | undefined {
  try {
    const found: unknown = module.createRequire(place).resolve(name)
    // Bundlers put numbers in the place of paths.
    return typeof found === 'string' ? found : undefined
  } catch {
    return undefined
  }
}

/** Loads a package that is CommonJS: the one in a folder, or the one of a name that is seen from a place. */
export function requireFrom(place: string, name?: string): Runtime {
  return processRequire(name === undefined ? join(place, 'package.json') : place)(name ?? place) as Runtime
}

/** `require` of the process itself. Jest and vitest put one of their own in its place, which loads into their realm. */
function processRequire(place: string): NodeJS.Require {
  const { process: outside } = realmOfProcess()
  return outside.getBuiltinModule('node:module').createRequire(place)
}

/** The globals of the process, or of a thread: other than those of this module where a test runner has made a realm. */
export function realmOfProcess(): typeof globalThis {
  return runInThisContext('globalThis') as typeof globalThis
}

/** Why a copy cannot be loaded into this process, if that is because of one that is loaded already. */
export function explainLoaded(tried: RuntimeCopy, loaded: readonly RuntimeCopy[]): string | undefined {
  const other = loaded.find(({ version }) => version !== tried.version)
  if (other === undefined) return undefined
  const fix = overrideFix(isSupported(other.version) ? other.version : tried.version)
  return `onnxruntime-node ${shown(tried)} cannot be loaded into a process that holds ${shown(other)}: ${fix}.`
}

/**
 * Why another package could not load its own copy, if it was because of a copy that is loaded already; nothing otherwise.
 *
 * @param packageName the other package, such as `@huggingface/transformers`
 */
export function explainClash(packageName: string, cause: unknown): string | undefined {
  const [loaded] = loadedCopies()
  if (loaded === undefined || !isClash(cause)) return undefined
  const fix = overrideFix(isSupported(loaded.version) ? loaded.version : OLDEST)
  return `${packageName} asks for another version of onnxruntime-node than ${shown(loaded)}, which this process has loaded: ${fix}.`
}

/** The loader of Linux, of macOS and of Windows, and the runtime itself. */
const CLASH =
  /version `VERS_[\d.]+' not found|Symbol not found: _OrtGetApiBase|specified procedure could not be found|requested API version/

function isClash(cause: unknown): boolean {
  for (let error: unknown = cause, depth = 0; isError(error) && depth < 5; error = error.cause, depth++) {
    if (CLASH.test(error.message)) return true
  }
  return false
}

/**
 * Whether the runtime that another package has loaded adds up products of bytes exactly; `false` also where that cannot be
 * found out.
 */
export async function sumsExactlyIn(packageName: string): Promise<boolean> {
  try {
    const seen = copyOfNeighbour(packageName)
    const isLoaded = loadedCopies().some(({ folder }) => folder === seen?.folder)
    return seen !== undefined && isLoaded && (await sumsExactly(requireFrom(seen.folder)))
  } catch {
    return false
  }
}

function shown({ version, folder }: RuntimeCopy): string {
  return `${version} (${folder})`
}

/** The same version for the whole tree, in the words of each package manager. */
export function overrideFix(version: string): string {
  const pair = `{ "onnxruntime-node": "${version}" }`
  return (
    `one process can hold one version, so make it the same for all: "overrides": ${pair} in package.json for npm, ` +
    `"resolutions": ${pair} there for yarn, overrides: ${pair} in pnpm-workspace.yaml for pnpm; then install again`
  )
}

/** The copies whose native library this process has loaded, in whichever thread. */
export function loadedCopies(): RuntimeCopy[] {
  const folders = new Set<string>()
  for (const file of loadedFiles()) {
    const folder = /^(.*[\\/]onnxruntime-node)[\\/]bin[\\/].*onnxruntime_binding\.node$/.exec(file)?.[1]
    if (folder !== undefined) folders.add(folder)
  }
  return [...folders].flatMap(copyIn)
}

/** Of this thread by the modules that were required, of the others by what the system says is in memory. */
function loadedFiles(): string[] {
  const { cache } = processRequire(join(process.cwd(), 'noop.js'))
  try {
    const { sharedObjects = [] } = processReport()
    return [...Object.keys(cache), ...sharedObjects]
  } catch {
    return Object.keys(cache)
  }
}

function copyIn(folder: string): RuntimeCopy[] {
  try {
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return [{ version, folder }]
  } catch {
    return []
  }
}

/** Every copy that is installed beside this package or the project that runs; slow, for reports. */
export function installedCopies(): FoundCopy[] {
  const loaded = new Set(loadedCopies().map(({ folder }) => folder))
  const roots = new Set([...ownFolder(), process.cwd()].flatMap(treesAbove))
  const folders = new Set([...roots].flatMap((root) => copiesBelow(root, 8)).map((folder) => realpathSync(folder)))
  const all = new Set([...folders, ...foldersOfYarn(), ...loaded])
  return [...all].flatMap(copyIn).map((copy) => ({ ...copy, isLoaded: loaded.has(copy.folder) }))
}

/** Where this file is; a bundler may have left it without a place. */
function ownFolder(): string[] {
  const folder = import.meta.dirname as string | undefined
  return folder === undefined ? [] : [folder]
}

/** The folders `node_modules` that a file sees. */
function treesAbove(folder: string): string[] {
  const tree = join(folder, 'node_modules')
  const here = existsSync(tree) ? [tree] : []
  return dirname(folder) === folder ? here : [...here, ...treesAbove(dirname(folder))]
}

/** The copies in a tree and in the trees of its packages, and in the store of pnpm. */
function copiesBelow(tree: string, depth: number): string[] {
  if (depth === 0 || !existsSync(tree)) return []
  const entries = readdirSync(tree, { withFileTypes: true })
  return entries.flatMap((entry) => {
    const path = join(tree, entry.name)
    if (entry.name === 'onnxruntime-node') return [path]
    // Links lead to what is found where it lies.
    if (!entry.isDirectory()) return []
    if (entry.name === '.pnpm') return copiesInStore(path)
    return entry.name.startsWith('@') ? copiesBelow(path, depth) : copiesBelow(join(path, 'node_modules'), depth - 1)
  })
}

function copiesInStore(store: string): string[] {
  const names = readdirSync(store).filter((name) => name.startsWith('onnxruntime-node@'))
  return names
    .map((name) => join(store, name, 'node_modules', 'onnxruntime-node'))
    .filter((folder) => existsSync(folder))
}

interface PnpApi {
  getAllLocators(): readonly { readonly name: string }[]
  getPackageInformation(locator: object): { readonly packageLocation: string }
  resolveToUnqualified(request: string, issuer: string): string | null
}

/** Without node_modules yarn knows where packages are, and nobody else does. */
export function yarnPackages(): PnpApi | undefined {
  return 'pnp' in process.versions ? (module.createRequire(import.meta.url)('pnpapi') as PnpApi) : undefined
}

function foldersOfYarn(): string[] {
  const api = yarnPackages()
  if (api === undefined) return []
  const locators = api.getAllLocators().filter(({ name }) => name === 'onnxruntime-node')
  return locators.map((locator) => api.getPackageInformation(locator).packageLocation.replace(/[\\/]$/, ''))
}
