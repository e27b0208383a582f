import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, posix } from 'node:path'
import { readImports } from './read-imports.ts'

export const packagesFolder: string = join(import.meta.dirname, '../../packages')

/** Before the path under `src` of a module that needs Node.js: in browsers `unavailable.ts` stands in for it. */
export const FOR_NODE = '#node/'

export interface Source {
  /** Folder under `packages/`. */
  readonly name: string
  /** Path under the package's `src`. */
  readonly path: string
  readonly text: string
}

/** Every source of every package of the workspace. */
export function readSources(): Source[] {
  const names = readdirSync(packagesFolder).filter((name) => existsSync(join(packagesFolder, name, 'src')))
  return names.flatMap((name) => {
    const folder = join(packagesFolder, name, 'src')
    const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'))
    return paths.map((path) => ({
      name,
      path: path.replaceAll('\\', '/'),
      text: readFileSync(join(folder, path), 'utf8'),
    }))
  })
}

/** The path under `src` that a specifier means, as a source (`.ts`); nothing when it leaves `src`. */
export function targetOf(path: string, specifier: string): string | undefined {
  if (specifier.startsWith(FOR_NODE)) return `${specifier.slice(FOR_NODE.length)}.ts`
  if (!specifier.startsWith('.')) return undefined
  const target = posix.join(posix.dirname(path), specifier).replace(/\.js$/, '.ts')
  return target.startsWith('..') ? undefined : target
}

/** Which sources of one package each of them reaches, types included. */
export function graphOf(sources: readonly Source[]): Map<string, Set<string>> {
  return new Map(
    sources.map(({ path, text }) => {
      const targets = readImports(text).map(({ specifier }) => targetOf(path, specifier))
      return [path, new Set(targets.filter((target) => target !== undefined && target !== path))]
    }) as [string, Set<string>][],
  )
}

/** The same between folders: a file at the top counts as a folder of its own. */
export function graphOfFolders(graph: ReadonlyMap<string, ReadonlySet<string>>): Map<string, Set<string>> {
  const folderOf = (path: string): string => path.split('/')[0] as string
  const folders = new Map<string, Set<string>>()
  for (const [path, targets] of graph) {
    const reached = folders.get(folderOf(path)) ?? new Set()
    for (const target of targets) if (folderOf(target) !== folderOf(path)) reached.add(folderOf(target))
    folders.set(folderOf(path), reached)
  }
  return folders
}

/** A way round for every node from which one leads back to it: `a → b → a`, each once. */
export function cyclesOf(graph: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const visit = (node: string, path: readonly string[]): void => {
    const before = path.indexOf(node)
    if (before >= 0) cycles.push([...path.slice(before), node].join(' → '))
    if (before >= 0 || done.has(node)) return
    for (const next of graph.get(node) ?? []) visit(next, [...path, node])
    done.add(node)
  }
  for (const node of graph.keys()) visit(node, [])
  return cycles
}
