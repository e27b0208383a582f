import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, it } from 'vitest'
import { root } from './commands.ts'

/** What a project may ship with ours: licences that ask for a notice and no more. */
const allowed = [
  '0BSD',
  'Apache-2.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '(AFL-2.1 OR BSD-3-Clause)',
  '(Apache-2.0 AND BSD-3-Clause)',
  '(MIT OR CC0-1.0)',
  'ISC',
  'MIT',
  'Unlicense',
]

interface Manifest {
  readonly name: string
  readonly version: string
  readonly license?: unknown
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const manifestIn = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest

/** The folder of a package as another one would find it: in the nearest node_modules above. */
function folderOf(name: string, from: string): string | undefined {
  for (let folder = from; folder !== dirname(folder); folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (existsSync(join(place, 'package.json'))) return realpathSync(place)
  }
  return undefined
}

/** Every package that an install of one brings, by `name@version`, with its licence. */
function treeOf(folder: string, found: Map<string, unknown> = new Map()): Map<string, unknown> {
  const { name, version, license, dependencies, optionalDependencies } = manifestIn(folder)
  if (found.has(`${name}@${version}`)) return found
  found.set(`${name}@${version}`, license)
  for (const needed of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const place = folderOf(needed, folder)
    if (place !== undefined) treeOf(place, found)
    else if (optionalDependencies?.[needed] === undefined) throw new Error(`${name} needs ${needed}: install first`)
  }
  return found
}

const packages = readdirSync(join(root, 'packages'), { withFileTypes: true }).filter((entry) => entry.isDirectory())

it.each(packages.map(({ name }) => name))('what packages/%s brings along is licensed as is listed', (name) => {
  const tree = treeOf(join(root, 'packages', name))
  expect(tree.size).toBeGreaterThan(0)
  expect([...tree].filter(([, license]) => !allowed.includes(license as string))).toEqual([])
})
