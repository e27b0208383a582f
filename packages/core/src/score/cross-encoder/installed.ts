import { existsSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { isError } from '../../base/errors.js'

/*
 * What is installed beside this library and is no JavaScript that a bundler could take in: the runtime's native code, the
 * models, the file of the worker. Whoever needs one asks for it with a `require` made by `module.createRequire`, in a call
 * with the name in it: written so, letter by letter, file tracers (of Next.js, of Vercel) follow it, and bundlers leave it
 * alone, so that native code stays where it is. Once a bundler has put this library somewhere else, what lay beside it is not found from there: then
 * it is looked for from where the program was started, which is what this file is for.
 */

/** Under which code each module system says that there is no such package. */
const ABSENT: readonly unknown[] = ['MODULE_NOT_FOUND', 'ERR_MODULE_NOT_FOUND']

/**
 * Loads an installed package that was not found from here.
 *
 * @param error what asking for it from here threw
 * @throws what loading it threw; `error` when it is nowhere.
 */
export function requireElsewhere(name: string, error: unknown): unknown {
  // What is there and cannot be loaded is not somewhere else either.
  if (findPackage() !== undefined && !isAbsent(error)) throw error
  const require = elsewhere().find((one) => attempt(() => one.resolve(name)) !== undefined)
  if (require === undefined) throw error
  return require(name) as unknown
}

/** Whether an error says that a package or file is not there. */
export function isAbsent(error: unknown): boolean {
  return ABSENT.includes((error as { code?: unknown } | undefined)?.code)
}

/**
 * The folder of an installed package by its manifest, looked for from here and then from where the program was started.
 * Looks into folders rather than resolving, because a package may keep its manifest to itself.
 */
export function installedFolder(name: string): string | undefined {
  const places = [attempt(() => realRequire(import.meta.url)), ...elsewhere()]
  const folders = places.flatMap((require) => require?.resolve.paths(name) ?? []).map((folder) => join(folder, name))
  const resolved = (require: NodeJS.Require | undefined): string | undefined =>
    attempt(() => dirname(require?.resolve(`${name}/package.json`) as string))
  return folders.find(isFolder) ?? places.map(resolved).find(isFolder)
}

function isFolder(folder: unknown): folder is string {
  return typeof folder === 'string' && existsSync(join(folder, 'package.json'))
}

/** The file of the worker in this package, where a bundler has taken the code along and left that file behind. */
export function workerFile(): string | undefined {
  const folder = findPackage() ?? installedFolder(OWN_NAME)
  const files = ['dist/node/worker.js', 'dist/score/cross-encoder/session/worker.js']
  return folder === undefined ? undefined : files.map((file) => join(folder, file)).find((file) => existsSync(file))
}

const OWN_NAME = '@secondpass/core'

/** The folder of this package: the first one above this file with its manifest. Nothing once a bundler has moved this file. */
export function findPackage(): string | undefined {
  let folder = attempt(() => dirname(fileURLToPath(import.meta.url)))
  while (folder !== undefined) {
    const manifest = join(folder, 'package.json')
    if (existsSync(manifest)) return nameIn(manifest) === OWN_NAME ? folder : undefined
    folder = folder === dirname(folder) ? undefined : dirname(folder)
  }
  return undefined
}

function nameIn(manifest: string): unknown {
  return attempt(() => (JSON.parse(readFileSync(manifest, 'utf8')) as { name?: unknown }).name)
}

/** What to do about a bundler that has taken this package in, for the end of an error; nothing where none has. */
export function keepOutOfBundle(): string | undefined {
  if (findPackage() !== undefined) return undefined
  if (process.env['NEXT_RUNTIME'] !== undefined) {
    return "Next.js has bundled @secondpass/core without its native code and model; set serverExternalPackages: ['@secondpass/core'] in next.config and build again"
  }
  return 'a bundler has taken in @secondpass/core, but not its native code and model; install @secondpass/core beside the bundle as well (npm install --omit=dev where it runs; docs/deploying.md)'
}

/**
 * The library that the addon of onnxruntime-node loads by itself, under its name on Linux. Turbopack, which does not look
 * into native code, takes it along because it is named here as a URL; nothing reads it by that.
 */
const sharedLibrary = (): URL =>
  new URL(
    /* webpackIgnore: true */ `onnxruntime-node/bin/napi-v6/linux/${process.arch}/libonnxruntime.so.1`,
    import.meta.url,
  )

/** Whether an error says that the addon is there, and the library that it loads is not. */
export function isWithoutLibrary(error: unknown): boolean {
  const name = attempt(() => basename(sharedLibrary().pathname)) ?? 'libonnxruntime'
  return isError(error) && error.message.includes(`${name}: cannot open shared object file`)
}

/** `createRequire` that no bundler has replaced by one of its own. */
function realRequire(from: string): NodeJS.Require {
  return process.getBuiltinModule('node:module').createRequire(from)
}

/** From the file that was started, and from the working directory. */
function elsewhere(): NodeJS.Require[] {
  const starts = [process.argv[1], join(process.cwd(), 'noop.js')]
  return starts.flatMap((start) => attempt(() => realRequire(start as string)) ?? [])
}

function attempt<T>(get: () => T): T | undefined {
  try {
    return get()
  } catch {
    return undefined
  }
}
