import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { CliError, oneLine, usageError } from '../errors.js'

/**
 * Loads a module by its path, or a package by its name as seen from the working directory, and hands back its default
 * export; a function is called first.
 *
 * @throws CliError when the module is not there, does not load, or its function fails.
 */
export async function loadModule(specifier: string): Promise<unknown> {
  const url = locate(specifier)
  const module = await import(url).catch((error: unknown) => {
    throw new CliError(`--scorer is "${specifier}": it does not load: ${oneLine(error)}`, { cause: error })
  })
  const { default: exported } = module as { readonly default?: unknown }
  if (typeof exported !== 'function') return exported
  try {
    return await (exported as () => unknown)()
  } catch (error) {
    throw new CliError(`--scorer is "${specifier}": its function failed: ${oneLine(error)}`, { cause: error })
  }
}

function locate(specifier: string): string {
  const path = resolve(specifier)
  if (existsSync(path)) return pathToFileURL(path).href
  const looksLikePath = /^[./\\]|\.[cm]?[jt]s$/.test(specifier)
  if (looksLikePath) throw usageError('--scorer', specifier, 'there is no such file')
  try {
    return pathToFileURL(createRequire(join(process.cwd(), 'noop.js')).resolve(specifier)).href
  } catch {
    throw usageError('--scorer', specifier, 'there is no such file, and no package of that name is installed here')
  }
}
